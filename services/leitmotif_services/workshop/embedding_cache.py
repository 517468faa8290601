"""Keeps embeddings between runs, by what the file holds and which encoder read it."""

import contextlib
import os
import tempfile
from dataclasses import astuple, fields
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from leitmotif_services.audio.embedding import AudioDescriptors, EmbeddedTrack, Segment


class EmbeddingCache:
    """One file for each embedded audio file, named after the SHA-256 of its content, below a folder for each encoder.

    A file appears whole or not at all; one that cannot be read counts as absent and is written anew.
    """

    def __init__(self, folder: Path, encoder_sha256: str) -> None:
        self._folder = folder / encoder_sha256
        self._folder.mkdir(parents=True, exist_ok=True)

    def get(self, content_sha256: str) -> EmbeddedTrack | None:
        """The embedding of a file with that content."""
        try:
            # Opened here: NumPy leaves its own handle open when the archive inside is damaged.
            with self._path(content_sha256).open("rb") as file, np.load(file, allow_pickle=False) as stored:
                numbers = stored["numbers"].tolist()
                embedded = EmbeddedTrack(
                    embedding=stored["embedding"],
                    segment_embeddings=stored["segment_embeddings"],
                    segments=tuple(Segment(float(start), float(length)) for start, length in stored["segments"]),
                    duration_s=numbers[0],
                    source_sample_rate_hz=int(numbers[1]),
                    source_channels=int(numbers[2]),
                    descriptors=AudioDescriptors(*numbers[3:]),
                    decode_s=0.0,
                    compute_s=0.0,
                )
        except (OSError, ValueError, KeyError, IndexError, TypeError, EOFError, BadZipFile):
            return None
        return embedded if _is_whole(embedded) else None

    def put(self, content_sha256: str, track: EmbeddedTrack) -> None:
        """Keep an embedding."""
        numbers = [track.duration_s, track.source_sample_rate_hz, track.source_channels, *astuple(track.descriptors)]
        descriptor, temporary = tempfile.mkstemp(dir=self._folder, prefix=".writing-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                np.savez(
                    file,
                    embedding=track.embedding,
                    segment_embeddings=track.segment_embeddings,
                    segments=np.array([(segment.start_s, segment.duration_s) for segment in track.segments]),
                    numbers=np.array(numbers, np.float64),
                )
            Path(temporary).replace(self._path(content_sha256))
        except BaseException:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
            raise

    def _path(self, content_sha256: str) -> Path:
        return self._folder / f"{content_sha256}.npz"


def _is_whole(track: EmbeddedTrack) -> bool:
    count = len(track.segments)
    return (
        track.embedding.dtype == track.segment_embeddings.dtype == np.float32
        and track.embedding.ndim == 1
        and track.segment_embeddings.shape == (count, len(track.embedding))
        and count > 0
        and bool(np.isfinite(track.embedding).all() and np.isfinite(track.segment_embeddings).all())
        and bool(np.isfinite([getattr(track.descriptors, field.name) for field in fields(AudioDescriptors)]).all())
    )
