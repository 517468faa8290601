"""What every recommender offers, so that one command trains, tunes and measures them all."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.workshop.listening.listening_data import HeldOutPeople, TrainingData

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Doubles = NDArray[np.float64]

Setting = float | int | str
Settings = Mapping[str, Setting]
"""Hyper-parameters by name."""

Advance = Callable[[float], None]
"""Called as work is done, with the share of the whole that was added."""


class Scorer(Protocol):
    """A trained recommender. Thread-safe."""

    def scores(self, history: "csr_array") -> Doubles:
        """(V, N): a score for each of V people and N items, finite, higher is better; `history` (V, N) holds 1 where a person
        heard an item. What a person heard is scored like everything else: leaving it out is the caller's.
        """


@runtime_checkable
class SteerableScorer(Scorer, Protocol):
    """A trained recommender whose taste is weights over prototypes, which a person may edit."""

    @property
    def prototypes(self) -> Sequence[str]:
        """(K,) labels; of a prototype that is anchored on a tag, the tag's name."""

    @property
    def anchors(self) -> Mapping[str, int]:
        """The prototype that is anchored on each tag."""

    @property
    def affinities(self) -> Doubles:
        """(N, K), ≥ 0: how strongly each item expresses each prototype."""

    def profiles(self, history: "csr_array") -> Doubles:
        """(V, K): the history weights."""

    def edited_scores(self, history: "csr_array", edits: Doubles, muted: NDArray[np.bool_]) -> Doubles:
        """(V, N) as `scores`, after people's edits (V, K) and mutes (V, K); -inf for what a mute removes.

        Edits are any finite numbers: the platform's are in -1 to 1, the comparison goes up to 64.
        """

    def contributions(self, history: "csr_array", edits: Doubles, person: int, item: int) -> Doubles:
        """(K + 1,): what each prototype adds to the score, then what no prototype does; they sum to the score."""


@runtime_checkable
class ColdStartScorer(Scorer, Protocol):
    """A trained recommender that can score items that nobody heard, from what they sound like and how they are tagged."""

    def cold_scores(self, history: "csr_array", audio: Doubles, tag_counts: "csr_array | None") -> Doubles:
        """(V, M) scores of M new items with standardised audio (M, F) and tag counts (M, T), or none known."""


@runtime_checkable
class NewItemAffinities(Protocol):
    """A trained steerable recommender that can say how strongly items that nobody heard express its prototypes."""

    def cold_affinities(self, audio: Doubles, tag_counts: "csr_array | None") -> Doubles:
        """(M, K), ≥ 0: of M new items with standardised audio (M, F) and tag counts (M, T), or none known."""


@runtime_checkable
class StoppedEarly(Protocol):
    """A scorer whose training watched validation people."""

    @property
    def epochs_used(self) -> int:
        """After how many epochs it was best: what the setting `epochs` is when it is fitted again without validation people."""


@dataclass(frozen=True)
class SearchSpace:
    """What is tried on the validation people: settings drawn from these choices, the first of each being the default."""

    choices: Mapping[str, Sequence[Setting]]

    @property
    def defaults(self) -> dict[str, Setting]:
        return {name: values[0] for name, values in self.choices.items()}


class Recommender(Protocol):
    """A way to recommend: what the study trains."""

    name: str
    """As the command line and the tables have it."""
    source: str
    """Where it comes from: the publication, or what it is."""
    space: SearchSpace

    def fit(
        self, data: TrainingData, settings: Settings, *, seed: int, validation: HeldOutPeople | None, advance: Advance
    ) -> Scorer:
        """Train; the same data, settings and seed give the same scorer on the same machine. `validation` is for early stopping
        alone (its scorer is then a StoppedEarly); without it, the number of epochs is that of the setting `epochs`.
        """
