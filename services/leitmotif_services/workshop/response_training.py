"""Chooses the ridge of the responses and measures them, each on people that the fit did not see."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.workshop.dataset import Interactions, Positions
from leitmotif_services.workshop.ranking_metrics import ndcg, recall
from leitmotif_services.workshop.responses import Responses, fit_responses, history_weights, popularity

Doubles = NDArray[np.float64]

RIDGES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
"""Strengths of the ridge that validation chooses from."""

DEFAULT_RIDGE = 0.3
"""For audiences too small to choose by."""

_MINIMUM_PEOPLE = 20
_HELD_OUT_SHARE = 0.15
_MOST_HELD_OUT = 500
_SHARE_TO_FIND = 0.2


@dataclass(frozen=True)
class HeldOut:
    """People kept from the fit: what is given of each, and what is to be found."""

    given: Interactions
    wanted: tuple[Positions, ...]


@dataclass(frozen=True)
class TrainedResponses:
    """Responses fitted on everybody, with figures measured on held-out people by a fit without them."""

    fitted: Responses
    ridge: float
    metrics: dict[str, float]


def train_responses(affinities: Doubles, interactions: Interactions, *, seed: int) -> TrainedResponses:
    """Choose the ridge by NDCG@100 on validation people, measure on test people, then fit on all.

    15 % of the people (at most 500) validate and as many test; of each, 80 % of the tracks are given and 20 % are to be found.
    With fewer than 20 people who heard two tracks or more there is nothing to choose or measure by: DEFAULT_RIDGE, no metrics.
    """
    sizes = np.bincount(interactions.users, minlength=len(interactions.user_ids))
    eligible = np.random.default_rng([seed, 71]).permutation(np.flatnonzero(sizes >= 2))
    if len(eligible) < _MINIMUM_PEOPLE:
        return TrainedResponses(fit_responses(affinities, interactions, DEFAULT_RIDGE), DEFAULT_RIDGE, {})
    held = min(_MOST_HELD_OUT, max(5, int(_HELD_OUT_SHARE * len(eligible))))
    validation = hold_out(interactions, np.sort(eligible[:held]), seed=seed)
    test = hold_out(interactions, np.sort(eligible[held : 2 * held]), seed=seed + 1)
    learning = interactions.of_users(np.setdiff1d(np.arange(len(interactions.user_ids)), eligible[: 2 * held]))
    fits = {ridge: fit_responses(affinities, learning, ridge) for ridge in RIDGES}
    scores = {ridge: measure(affinities, fit, validation)["ndcg@100"] for ridge, fit in fits.items()}
    ridge = max(RIDGES, key=lambda candidate: scores[candidate])
    known = interactions.of_users(np.setdiff1d(np.arange(len(interactions.user_ids)), eligible[held : 2 * held]))
    measured = measure(affinities, fit_responses(affinities, known, ridge), test)
    crowd = Responses(np.zeros_like(affinities), popularity(known, len(affinities)).astype(np.float64))
    measured |= {f"popularity_{name}": figure for name, figure in measure(affinities, crowd, test).items()}
    return TrainedResponses(
        fit_responses(affinities, interactions, ridge), ridge, measured | {"test_users": float(len(test.wanted)), "ridge": ridge}
    )


def hold_out(interactions: Interactions, people: Positions, *, seed: int) -> HeldOut:
    """Split what each of `people` (ascending, two tracks or more each) heard: one track in five, at least one, is to be found."""
    rng = np.random.default_rng([seed, 72])
    theirs = interactions.of_users(people)
    given = np.ones(len(theirs.users), np.bool_)
    wanted = []
    for person in range(len(people)):
        rows = np.flatnonzero(theirs.users == person)
        hidden = rng.permutation(rows)[: max(1, int(_SHARE_TO_FIND * len(rows)))]
        given[hidden] = False
        wanted.append(np.sort(theirs.tracks[hidden]))
    return HeldOut(theirs.entries(given), tuple(wanted))


def measure(affinities: Doubles, fitted: Responses, held_out: HeldOut) -> dict[str, float]:
    """Mean NDCG@100 and Recall@20 over held-out people; tracks given as history are left out of the ranking."""
    history = history_weights(affinities, held_out.given)
    rankings, recalls = [], []
    for person, wanted in enumerate(held_out.wanted):
        scores = fitted.responses @ history[person] + fitted.bias
        scores[held_out.given.tracks[held_out.given.users == person]] = -np.inf
        ranking = np.argsort(-scores, kind="stable")
        mask = np.zeros(len(scores), np.bool_)
        mask[wanted] = True
        rankings.append(ndcg(ranking, mask, 100))
        recalls.append(recall(ranking, mask, 20))
    return {"ndcg@100": float(np.mean(rankings)), "recall@20": float(np.mean(recalls))}
