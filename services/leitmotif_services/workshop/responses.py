"""History responses: how a listening history moves the score of each track.

A person's history weights are h = Σ_j c_j a_j / sqrt(Σ_j c_j) over the tracks j heard, a_j being their affinities. The score
of track i is b_i + h·v_i. For each i, v_i minimises over all people u

    Σ_u (y_ui − b_i − h_u·v)² + λ |v − p_i|²,

y_ui = 1 where u heard i, else 0; where u heard i, h_u leaves i out (a track must not vouch for itself). b_i is the share of
people who heard i, so an empty history ranks by popularity. p_i = M a_i is what the track's affinities alone predict, M being
the least-squares map over all tracks, shrunk likewise; it is all that a track without listeners has.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.workshop.dataset import Interactions

Doubles = NDArray[np.float64]

_BLOCK = 128
"""Tracks solved at once: bounds the memory to _BLOCK · K² doubles."""


@dataclass(frozen=True)
class Responses:
    """v and b of the score."""

    responses: Doubles
    """(N, K)."""
    bias: Doubles
    """(N,)."""


def history_weights(affinities: Doubles, interactions: Interactions) -> Doubles:
    """The history weights h of each person, (U, K), for affinities (N, K); zero for a person without entries."""
    sums, weights = _sums(affinities, interactions)
    return sums / np.sqrt(np.maximum(weights, 1e-12))[:, None]


def popularity(interactions: Interactions, track_count: int) -> NDArray[np.int64]:
    """(N,): people who heard each track."""
    return np.bincount(interactions.tracks, minlength=track_count)


def fit_responses(affinities: Doubles, interactions: Interactions, ridge: float) -> Responses:
    """The responses of the module's formula for affinities (N, K).

    λ = `ridge` · the mean over people and prototypes of h² · U, so that it means the same for few and for many people.
    """
    tracks, prototypes = affinities.shape
    people = len(interactions.user_ids)
    sums, weights = _sums(affinities, interactions)
    history = sums / np.sqrt(np.maximum(weights, 1e-12))[:, None]
    gram = history.T @ history
    strength = ridge * max(float(np.trace(gram)) / prototypes, 1e-9)
    heard = popularity(interactions, tracks)
    bias = np.where(heard > 0, heard / people, heard.mean() / people)
    order = np.argsort(interactions.tracks, kind="stable")
    rows_of = np.split(order, np.cumsum(heard)[:-1])
    without_self, targets = _without_self(affinities, interactions, sums, weights), np.zeros((tracks, prototypes))
    total = history.sum(axis=0)
    for track, rows in enumerate(rows_of):
        own = history[interactions.users[rows]].sum(axis=0)
        targets[track] = (1.0 - bias[track]) * without_self[rows].sum(axis=0) - bias[track] * (total - own)
    predicted = _content_map(affinities, gram, targets, heard, strength) if heard.any() else np.zeros_like(affinities)
    responses = predicted.copy()
    identity = strength * np.eye(prototypes)
    warm = np.flatnonzero(heard > 0)
    for start in range(0, len(warm), _BLOCK):
        block = warm[start : start + _BLOCK]
        normal = np.empty((len(block), prototypes, prototypes))
        for place, track in enumerate(block):
            rows = rows_of[track]
            own, left = history[interactions.users[rows]], without_self[rows]
            normal[place] = gram - own.T @ own + left.T @ left
        residual = targets[block] - np.einsum("nkl,nl->nk", normal, predicted[block])
        responses[block] += np.linalg.solve(normal + identity, residual[:, :, None])[:, :, 0]
    return Responses(responses, bias)


def content_responses(affinities: Doubles) -> Responses:
    """Responses where nobody is known to have listened: closeness of the affinities (N, K).

    With z_i = (a_i − ā) / σ over the catalogue and m = ā / σ: v_i = (z_i − m (m·z_i) / |m|²) / (K σ). Then h·v_i compares what
    sets the history apart from the average track with what sets track i apart; the part of h that every history has
    (along ā) adds nothing, however long the history is. b = 0.
    """
    mean, deviation = affinities.mean(axis=0), affinities.std(axis=0)
    deviation = np.maximum(deviation, 0.05 * max(float(deviation.max()), 1e-3))
    standard, common = (affinities - mean) / deviation, mean / deviation
    common = common / max(float(np.linalg.norm(common)), 1e-9)
    along = standard - np.outer(standard @ common, common)
    return Responses(along / (affinities.shape[1] * deviation), np.zeros(len(affinities)))


def _sums(affinities: Doubles, interactions: Interactions) -> tuple[Doubles, Doubles]:
    """Σ c a, (U, K), and Σ c, (U,), of each person."""
    people = len(interactions.user_ids)
    weights = interactions.weights
    sums = np.zeros((people, affinities.shape[1]))
    bounds = np.searchsorted(interactions.users, np.arange(people + 1))
    for person in range(people):
        rows = slice(bounds[person], bounds[person + 1])
        sums[person] = weights[rows] @ affinities[interactions.tracks[rows]]
    return sums, np.bincount(interactions.users, weights=weights, minlength=people).astype(np.float64)


def _without_self(affinities: Doubles, interactions: Interactions, sums: Doubles, weights: Doubles) -> Doubles:
    """(n, K): for each entry, its person's history weights without that entry; zero for a person's only one."""
    own = interactions.weights
    left = sums[interactions.users] - own[:, None] * affinities[interactions.tracks]
    remaining = weights[interactions.users] - own
    return np.where(remaining[:, None] > 1e-9, left / np.sqrt(np.maximum(remaining, 1e-9))[:, None], 0.0)


def _content_map(affinities: Doubles, gram: Doubles, targets: Doubles, heard: NDArray[np.int64], strength: float) -> Doubles:
    """M a_i of each track, (N, K): M = (HᵀH + λI)⁻¹ R A (AᵀA + μI)⁻¹ over the tracks that somebody heard; R are the targets."""
    warm = heard > 0
    known = affinities[warm]
    square = known.T @ known
    shrinkage = 0.1 * float(np.trace(square)) / len(square) + 1e-9
    by_history = np.linalg.solve(gram + strength * np.eye(len(gram)), targets[warm].T @ known)
    return np.asarray(affinities @ np.linalg.solve(square + shrinkage * np.eye(len(square)), by_history.T))
