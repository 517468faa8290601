"""A prototype: a musical quality that a person can name and hear."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Source = Literal["tag", "discovered", "tracks", "clip", "phrase"]
"""Anchored on a tag that people use, found as a cluster of embeddings and named after what stands out in it, or made by somebody
after training: from tracks, from a clip or from a phrase."""


ADDED: frozenset[Source] = frozenset({"tracks", "clip", "phrase"})
"""Those that are made after training: listening has no weight on them, and they stand behind the others."""


@dataclass(frozen=True, slots=True)
class Exemplar:
    """A stretch of a real track that shows what a prototype sounds like."""

    track_id: str
    title: str
    artist: str
    start_s: float
    """Start in the track, ≥ 0."""
    duration_s: float
    """Length; 0 where the model was trained without the track's audio, and the exemplar is the track as a whole."""
    affinity: float
    """Affinity of the stretch for the prototype, ≥ 0."""
    snippet: str
    """Name of the bundle's audio file below `snippets/`, such as "piano-0.ogg"; empty when the bundle holds none."""


@dataclass(frozen=True, slots=True)
class Fidelity:
    """How well a prototype's affinity from audio agrees with people's tag, on tracks that training did not see."""

    roc_auc: float
    """Area under the ROC curve, 0 to 1; 0.5 is chance."""
    average_precision: float
    """0 to 1; chance is the share of held-out tracks that carry the tag."""
    positives: int
    """Held-out tracks that carry the tag."""
    weak: bool
    """Whether `roc_auc` is below 0.7, so that a reader should be told."""


@dataclass(frozen=True, slots=True)
class Prototype:
    """One dimension of every profile and of every track's affinities."""

    prototype_id: str
    """Unique in the model; of the form of `runtime.validation.ID_PATTERN`."""
    label: str
    """Short name for a person, such as "piano" or "dark, slow"."""
    description: str
    """One sentence on what it stands for."""
    source: Source
    fidelity: Fidelity | None
    """None for a prototype without a tag."""
    exemplars: tuple[Exemplar, ...]
    """Strongest first, from different artists where there are any."""
    expressed_rank: int
    """Tracks express it down to this rank by affinity, from 1: ceil(N / 10) of N, the top decile; with a tag, further down
    where it takes more to reach every track of the catalogue that carries the tag."""


def listened_count(prototypes: Sequence[Prototype]) -> int:
    """L: how many of the prototypes were trained. ValueError unless those are the first, and at least one."""
    listened = sum(prototype.source not in ADDED for prototype in prototypes)
    if not listened:
        raise ValueError("no prototype was trained")
    for position, prototype in enumerate(prototypes):
        if (prototype.source in ADDED) != (position >= listened):
            raise ValueError(f"prototype {position}: those that were added after training must be the last")
    return listened
