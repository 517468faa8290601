"""What the catalogue and its model hold, and how they rank: prototypes, tracks, scores with their reasons."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class PrototypeSource(StrEnum):
    """Where a prototype comes from."""

    UNKNOWN = "unknown"
    """A source that this release does not know."""
    TAG = "tag"
    """Anchored on a tag that people use."""
    DISCOVERED = "discovered"
    """Discovered as a cluster of embeddings and named after what stands out in it."""


@dataclass(frozen=True, slots=True)
class Fidelity:
    """Agreement of a prototype's audio affinity with a tag, on tracks that its training did not see."""

    roc_auc: float
    """0.5 is chance, 1 perfect."""
    average_precision: float
    """0 to 1; chance is the share of tracks that carry the tag."""
    positives: int
    """Held-out tracks that carry the tag."""
    weak: bool
    """True when the affinity is a weak witness of the tag, and a reader should be told."""


@dataclass(frozen=True, slots=True)
class Exemplar:
    """A stretch of a real track that shows what a prototype sounds like."""

    track_id: str
    title: str
    artist: str
    start_s: float
    duration_s: float
    affinity: float
    """Affinity of the snippet for the prototype."""
    mime_type: str
    """Such as "audio/ogg"; empty when the bundle holds no audio for it."""


@dataclass(frozen=True, slots=True)
class Prototype:
    """A musical quality that a person can name and hear."""

    prototype_id: str
    position: int
    """Position in vectors of its model version, from 0."""
    label: str
    description: str
    source: PrototypeSource
    fidelity: Fidelity | None
    """None for a prototype without a tag."""
    exemplars: tuple[Exemplar, ...]
    """Strongest first."""
    expressed_affinity: float
    """Affinity from which on a track counts as expressing the prototype; muting removes exactly those tracks."""
    expressed_tracks: int
    """Tracks of the catalogue that express it."""


@dataclass(frozen=True, slots=True)
class Track:
    """A track of the catalogue."""

    track_id: str
    title: str
    artist: str
    """Empty when unknown."""
    duration_s: float
    tags: tuple[str, ...]
    """Tags that people gave it, strongest first."""


@dataclass(frozen=True, slots=True)
class DescribedTrack:
    """A track with how strongly it expresses each prototype."""

    track: Track
    affinities: tuple[float, ...]
    """One for each prototype, in the order of their positions."""
    model_version: str


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one prototype adds to a score."""

    prototype_id: str
    label: str
    contribution: float
    """Part of the score that comes from it: history and edit together."""
    edit_contribution: float
    """Part of `contribution` that comes from the person's edit."""
    affinity: float
    """How strongly the track expresses the prototype, 0 or more."""


@dataclass(frozen=True, slots=True)
class ScoredTrack:
    """A track with its place in a ranking. `bias`, `contributions` and `other_contributions` sum to `score`."""

    track: Track
    rank: int
    """From 1; 0 when a mute removes the track."""
    score: float
    """Comparable within one profile and model version only."""
    bias: float
    """What does not depend on the profile."""
    contributions: tuple[Contribution, ...]
    """Strongest first."""
    other_contributions: float
    """Sum of the contributions that are not listed."""
    reason: str
    """One sentence for a person: why it is here."""


@dataclass(frozen=True, slots=True)
class Recommendations:
    """A ranking, best first; iterates over its tracks."""

    tracks: tuple[ScoredTrack, ...]
    model_version: str
    etag: str
    """Version of the profile that it was ranked for."""

    def __iter__(self) -> Iterator[ScoredTrack]:
        return iter(self.tracks)

    def __len__(self) -> int:
        return len(self.tracks)


@dataclass(frozen=True, slots=True)
class Explanation:
    """Every contribution to the score of one track."""

    track: ScoredTrack
    removed_by: tuple[str, ...]
    """The muted prototypes that keep the track out of recommendations, if any."""
    model_version: str


@dataclass(frozen=True, slots=True)
class Model:
    """A trained model."""

    model_version: str
    kind: str
    encoder_id: str
    prototype_count: int
    track_count: int
    created_at: datetime | None
    metrics: Mapping[str, float]
    """Figures measured in training, by name."""
    active: bool
    """True for the model that answers."""
    prototype_ids: tuple[str, ...] = field(default=(), repr=False)
    """In the order of their positions; set by `models.active()` only."""
