"""Audio in, embeddings out."""

import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy

    from leitmotif.errors import LeitmotifError


@dataclass(frozen=True, slots=True)
class TextEncoder:
    """The text tower of an audio encoder: it embeds phrases into the same space."""

    text_encoder_id: str
    sha256: str
    max_tokens: int
    """Longest phrase in tokens, those that begin and end every phrase included."""
    license: str
    """SPDX identifier."""
    description: str


@dataclass(frozen=True, slots=True)
class Encoder:
    """An audio encoder: a versioned artifact."""

    encoder_id: str
    sha256: str
    dimension: int
    """Length of an embedding."""
    sample_rate_hz: int
    segment_s: float
    """Length of a full segment, in seconds."""
    hop_s: float
    """Distance between the starts of two segments, in seconds."""
    license: str
    """SPDX identifier."""
    description: str
    text_encoder: TextEncoder | None = None
    """None where none is loaded: phrases cannot be embedded then."""


@dataclass(frozen=True, slots=True)
class AudioItem:
    """A whole audio file (WAV, FLAC, OGG, MP3, M4A and others, recognised by content) and the name that its result will carry."""

    track_id: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class PcmItem:
    """Samples that the caller has decoded, and the name that their result will carry."""

    track_id: str
    samples: bytes = field(repr=False)
    """Little-endian float32, full scale ±1, channels interleaved."""
    sample_rate_hz: int
    channels: int = 1


@dataclass(frozen=True, slots=True)
class Vectors:
    """float32 vectors of one length, packed. `len` and indexing go by row."""

    packed: bytes = field(repr=False)
    """Row-major little-endian float32."""
    dimension: int

    def __len__(self) -> int:
        return len(self.packed) // (4 * self.dimension) if self.dimension else 0

    def __getitem__(self, row: int) -> tuple[float, ...]:
        rows = len(self)
        if not -rows <= row < rows:
            raise IndexError(f"row {row} of {rows}")
        start = (row % rows) * 4 * self.dimension
        values = array("f", self.packed[start : start + 4 * self.dimension])
        if sys.byteorder == "big":
            values.byteswap()
        return tuple(values)

    def __iter__(self) -> Iterator[tuple[float, ...]]:
        return (self[row] for row in range(len(self)))

    def to_numpy(self) -> "numpy.ndarray[tuple[int, int], numpy.dtype[numpy.float32]]":
        """The rows as a read-only (rows, dimension) float32 array, not copied. Needs NumPy, which the SDK itself does not."""
        import numpy

        return numpy.frombuffer(self.packed, dtype="<f4").reshape(-1, self.dimension or 1)


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a track; the row of the same number in `segment_embeddings` describes it."""

    start_s: float
    duration_s: float


@dataclass(frozen=True, slots=True)
class AudioDescriptors:
    """What can be measured of a track without a model."""

    tempo_bpm: float
    """0 when no pulse was found."""
    pulse_clarity: float
    """0 to 1."""
    brightness_hz: float
    """Spectral centroid."""
    loudness_db: float
    """Relative to full scale, at most 0."""
    dynamics_db: float
    """95th to 10th percentile of the frame level."""
    percussiveness: float
    """Share of the energy in onsets and noise rather than in sustained tones, 0 to 1."""
    onset_rate_hz: float
    majorness: float
    """-1 (minor) to 1 (major)."""


@dataclass(frozen=True, slots=True)
class TrackEmbedding:
    """The embedding of one item."""

    track_id: str
    encoder_id: str
    embedding: tuple[float, ...] = field(repr=False)
    """Unit length."""
    segment_embeddings: Vectors
    """One unit-length row a segment."""
    segments: tuple[Segment, ...] = field(repr=False)
    duration_s: float
    source_sample_rate_hz: int
    source_channels: int
    descriptors: AudioDescriptors


@dataclass(frozen=True, slots=True)
class SegmentEmbedding:
    """A segment of a stream, embedded as soon as its audio was there."""

    encoder_id: str
    segment: Segment
    embedding: tuple[float, ...] = field(repr=False)
    """Unit length."""


@dataclass(frozen=True, slots=True)
class TextEmbedding:
    """A phrase in the space of an audio encoder: its dot product with a track's embedding is their similarity."""

    text: str
    encoder_id: str
    """The audio encoder into whose space it belongs."""
    text_encoder_id: str
    """The text tower that made it."""
    embedding: tuple[float, ...] = field(repr=False)
    """Unit length."""
    tokens: int
    """Of the phrase, those that begin and end every phrase included."""


@dataclass(frozen=True, slots=True)
class TextFailure:
    """Why one phrase has no embedding; the other phrases of the call are not affected."""

    text: str
    error: "LeitmotifError"


@dataclass(frozen=True, slots=True)
class EmbedFailure:
    """Why one item has no embedding; the other items of the batch are not affected."""

    track_id: str
    error: "LeitmotifError"
