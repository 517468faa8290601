"""Popularity: everybody gets what most people heard."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.workshop.listening.listening_data import HeldOutPeople, TrainingData
from leitmotif_services.workshop.recommenders.recommender import Advance, SearchSpace, Settings

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class PopularityScorer:
    """s_vi = number of training people who heard i, whoever v is."""

    listeners: Doubles
    """(N,)."""

    def scores(self, history: "csr_array") -> Doubles:
        return np.tile(self.listeners, (history.shape[0], 1))


class Popularity:
    name = "popularity"
    source = "Number of training people who heard the item; the floor that every personal recommender has to pass"
    space = SearchSpace({})

    def fit(
        self,
        data: TrainingData,
        settings: Settings,  # noqa: ARG002 - there are none
        *,
        seed: int,  # noqa: ARG002 - nothing is drawn
        validation: HeldOutPeople | None,  # noqa: ARG002 - nothing is stopped early
        advance: Advance,
    ) -> PopularityScorer:
        listeners = np.asarray(data.heard.sum(axis=0), np.float64).reshape(-1)
        advance(1.0)
        return PopularityScorer(listeners)
