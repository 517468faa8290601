"""Writes audio files through libsndfile, and reads the tags that a file carries."""

import errno
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

_SUBTYPES = {".wav": "PCM_16", ".flac": "PCM_16", ".ogg": "VORBIS", ".mp3": "MPEG_LAYER_III"}
_YEAR = re.compile(r"([12]\d{3})(?!\d)")
_BLOCK_FRAMES = 1 << 15
"""Written at a time: libsndfile's Vorbis encoder puts a whole write on the stack and overflows it on long ones."""


def write_audio_file(
    path: Path,
    waveform: NDArray[np.float32],
    sample_rate_hz: int,
    *,
    file_rate_hz: int,
    channels: int,
    title: str = "",
    artist: str = "",
) -> None:
    """Write mono samples (n,) in the format of the path's suffix (.wav, .flac, .ogg, .mp3), at `file_rate_hz`.

    With two channels, they differ by a delayed copy added to one and taken from the other, so that their mean is the
    mono signal again. A title or an artist that is not empty is written into the file. OSError when it cannot be written.
    """
    mono = waveform
    if file_rate_hz != sample_rate_hz:
        mono = soxr.resample(waveform, sample_rate_hz, file_rate_hz, quality="HQ")
    mono = np.clip(mono, -0.99, 0.99)
    frames = mono[:, None]
    if channels == 2:
        delay = int(0.011 * file_rate_hz)
        side = np.zeros_like(mono)
        side[delay:] = 0.2 * mono[:-delay]
        side = np.clip(side, -0.99 + np.abs(mono), 0.99 - np.abs(mono))
        frames = np.stack([mono + side, mono - side], axis=1)
    try:
        with soundfile.SoundFile(path, "w", samplerate=file_rate_hz, channels=channels, subtype=_SUBTYPES[path.suffix]) as file:
            if title:
                file.title = title
            if artist:
                file.artist = artist
            for start in range(0, len(frames), _BLOCK_FRAMES):
                file.write(frames[start : start + _BLOCK_FRAMES])
    except soundfile.LibsndfileError as error:
        raise OSError(errno.EIO, error.error_string, str(path)) from error


@dataclass(frozen=True)
class FileTags:
    """What a file says of itself; empty where it says nothing."""

    title: str = ""
    artist: str = ""
    year: int | None = None


def read_file_tags(path: Path) -> FileTags:
    """The file's own tags; none where it cannot be read. The year is what its date begins with."""
    try:
        # As bytes, since soundfile cannot pass on a name that is not text. Windows has no such names.
        with soundfile.SoundFile(path if sys.platform == "win32" else os.fsencode(path)) as file:
            tags = file.copy_metadata()
    except (soundfile.LibsndfileError, OSError, UnicodeError):
        return FileTags()
    year = _YEAR.match(tags.get("date", ""))
    return FileTags(tags.get("title", ""), tags.get("artist", ""), int(year[1]) if year else None)
