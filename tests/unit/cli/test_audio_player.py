import pytest

from leitmotif.cli.audio_player import PLAYERS, SUFFIXES, play, player_for


@pytest.mark.parametrize(
    ("installed", "suffix", "chosen"),
    [
        ({"ffplay", "aplay"}, ".ogg", "ffplay"),
        ({"aplay"}, ".wav", "aplay"),
        ({"aplay"}, ".ogg", None),
        ({"afplay", "play"}, ".ogg", "play"),
        (set(), ".wav", None),
        ({"ffplay"}, ".bin", None),
    ],
)
def test_the_first_player_that_can(installed, suffix, chosen):
    command = player_for(suffix, lambda name: name if name in installed else None)
    assert (command and command[0]) == chosen


def test_every_format_has_a_player():
    for suffix in SUFFIXES.values():
        assert any(suffix in formats for _, formats in PLAYERS)


def test_a_player_is_given_the_file_and_its_failure_is_noticed(tmp_path):
    file = tmp_path / "a.wav"
    file.touch()
    assert play(("test", "-f"), file)
    assert not play(("test", "-d"), file)
