"""Written music is what a decoder of its own reads back, uneven as a real collection, with its tags beside it."""

import csv

import numpy as np
import pytest
import soundfile

from leitmotif_services.workshop.music_folder import find_music
from leitmotif_services.workshop.music_writing import write_music
from leitmotif_services.workshop.soundfile_music_files import FileTags, read_file_tags, write_audio_file


def test_files_differ_in_format_rate_channels_and_length(composed):
    formats, rates, channels, lengths = set(), set(), set(), set()
    for track in composed.written:
        info = soundfile.info(track.path)
        formats.add(info.format)
        rates.add(info.samplerate)
        channels.add(info.channels)
        lengths.add(round(info.duration))
        assert info.duration == pytest.approx(len(track.piece.waveform) / track.piece.sample_rate_hz, abs=0.15)
    assert formats == {"WAV", "FLAC", "OGG", "MP3"}
    assert len(rates) >= 4
    assert channels == {1, 2}
    assert len(lengths) >= 4


def test_ids_are_those_that_a_scan_of_the_folder_gives(composed):
    scanned = {file.path: file.track_id for file in find_music(composed.folder).files}
    assert scanned == {track.path: track.track_id for track in composed.written}


def test_tags_name_every_track_by_its_id(composed):
    with composed.tags_csv.open(encoding="utf-8", newline="") as file:
        rows = [(row["track_id"], row["tag"], float(row["weight"])) for row in csv.DictReader(file)]
    expected = [(track.track_id, tag, weight) for track in composed.written for tag, weight in track.piece.tag_weights.items()]
    assert rows == expected


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".mp3"])
@pytest.mark.parametrize("channels", [1, 2])
def test_the_channels_average_to_the_music(tmp_path, suffix, channels, composed):
    piece = composed.written[0].piece
    path = tmp_path / f"x{suffix}"
    write_audio_file(path, piece.waveform, 22_050, file_rate_hz=44_100, channels=channels, title="Ä title", artist="Ann")
    frames, rate = soundfile.read(path, always_2d=True)
    assert (rate, frames.shape[1]) == (44_100, channels)
    middle = frames.mean(axis=1)[::2][: len(piece.waveform)]
    original = piece.waveform[: len(middle)]
    size = 1 << 19
    likeness = np.fft.irfft(np.conj(np.fft.rfft(original, size)) * np.fft.rfft(middle, size))[:1300]
    likeness /= np.linalg.norm(original) * np.linalg.norm(middle)
    assert likeness.max() > 0.97  # at the delay of the encoder; 0 but for MP3
    if channels == 2:
        assert np.abs(frames[:, 0] - frames[:, 1]).mean() > 0.01
    if suffix != ".mp3":
        assert read_file_tags(path) == FileTags("Ä title", "Ann")


def test_progress_counts_and_the_seed_repeats(tmp_path):
    steps = []
    one = write_music(tmp_path / "one", tracks=3, seed=5, duration_s=2.0, on_progress=steps.append)
    two = write_music(tmp_path / "two", tracks=3, seed=5, duration_s=2.0)
    assert steps == [1, 2, 3]
    assert [track.path.name for track in one] == [track.path.name for track in two]
    assert all(np.array_equal(a.piece.waveform, b.piece.waveform) for a, b in zip(one, two, strict=True))


def test_a_file_that_is_no_audio_has_no_title(tmp_path):
    (tmp_path / "x.ogg").write_bytes(b"no audio")
    assert read_file_tags(tmp_path / "x.ogg") == FileTags()
    assert read_file_tags(tmp_path / "absent.ogg") == FileTags()
