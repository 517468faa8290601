"""Divides listening data by a seed: people to train on, people to choose hyper-parameters on, people to measure on."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.workshop.listening.listening_data import (
    HeldOutPeople,
    ListeningData,
    Split,
    Tagging,
    TrainingData,
)

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Doubles = NDArray[np.float64]
Positions = NDArray[np.int64]

LARGEST_HELD_OUT = 300
WANTED_SHARE = 0.2
"""Of each held-out person's items, so many are to be found; the others are given."""

_HELD_OUT_SHARE = 6
"""At most one person in so many is held out for testing, and as many for validation."""


class SplitError(Exception):
    """The data is too small to be divided."""


def split(data: ListeningData, seed: int, *, test_users: int | None = None, validation_users: int | None = None) -> Split:
    """Strong generalisation (Liang et al., "Variational Autoencoders for Collaborative Filtering", WWW 2018).

    `test_users` and `validation_users` whole people are drawn by the seed, 300 of each by default or a sixth of all where
    that is fewer. Of each, round(0.2 · items) items, at least one, are to be found, and the others given. Every tag
    assignment of a held-out person is left out before tags are counted. People with a single item are never held out.
    SplitError where too few people are left to train on.
    """
    people = len(data.user_ids)
    default = min(LARGEST_HELD_OUT, people // _HELD_OUT_SHARE)
    test_count = default if test_users is None else test_users
    validation_count = default if validation_users is None else validation_users
    candidates = np.flatnonzero(np.diff(data.counts.indptr) >= 2)
    held_out = test_count + validation_count
    if min(test_count, validation_count) < 1:
        raise SplitError(
            f"{data.name}: {people} people are too few to hold some out and measure on; {_HELD_OUT_SHARE} are the fewest"
        )
    if len(candidates) < held_out:
        raise SplitError(
            f"{data.name}: {held_out} of {people} people are to be held out, and {len(candidates)} have the 2 items that it takes"
        )
    if people - held_out < 1:
        raise SplitError(f"{data.name}: {held_out} of {people} people are to be held out, and nobody is left to train on")
    rng = np.random.default_rng([seed, 4])
    drawn = rng.permutation(candidates)
    test = np.sort(drawn[:test_count])
    validation = np.sort(drawn[test_count:held_out])
    both = np.setdiff1d(np.arange(people), test)
    training = np.setdiff1d(both, validation)
    return Split(
        seed=seed,
        training=training_data(data, training, np.concatenate([test, validation])),
        validation=_held_out(data.counts, validation, rng),
        training_with_validation=training_data(data, both, test),
        test=_held_out(data.counts, test, rng),
        test_users=test,
    )


def training_data(data: ListeningData, users: Positions, held_out: Positions) -> TrainingData:
    """What training sees: the listening of `users`, and every tag assignment but those of `held_out`."""
    counts = data.counts[users].tocsr()
    heard = counts.copy()
    heard.data = np.ones_like(heard.data)
    return TrainingData(
        heard=heard,
        counts=counts,
        tag_counts=tag_counts(data.tagging, len(data.item_ids), held_out),
        tags=data.tagging.tags,
        audio=standardised(data.audio, np.arange(len(data.item_ids))),
        artists=data.artists,
    )


def tag_counts(tagging: Tagging, items: int, held_out: Positions) -> "csr_array":
    """(N, T) float64: summed weights of the assignments that nobody of `held_out` made."""
    from scipy.sparse import coo_array

    kept = ~np.isin(tagging.users, held_out)
    places = (tagging.items[kept], tagging.tag[kept])
    return coo_array((tagging.weights[kept], places), shape=(items, len(tagging.tags))).tocsr()


def standardised(audio: Doubles, reference: Positions) -> Doubles:
    """(N, F): each column with mean 0 and standard deviation 1 over the items `reference` that have it; 0 where one has none.

    A column that does not vary there is 0 for all.
    """
    known = np.isfinite(audio)
    filled = np.where(known, audio, 0.0)
    count = np.maximum(known[reference].sum(axis=0), 1)
    mean = filled[reference].sum(axis=0) / count
    centred = np.where(known, audio - mean, 0.0)
    deviation = np.sqrt((centred[reference] ** 2).sum(axis=0) / count)
    varies = deviation > 1e-12 * (1.0 + np.abs(mean))
    return np.where(varies, centred / np.where(varies, deviation, 1.0), 0.0)


def _held_out(counts: "csr_array", users: Positions, rng: np.random.Generator) -> HeldOutPeople:
    from scipy.sparse import csr_array

    rows = counts[users].tocsr()
    wanted = np.zeros(rows.nnz, bool)
    for row in range(len(users)):
        start, end = rows.indptr[row], rows.indptr[row + 1]
        to_find = max(1, round(WANTED_SHARE * (end - start)))
        wanted[start + rng.permutation(end - start)[:to_find]] = True
    row_of = np.repeat(np.arange(len(users)), np.diff(rows.indptr))

    def part(kept: NDArray[np.bool_]) -> "csr_array":
        return csr_array((np.ones(int(kept.sum())), (row_of[kept], rows.indices[kept])), shape=rows.shape)

    return HeldOutPeople(given=part(~wanted), wanted=part(wanted))
