"""The distance of two sets of passages by the words they use."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse

from leitmotif_services.evaluation.comparison.domain_terms import words_of
from leitmotif_services.evaluation.distance.embedding_measures import Measure, Rows


def jsd(passages: Sequence[str]) -> Measure:
    """Jensen-Shannon divergence of the unigram distributions of two sets of passages, in bits: 0 to 1.

    Lin 1991 (IEEE Trans. Information Theory 37). Words are in lower case; counts are not smoothed. 0 where a set has no word.
    """
    vocabulary: dict[str, int] = {}
    columns: list[int] = []
    ends = [0]
    for passage in passages:
        columns += [vocabulary.setdefault(word, len(vocabulary)) for word in words_of(passage)]
        ends.append(len(columns))
    shape = (len(passages), max(1, len(vocabulary)))
    counts = sparse.csr_matrix((np.ones(len(columns)), columns, ends), shape=shape)

    def measure(first: Rows, second: Rows) -> float:
        totals = [np.asarray(counts[rows].sum(axis=0)).ravel() for rows in (first, second)]
        if not totals[0].sum() or not totals[1].sum():
            return 0.0
        return jensen_shannon(totals[0] / totals[0].sum(), totals[1] / totals[1].sum())

    return measure


def jensen_shannon(first: npt.NDArray[np.float64], second: npt.NDArray[np.float64]) -> float:
    """(KL(p‖m) + KL(q‖m)) / 2 in bits, m = (p + q) / 2."""
    middle = (first + second) / 2

    def divergence(distribution: npt.NDArray[np.float64]) -> float:
        used = distribution > 0.0
        return float((distribution[used] * np.log2(distribution[used] / middle[used])).sum())

    return max(0.0, (divergence(first) + divergence(second)) / 2)
