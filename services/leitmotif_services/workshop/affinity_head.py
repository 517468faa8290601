"""Tag-anchored prototypes: hears a tag in an embedding, and says how well on artists it has not heard."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.prototypes.prototype import Fidelity
from leitmotif_services.workshop.logistic_regression import LinearHead, fit_heads
from leitmotif_services.workshop.ranking_metrics import average_precision, roc_auc

Doubles = NDArray[np.float64]

WEAK_BELOW = 0.7
"""ROC-AUC below which a prototype is a weak witness of its tag."""

RIDGES = (3.0, 10.0, 30.0, 100.0, 300.0)
"""Strengths of the ridge that cross-validation chooses from."""

_FOLDS = 5


@dataclass(frozen=True)
class TagHeads:
    """Heads of T tags, and how well each does on held-out tracks."""

    head: LinearHead
    fidelity: tuple[Fidelity | None, ...]
    """None for a tag that was in no held-out fold beside tracks without it."""
    ridge: float


def fit_tag_heads(embeddings: NDArray[np.float32], carriers: NDArray[np.bool_], artists: Sequence[str], *, seed: int) -> TagHeads:
    """Heads for the tags whose carriers are the columns of (N, T), on embeddings (N, D).

    Five-fold cross-validation that never splits an artist (an artist's sound would give the tag away); tracks of unknown
    artists count as one artist each, and below five artists so does every track. The ridge with the lowest mean logistic
    loss on held-out tracks is chosen for all tags; fidelity is measured on the held-out scores at that ridge, where the
    tracks that the fit did see include carriers. A tag that so leaves no carrier to measure by, since all are of one
    artist, is measured on held-out tracks of that artist instead.
    """
    labels = carriers.astype(np.float64)
    folds = artist_folds(artists, seed=seed)
    held_out = {ridge: _held_out_logits(embeddings, labels, folds, ridge) for ridge in RIDGES}
    losses = {ridge: _mean_loss(logits, labels) for ridge, logits in held_out.items()}
    ridge = min(RIDGES, key=lambda candidate: losses[candidate])
    scores = held_out[ridge]
    measurable = [bool(carriers[np.isfinite(column), tag].any()) for tag, column in enumerate(scores.T)]
    if not all(measurable):
        lone = np.flatnonzero(~np.array(measurable))
        scores[:, lone] = _held_out_logits(embeddings, labels[:, lone], _track_folds(carriers[:, lone], seed=seed), ridge)
    fidelity = tuple(_fidelity(scores[:, tag], carriers[:, tag]) for tag in range(labels.shape[1]))
    return TagHeads(fit_heads(embeddings, labels, ridge), fidelity, ridge)


def artist_folds(artists: Sequence[str], *, seed: int) -> NDArray[np.int64]:
    """(N,): the fold of each track, all tracks of an artist in one; folds are filled evenly, large artists first."""
    known = [artist or f"\0{position}" for position, artist in enumerate(artists)]
    if len(set(known)) < _FOLDS:
        known = [str(position) for position in range(len(artists))]
    names, inverse = np.unique(known, return_inverse=True)
    sizes = np.bincount(inverse)
    order = np.lexsort((np.random.default_rng([seed, 51]).random(len(names)), -sizes))
    fold_of, filled = np.zeros(len(names), np.int64), np.zeros(min(_FOLDS, len(names)))
    for name in order:
        fold_of[name] = int(np.argmin(filled))
        filled[fold_of[name]] += sizes[name]
    return np.asarray(fold_of[inverse])


def _track_folds(carriers: NDArray[np.bool_], *, seed: int) -> NDArray[np.int64]:
    """(N,): folds of tracks, those with the same of the tags spread evenly."""
    shuffled = np.random.default_rng([seed, 52]).permutation(len(carriers))
    alike = sorted(shuffled.tolist(), key=lambda track: carriers[track].tolist(), reverse=True)
    folds = np.empty(len(carriers), np.int64)
    folds[alike] = np.arange(len(carriers)) % _FOLDS
    return folds


def _held_out_logits(embeddings: NDArray[np.float32], labels: Doubles, folds: NDArray[np.int64], ridge: float) -> Doubles:
    """(N, T): each track by a fit without its fold; NaN where that fit saw no carrier of the tag, or nothing else."""
    logits = np.full_like(labels, np.nan)
    for fold in np.unique(folds):
        out = folds == fold
        if out.all():
            continue
        held = fit_heads(embeddings[~out], labels[~out], ridge).logits(embeddings[out])
        share = labels[~out].mean(axis=0)
        logits[out] = np.where((share > 0.0) & (share < 1.0), held, np.nan)
    return logits


def _mean_loss(logits: Doubles, labels: Doubles) -> float:
    shares = np.clip(labels.mean(axis=0), 1e-6, 1.0 - 1e-6)
    whole = logits + np.log(shares / (1.0 - shares))  # heads leave the prior out
    known = np.isfinite(whole)
    if not known.any():
        return 0.0
    return float(np.mean(np.logaddexp(0.0, whole[known]) - labels[known] * whole[known]))


def _fidelity(scores: Doubles, positive: NDArray[np.bool_]) -> Fidelity | None:
    known = np.isfinite(scores)
    scores, positive = scores[known], positive[known]
    auc = roc_auc(scores, positive)
    if np.isnan(auc):
        return None
    return Fidelity(auc, average_precision(scores, positive), int(positive.sum()), weak=auc < WEAK_BELOW)
