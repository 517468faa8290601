"""How well a recommender finds what held-out people also heard."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.workshop.comparison.ranked_lists import blocks, dense_mask, top_items
from leitmotif_services.workshop.listening.listening_data import HeldOutPeople
from leitmotif_services.workshop.ranking_metrics import ndcg_of_hits, recall_of_hits
from leitmotif_services.workshop.recommenders.recommender import Scorer

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Doubles = NDArray[np.float64]
Mask = NDArray[np.bool_]

NDCG_LENGTH = 100
METRICS = ("ndcg@100", "recall@20", "recall@50")


@dataclass(frozen=True)
class Accuracy:
    """Of each of V held-out people, (V,) each."""

    ndcg100: Doubles
    recall20: Doubles
    recall50: Doubles

    def by_name(self) -> dict[str, Doubles]:
        """The measures under the names of METRICS."""
        return dict(zip(METRICS, (self.ndcg100, self.recall20, self.recall50), strict=True))


def measure_accuracy(scorer: Scorer, people: HeldOutPeople) -> Accuracy:
    """NDCG@100, Recall@20 and Recall@50 of each person; the history is in no list, every other item may be.

    With hit_r = 1 where the r-th item of the list is wanted, and n wanted items:

        NDCG@100 = Σ_{r ≤ 100} hit_r / log2(1 + r) / Σ_{r ≤ min(n, 100)} 1 / log2(1 + r)
        Recall@k = Σ_{r ≤ k} hit_r / min(k, n)

    Liang et al., WWW 2018.
    """
    return accuracy_of_lists(scorer.scores, people)


def accuracy_of_lists(scores: Callable[["csr_array"], Doubles], people: HeldOutPeople) -> Accuracy:
    """As `measure_accuracy`, of any function from histories (V, N) to scores (V, N)."""
    parts = []
    for block in blocks(people.given.shape[0]):
        given, wanted = people.given[block], dense_mask(people.wanted[block])
        items, filled = top_items(scores(given), dense_mask(given), NDCG_LENGTH)
        hits = hits_among(items, filled, wanted)
        count = wanted.sum(axis=1)
        parts.append((ndcg_of_hits(hits, count, NDCG_LENGTH), recall_of_hits(hits, count, 20), recall_of_hits(hits, count, 50)))
    return Accuracy(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def hits_among(items: NDArray[np.int64], filled: Mask, wanted: Mask) -> Mask:
    """(V, R): whether each filled place of the lists has a wanted item."""
    return np.asarray(np.take_along_axis(wanted, items, axis=1) & filled)
