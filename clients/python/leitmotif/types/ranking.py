"""How tracks rank for a person, and why."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypedDict

from leitmotif.errors import LeitmotifError
from leitmotif.filters import Filter
from leitmotif.types.catalogue import Track
from leitmotif.types.models import Arm
from leitmotif.types.profiles import PrototypeWeight


@dataclass(frozen=True, slots=True)
class Exploration:
    """A pinch of chance: the same seed gives the same list."""

    strength: float
    """How far the list may stray, above 0, at most 1: standard deviation of what chance adds to each score, in standard
    deviations of the scores at the top of the list."""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class RecommendationRequest:
    """Whom to recommend what."""

    user_id: str
    count: int = 20
    """Tracks on the list, 1 to 1000."""
    filter: Filter | None = None
    """Which tracks to keep; see leitmotif.filters."""
    exclude: Sequence[str] = ()
    """Ids of tracks to leave out, at most 10,000; unknown ones are ignored."""
    seeds: Sequence[str] = ()
    """Ids of tracks to start from, at most 100: the list is ranked as if the person had listened to them as well."""
    seed_weight: float | None = None
    """Weight of the seeds against the person's own history, above 0, at most 1 (the seeds alone); None for 0.5."""
    max_per_artist: int = 0
    """Tracks of one artist on the list, at most; 0 for no limit."""
    diversity: float = 0.0
    """Trades score for variety: 0 is by score alone, 1 by difference alone."""
    exploration: Exploration | None = None
    include_heard: bool = False
    """Recommend tracks that the user has heard, too."""
    contributions: int = 3
    """Reasons listed with each track, -1 for all."""
    preset: str | None = None
    """Id of a preset of the user's to lay over the profile, "" for none at all; None for the active one."""
    preset_share: float | None = None
    """Share of the preset's edits, above 0, at most 1; None for all. Needs `preset`."""


class RankingOptions(TypedDict, total=False):
    """Keyword arguments that say which tracks, and how the list is put together: those of `RecommendationRequest`."""

    filter: Filter | None
    exclude: Sequence[str]
    seeds: Sequence[str]
    seed_weight: float | None
    max_per_artist: int
    diversity: float
    exploration: Exploration | None
    include_heard: bool
    contributions: int
    preset: str | None
    preset_share: float | None


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
    """A ranking, or a page of one, best first; iterates over its tracks."""

    tracks: tuple[ScoredTrack, ...]
    model_version: str
    etag: str
    """Version of the profile that it was ranked for."""
    next_page_token: str = ""
    """Empty when there is no further page."""
    catalogue_revision: int = 0
    """Number of the last change of the catalogue that it has seen."""
    arm: Arm = Arm.NONE
    """The trial's arm of the user."""
    user_id: str = ""
    partial: bool = False
    """True when a part of the catalogue's index did not answer: tracks may be missing; further pages bring them once it does."""

    def __iter__(self) -> Iterator[ScoredTrack]:
        return iter(self.tracks)

    def __len__(self) -> int:
        return len(self.tracks)


@dataclass(frozen=True, slots=True)
class RecommendationFailure:
    """Why one of many requests has no list."""

    user_id: str
    error: LeitmotifError


@dataclass(frozen=True, slots=True)
class RankingChange:
    """A track that is on one of two lists only."""

    track: ScoredTrack
    """Scored for the profile after the change."""
    rank_before: int
    """From 1; 0 when a mute removed it. Beyond the list it is its place in the whole catalogue."""
    rank_after: int
    """From 1; 0 when a mute removes it."""
    reason: str
    """One sentence for a person: why it enters or leaves."""


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What a change of controls would do to a list; nothing of it is stored."""

    before: tuple[ScoredTrack, ...]
    """The list for the profile as it is."""
    after: tuple[ScoredTrack, ...]
    """The list for the profile as it would be."""
    entered: tuple[RankingChange, ...]
    """Tracks of `after` that are not in `before`, best first."""
    left: tuple[RankingChange, ...]
    """Tracks of `before` that are not in `after`, best first."""
    weights: tuple[PrototypeWeight, ...]
    """Of the profile as it would be, by falling magnitude."""
    model_version: str
    etag: str
    """Version of the profile that the change was tried on: give it to the edit itself. Empty for a user without a profile."""
    catalogue_revision: int


@dataclass(frozen=True, slots=True)
class LiftingEdit:
    """An edit of one prototype that puts a track among the first."""

    prototype_id: str
    label: str
    amount: float
    """What to add to the person's edit of it: positive to raise, negative to lower."""
    rank: int
    """The track's place with that edit."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Every contribution to the score of one track."""

    track: ScoredTrack
    removed_by: tuple[str, ...]
    """The muted prototypes that keep the track out of recommendations, if any."""
    model_version: str
    lifting_edits: tuple[LiftingEdit, ...] = ()
    """Where a `target_rank` was given: single edits that reach it, the smallest first, at most 5. Empty where the track is there
    already, where a mute removes it, or where no single edit is enough."""
    catalogue_revision: int = 0


class Likeness(StrEnum):
    """What makes tracks alike."""

    SOUND = "sound"
    """Cosine of the embeddings."""
    AFFINITY = "affinity"
    """Cosine of the affinities, so that it can be put in words."""


@dataclass(frozen=True, slots=True)
class SimilarTrack:
    """A track that is like another."""

    track: Track
    similarity: float
    """Cosine, -1 to 1."""
    shared_labels: tuple[str, ...]
    """Prototypes that both express most, strongest first, at most 3."""


@dataclass(frozen=True, slots=True)
class SimilarTracks:
    """Tracks that are like one, the most alike first; iterates over them."""

    tracks: tuple[SimilarTrack, ...]
    model_version: str
    catalogue_revision: int

    def __iter__(self) -> Iterator[SimilarTrack]:
        return iter(self.tracks)

    def __len__(self) -> int:
        return len(self.tracks)
