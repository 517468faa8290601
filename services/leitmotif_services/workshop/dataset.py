"""What a model is trained on: tracks with their embeddings, tags and listening."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.audio.embedding import AudioDescriptors, Segment

Floats = NDArray[np.float32]
Positions = NDArray[np.int64]


@dataclass(frozen=True)
class MusicTrack:
    """One track as the workshop knows it."""

    track_id: str
    title: str
    artist: str
    """Empty when unknown."""
    duration_s: float
    embedding: Floats
    """(D,), unit length."""
    segment_embeddings: Floats
    """(S, D), unit rows, S ≥ 1."""
    segments: tuple[Segment, ...]
    descriptors: AudioDescriptors
    tags: Mapping[str, float]
    """Weight > 0 of each tag that people gave it; empty when nobody did."""
    year: int | None = None
    """Year of release; None when unknown."""


@dataclass(frozen=True)
class Interactions:
    """Who listened to what: n entries, at most one for each pair of person and track."""

    user_ids: tuple[str, ...]
    users: Positions
    """(n,), positions in `user_ids`, ascending."""
    tracks: Positions
    """(n,), positions in the data set's tracks."""
    counts: Floats
    """(n,), > 0."""

    @property
    def weights(self) -> NDArray[np.float64]:
        """(n,): c = log2(1 + count). One play weighs 1; many plays weigh more, but not in proportion."""
        return np.log2(1.0 + self.counts.astype(np.float64))

    def of_users(self, chosen: Positions) -> "Interactions":
        """The entries of the people at the ascending positions `chosen`, renumbered in that order."""
        renumbered = np.full(len(self.user_ids), -1, np.int64)
        renumbered[chosen] = np.arange(len(chosen))
        users = renumbered[self.users]
        kept = users >= 0
        return Interactions(tuple(self.user_ids[user] for user in chosen), users[kept], self.tracks[kept], self.counts[kept])

    def entries(self, kept: NDArray[np.bool_]) -> "Interactions":
        """The entries that the mask (n,) keeps; people who lose all of theirs stay, with none."""
        return Interactions(self.user_ids, self.users[kept], self.tracks[kept], self.counts[kept])


@dataclass(frozen=True)
class MusicDataset:
    """N ≥ 1 tracks, and what is known of them."""

    tracks: tuple[MusicTrack, ...]
    encoder_id: str
    encoder_sha256: str
    interactions: Interactions | None
    """None, rather than an empty table, when nobody is known to have listened to anything."""
    read_audio: Callable[[int], bytes]
    """The audio file of the track at a position."""

    @cached_property
    def embeddings(self) -> Floats:
        """(N, D)."""
        return np.stack([track.embedding for track in self.tracks])

    @cached_property
    def segment_embeddings(self) -> Floats:
        """(M, D): those of all segments, track after track."""
        return np.concatenate([track.segment_embeddings for track in self.tracks])

    @cached_property
    def segment_tracks(self) -> Positions:
        """(M,): the track of each segment."""
        return np.repeat(np.arange(len(self.tracks)), [len(track.segment_embeddings) for track in self.tracks])

    def tag_matrix(self, tags: tuple[str, ...]) -> NDArray[np.float64]:
        """(N, len(tags)): each tag's weight relative to the track's strongest tag, 0 to 1."""
        column = {tag: position for position, tag in enumerate(tags)}
        matrix = np.zeros((len(self.tracks), len(tags)))
        for row, track in enumerate(self.tracks):
            strongest = max(track.tags.values(), default=1.0)
            for tag, weight in track.tags.items():
                if tag in column:
                    matrix[row, column[tag]] = weight / strongest
        return matrix
