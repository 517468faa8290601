import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from leitmotif.cli import rendering
from leitmotif.cli.rendering import contributions_table, plain, ranking_table, signed_bar, weights_table
from leitmotif.types import Contribution, Profile, PrototypeWeight, ScoredTrack, Track


@pytest.fixture
def printed(monkeypatch):
    """Renders for a terminal of a given width, without colour."""

    def render(make, *, columns=100, encoding="utf-8"):
        raw = io.BytesIO()
        console = Console(file=io.TextIOWrapper(raw, encoding), width=columns, highlight=False)
        monkeypatch.setattr(rendering, "stdout", console)
        console.print(make())
        console.file.flush()
        return raw.getvalue().decode(encoding)

    return render


def weight(name, value, *, edit=0.0, muted=False, weak=False):
    return PrototypeWeight(name, name.upper(), value - edit, edit, muted, 0.0 if muted else value, weak)


WEIGHTS = (
    weight("piano", 2.0, edit=1.5),
    weight("drums", -1.0),
    weight("slow", 0.5, weak=True),
    weight("choir", 0.3, edit=0.3, muted=True),
    weight("none", 0.0),
)
PROFILE = Profile("ada", "m", WEIGHTS, 12, "e", None, True, False)


@pytest.mark.parametrize(
    ("value", "bar"),
    [
        (4.0, "    │████"),
        (2.0, "    │██  "),
        (0.001, "    │█   "),
        (0.0, "    │    "),
        (-1.0, "   █│    "),
        (-4.0, "████│    "),
        (99.0, "    │████"),
    ],
)
def test_a_bar_goes_to_the_side_of_its_sign(printed, value, bar):
    printed(lambda: "")
    assert signed_bar(value, 4.0, 4).plain == bar


def test_no_largest_value_no_bar(printed):
    printed(lambda: "")
    assert signed_bar(0.0, 0.0, 2).plain == "  │  "


def test_weights_with_bars_and_marks(printed):
    lines = printed(lambda: weights_table(PROFILE)).splitlines()
    piano, drums, slow, choir, none = [line for line in lines if "│" in line]
    assert piano.split() == ["PIANO", "│██████████", "+2.00", "+0.50", "+1.50"]
    assert drums.split() == ["DRUMS", "█████│", "-1.00", "-1.00"]
    assert slow.split()[-1] == "weak"
    assert choir.split()[-1] == "muted"
    assert none.split() == ["NONE", "│", "+0.00", "+0.00"]


def test_top_keeps_what_was_edited_or_muted(printed):
    text = printed(lambda: weights_table(PROFILE, top=2))
    assert "PIANO" in text
    assert "DRUMS" in text
    assert "CHOIR" in text
    assert "SLOW" not in text


def test_a_narrow_terminal_loses_columns_not_content(printed):
    text = printed(lambda: weights_table(PROFILE), columns=40)
    assert all(len(line) <= 40 for line in text.splitlines())
    assert all("│" in line for line in text.splitlines() if line.split() and line.split()[0] in ("PIANO", "DRUMS", "NONE"))
    assert text.count("█") == 4 + 2 + 1  # the bars are shorter, and whole
    assert "Prototype" in text
    assert "muted" in text
    assert "Heard" not in text


def test_an_ascii_terminal_gets_ascii(printed):
    raw = printed(lambda: weights_table(PROFILE), encoding="ascii")
    assert "|##########" in raw


def scored(rank, title, reason="", **changes):
    contributions = (Contribution("piano", "Piano", 0.5, 0.2, 0.9), Contribution("drums", "Drums", -0.1, 0.0, 0.4))
    return ScoredTrack(
        Track(f"t{rank}", title, changes.get("artist", "Artist"), 60.0, ()), rank, 0.7, 0.1, contributions, 0.2, reason
    )


def test_a_ranking_says_why(printed):
    text = printed(lambda: ranking_table([scored(1, "Song", "Because you like piano."), scored(2, "Other")]))
    assert "Song – Artist" in text
    assert "Because you like piano." in text
    assert "Piano +0.50, Drums -0.10" in text  # no sentence: the strongest contributions


@given(st.text(max_size=30))
def test_titles_cannot_write_on_the_terminal(title):
    shown = plain(title).plain
    assert shown.isprintable()
    assert len(shown) == len(title)


def test_titles_are_no_markup(printed):
    assert "[bold]x[/bold]" in printed(lambda: ranking_table([scored(1, "[bold]x[/bold]", "[red]")]))


@pytest.mark.parametrize(("top", "drums", "rest"), [(0, ["-0.100"], 0.2), (1, [], 0.1)])
def test_contributions_sum_to_the_score_whatever_is_shown(printed, top, drums, rest):
    text = printed(lambda: contributions_table(scored(1, "Song"), top))
    adds = [next(word for word in line.split() if word[0] in "+-") for line in text.splitlines() if "0." in line]
    assert adds == ["+0.500", *drums, f"{rest:+.3f}", "+0.100", "+0.700"]
    assert sum(map(float, adds[:-1])) == pytest.approx(float(adds[-1]))
