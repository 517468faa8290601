"""Writes composed music as a folder of audio files, as uneven as a real collection, with the tags beside them."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from leitmotif_services.workshop.composer import ComposedTrack, compose_track
from leitmotif_services.workshop.soundfile_music_files import write_audio_file
from leitmotif_services.workshop.track_naming import track_id_of, unique_ids

TAGS_FILE = "tags.csv"
"""Name of the file of tags beside the music: track_id,tag,weight."""

_FORMATS: tuple[tuple[str, int, int], ...] = (
    (".ogg", 44_100, 2),
    (".flac", 22_050, 1),
    (".mp3", 24_000, 1),
    (".wav", 32_000, 2),
    (".ogg", 22_050, 1),
    (".flac", 44_100, 2),
    (".wav", 22_050, 1),
    (".ogg", 32_000, 1),
    (".flac", 32_000, 2),
    (".wav", 48_000, 1),
)
"""Suffix, sample rate in Hz and channels, in turn."""

_LENGTHS = (1.0, 0.8, 1.15, 0.9, 1.0, 1.25, 0.7)
"""Shares of the wanted length, in turn."""


@dataclass(frozen=True)
class WrittenTrack:
    """A composed piece and its file."""

    path: Path
    track_id: str
    piece: ComposedTrack


def write_music(
    folder: Path,
    *,
    tracks: int,
    seed: int = 0,
    duration_s: float = 20.0,
    on_progress: Callable[[int], None] | None = None,
) -> list[WrittenTrack]:
    """Compose `tracks` pieces of about `duration_s` and write them below `folder`, named "Artist - Title", with TAGS_FILE.

    Formats, rates, channels and lengths differ from file to file; every other file carries title and artist as tags of
    its own. The pieces are those of `compose_track` for the seeds from 1000·seed on. `on_progress` gets the number
    written so far. Files of the same names are replaced.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written: list[WrittenTrack] = []
    names: set[str] = set()
    for index in range(tracks):
        piece = compose_track(1000 * seed + index, max(1.0, duration_s * _LENGTHS[index % len(_LENGTHS)]))
        name, copy = f"{piece.artist} - {piece.title}", 1
        while track_id_of(name).casefold() in names:
            copy += 1
            name = f"{piece.artist} - {piece.title} No. {copy}"
        names.add(track_id_of(name).casefold())
        written.append(_write(folder, name, index, piece))
        if on_progress is not None:
            on_progress(index + 1)
    # Ids as an ingestion of the folder gives them: in the order of the file names.
    by_name = sorted(range(tracks), key=lambda index: written[index].path.name)
    for index, track_id in zip(by_name, unique_ids([written[index].path.stem for index in by_name]), strict=True):
        written[index] = WrittenTrack(written[index].path, track_id, written[index].piece)
    with (folder / TAGS_FILE).open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["track_id", "tag", "weight"])
        rows.writerows([track.track_id, tag, weight] for track in written for tag, weight in track.piece.tag_weights.items())
    return written


def _write(folder: Path, name: str, index: int, piece: ComposedTrack) -> WrittenTrack:
    suffix, rate_hz, channels = _FORMATS[index % len(_FORMATS)]
    path = folder / f"{name}{suffix}"
    tagged = index % 2 == 0
    write_audio_file(
        path,
        np.ascontiguousarray(piece.waveform),
        piece.sample_rate_hz,
        file_rate_hz=rate_hz,
        channels=channels,
        title=piece.title if tagged else "",
        artist=piece.artist if tagged else "",
    )
    return WrittenTrack(path, track_id_of(name), piece)
