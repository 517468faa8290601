"""Simulated listeners whose taste is a mix of tags: interactions with a known truth behind them."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_EPOCH_S = 1_735_689_600
"""2025-01-01 00:00 UTC: the simulated year begins."""
_YEAR_S = 365 * 86_400


@dataclass(frozen=True)
class Listener:
    """A simulated person."""

    user_id: str
    likes: dict[str, float]
    """Liked tags with their strength, 0.5 to 1.5."""
    dislikes: str
    """A tag that this person avoids; empty where there are too few tags."""
    popularity: float
    """How much this person follows the crowd, 0 to 1."""


@dataclass(frozen=True)
class Interaction:
    """A track that a person listened to."""

    user_id: str
    track_id: str
    count: int
    """Plays, ≥ 1."""
    timestamp_s: int
    """Last play, Unix time."""


@dataclass(frozen=True)
class Audience:
    """The listeners with what they listened to, ordered by person and time."""

    listeners: tuple[Listener, ...]
    interactions: tuple[Interaction, ...]


def simulate_audience(tags: Mapping[str, Mapping[str, float]], *, listeners: int, seed: int = 0, noise: float = 1.0) -> Audience:
    """Listeners over a catalogue of `tags`: track id → tag → weight.

    A person likes two or three tags of one track and now and then one more, and dislikes one tag. The utility of a track
    is 4 · Σ likes·weights − 4 · dislike·weight + 1.5 · popularity · log-popularity + `noise` · Gumbel noise, where
    popularity falls as rank^-0.7 over a random order of the tracks. The person hears the 8 to 40 tracks (at most half of
    the catalogue) of highest utility, and plays the better ones more often.
    """
    rng = np.random.default_rng([seed, 41])
    track_ids = list(tags)
    names = sorted({tag for weights in tags.values() for tag in weights})
    column = {tag: position for position, tag in enumerate(names)}
    weights = np.zeros((len(track_ids), len(names)))
    for row, track_id in enumerate(track_ids):
        for tag, weight in tags[track_id].items():
            weights[row, column[tag]] = weight
    log_popularity = -0.7 * np.log1p(rng.permutation(len(track_ids)))
    people, interactions = [], []
    for number in range(listeners):
        person = _draw_listener(f"listener-{number:04d}", names, weights, rng)
        people.append(person)
        taste = np.zeros(len(names))
        for tag, strength in person.likes.items():
            taste[column[tag]] = strength
        if person.dislikes:
            taste[column[person.dislikes]] = -1.0
        utility = 4.0 * weights @ taste + 1.5 * person.popularity * log_popularity + noise * rng.gumbel(size=len(track_ids))
        interactions += _listen(person, utility, track_ids, rng)
    return Audience(tuple(people), tuple(interactions))


def write_interactions(path: Path, interactions: Sequence[Interaction]) -> None:
    """Write user_id,track_id,count as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["user_id", "track_id", "count"])
        rows.writerows([entry.user_id, entry.track_id, entry.count] for entry in interactions)


def _draw_listener(user_id: str, names: Sequence[str], weights: np.ndarray, rng: np.random.Generator) -> Listener:
    popularity = float(rng.beta(2.0, 2.0))
    if not names:
        return Listener(user_id, {}, "", popularity)
    own = np.flatnonzero(weights[int(rng.integers(len(weights)))])
    liked = list(rng.permutation(own)[: int(rng.integers(2, 4))])
    if rng.random() < 0.4 or not liked:
        liked.append(int(rng.integers(len(names))))
    likes = {names[int(tag)]: float(rng.uniform(0.5, 1.5)) for tag in liked}
    others = [name for name in names if name not in likes]
    return Listener(user_id, likes, others[int(rng.integers(len(others)))] if others else "", popularity)


def _listen(person: Listener, utility: np.ndarray, track_ids: Sequence[str], rng: np.random.Generator) -> list[Interaction]:
    wanted = int(np.clip(round(rng.lognormal(2.9, 0.45)), 8, 40))
    heard = np.argsort(-utility)[: max(1, min(wanted, len(track_ids) // 2))]
    best = utility[heard] - utility[heard[-1]]
    plays = 1 + rng.poisson(1.5 * best / max(1.0, float(best.mean())))
    times = np.sort(_EPOCH_S + rng.integers(_YEAR_S, size=len(heard)))
    order = rng.permutation(len(heard))
    return [
        Interaction(person.user_id, track_ids[int(heard[place])], int(plays[place]), int(time))
        for place, time in zip(order, times, strict=True)
    ]
