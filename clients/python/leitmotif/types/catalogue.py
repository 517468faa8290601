"""What the catalogue and its model hold: tracks and prototypes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from leitmotif.errors import LeitmotifError


class PrototypeSource(StrEnum):
    """Where a prototype comes from."""

    UNKNOWN = "unknown"
    """A source that this release does not know."""
    TAG = "tag"
    """Anchored on a tag that people use."""
    DISCOVERED = "discovered"
    """Discovered as a cluster of embeddings and named after what stands out in it."""
    TRACKS = "tracks"
    """Made from tracks that somebody chose."""
    CLIP = "clip"
    """Made from a clip."""
    PHRASE = "phrase"
    """Made from a phrase."""


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
    """Affinity from which on a track counts as expressing the prototype, whether or not it carries the prototype's tag."""
    expressed_tracks: int
    """Tracks of the catalogue that express it."""
    hidden: bool = False
    """True when somebody hid it: it scores as before, but lists and searches leave it out unless they ask for it."""


@dataclass(frozen=True, slots=True)
class CreatedPrototype:
    """A prototype that was just made."""

    prototype: Prototype
    model_version: str
    """The model version that has it, and answers now."""


@dataclass(frozen=True, slots=True)
class FoundPrototype:
    """A prototype that a search found."""

    prototype: Prototype
    score: float
    """How well it fits, 0 to 1; comparable within one search only."""


@dataclass(frozen=True, slots=True)
class PrototypeSearch:
    """What a search for prototypes found, the best first; iterates over it."""

    found: tuple[FoundPrototype, ...]
    by_meaning: bool
    """True when the words' meaning was compared, false when labels and descriptions alone were."""
    model_version: str

    def __iter__(self) -> Iterator[FoundPrototype]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)


@dataclass(frozen=True, slots=True)
class Track:
    """A track of the catalogue."""

    track_id: str
    title: str = ""
    artist: str = ""
    """Empty when unknown."""
    duration_s: float = 0.0
    tags: tuple[str, ...] = ()
    """Tags that people gave it, strongest first."""
    year: int | None = None
    """Year of release; None when unknown."""
    texts: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Further fields that are text, by name, such as "language"."""
    numbers: Mapping[str, float] = field(default_factory=dict, hash=False)
    """Further fields that are numbers, by name, such as "bpm"."""


@dataclass(frozen=True, slots=True)
class DescribedTrack:
    """A track with how strongly it expresses each prototype."""

    track: Track
    affinities: tuple[float, ...]
    """One for each prototype, in the order of their positions."""
    model_version: str
    expressed_positions: tuple[int, ...] = ()
    """Positions, ascending, of the prototypes that it expresses: muting one of them removes it."""


@dataclass(frozen=True, slots=True)
class TrackUpsert:
    """A track to add, or to replace as a whole."""

    track: Track
    embedding: Sequence[float] = ()
    """Of its audio, of unit length; may be empty where the catalogue has the track, whose audio is then as before."""


@dataclass(frozen=True, slots=True)
class TrackFailure:
    """Why one track was refused."""

    track_id: str
    error: LeitmotifError


@dataclass(frozen=True, slots=True)
class UpsertedTracks:
    """What became of tracks that were to be added or replaced."""

    track_ids: tuple[str, ...]
    """Those that are in the catalogue now."""
    failures: tuple[TrackFailure, ...]
    catalogue_revision: int
    """Number of the catalogue's last change: answers that carry at least this number have seen these tracks."""
    model_version: str
    """The model version whose catalogue it is."""


@dataclass(frozen=True, slots=True)
class DeletedTracks:
    """What became of tracks that were to be deleted."""

    deleted_track_ids: tuple[str, ...]
    unknown_track_ids: tuple[str, ...]
    """Those that were not there."""
    catalogue_revision: int
    model_version: str


@dataclass(frozen=True, slots=True)
class ExpressedPrototype:
    """How strongly a track expresses a prototype."""

    prototype_id: str
    label: str
    affinity: float
    """0 or more."""
    expressed: bool
    """True when a mute of the prototype keeps the track out of recommendations."""


@dataclass(frozen=True, slots=True)
class IngestedTrack:
    """A track that was added from its audio."""

    track: Track
    prototypes: tuple[ExpressedPrototype, ...]
    """By falling affinity."""
    catalogue_revision: int
    """Number of the catalogue's last change: answers that carry at least this number have seen the track."""
    model_version: str
