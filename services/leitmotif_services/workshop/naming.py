"""Names prototypes so that a person knows what to expect: by their tag, or by nearest tags and what stands out in the sound."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.audio.embedding import AudioDescriptors
from leitmotif_services.workshop.track_naming import track_id_of

Doubles = NDArray[np.float64]

_WORDS: tuple[tuple[str, str], ...] = (
    ("slow", "fast"),
    ("free", "steady"),
    ("dark", "bright"),
    ("quiet", "loud"),
    ("even", "dynamic"),
    ("smooth", "percussive"),
    ("sparse", "busy"),
    ("minor", "major"),
)
"""What a low and a high value of each column of `descriptor_matrix` is called."""

_NOTABLE = 0.2
"""Standard deviations from the catalogue's mean from which on a quality is worth a word."""

_NEAR_TAG = 0.3
"""Correlation with a tag from which on the tag helps to name a discovered prototype."""


@dataclass(frozen=True)
class Name:
    """How a prototype is called."""

    prototype_id: str
    label: str
    description: str


def descriptor_matrix(descriptors: Sequence[AudioDescriptors]) -> Doubles:
    """(N, 8) standardised over the catalogue, 0 where a quality is unknown or the same everywhere; columns as `_WORDS`.

    Tempo, brightness and onset rate count by ratio: they are compared on a logarithmic scale.
    """
    rows = np.array(
        [
            (
                np.log(track.tempo_bpm) if track.tempo_bpm > 0 else np.nan,
                track.pulse_clarity,
                np.log(max(track.brightness_hz, 20.0)),
                track.loudness_db,
                track.dynamics_db,
                track.percussiveness,
                np.log(max(track.onset_rate_hz, 0.1)),
                track.majorness,
            )
            for track in descriptors
        ],
        np.float64,
    )
    standard = np.zeros_like(rows)
    for column, values in enumerate(rows.T):
        known = np.isfinite(values)
        deviation = float(values[known].std()) if known.any() else 0.0
        if deviation > 1e-9:
            standard[known, column] = (values[known] - values[known].mean()) / deviation
    return standard


def name_tags(tags: Sequence[str], carriers: Sequence[int], track_count: int) -> list[Name]:
    """Names of tag-anchored prototypes: the tag as it is, with an id made of it."""
    ids = unique_prototype_ids(tags)
    return [
        Name(prototype_id, tag, f"Music like the {count} of {track_count} tracks that people tag “{tag}”.")
        for prototype_id, tag, count in zip(ids, tags, carriers, strict=True)
    ]


def name_discovered(
    affinities: Doubles, qualities: Doubles, tags: Sequence[str], tag_carriers: NDArray[np.bool_], taken: Sequence[Name]
) -> list[Name]:
    """Names of discovered prototypes from their affinities (N, K) and the tracks' `descriptor_matrix`.

    A label is the nearest tag, where one correlates, and what the tracks of high affinity have more or less of than the
    catalogue, strongest first: "piano · dark", "slow · sparse". Labels differ from each other and from those in `taken`.
    """
    labels = {name.label.casefold() for name in taken}
    ids = [name.prototype_id for name in taken]
    names = []
    for column in affinities.T:
        words = _standing_out(column, qualities)
        near = _nearest_tag(column, tags, tag_carriers)
        label = _unused(_candidates(near, words), labels)
        labels.add(label.casefold())
        prototype_id = unique_prototype_ids([f"sound-{label}"], taken=ids)[0]
        ids.append(prototype_id)
        heard = ", ".join(words[:3]) or "close to the average"
        near_tag = f", nearest to what people tag “{near}”" if near else ""
        names.append(Name(prototype_id, label, f"A sound found in the music itself: {heard}{near_tag}."))
    return names


def unique_prototype_ids(labels: Sequence[str], taken: Sequence[str] = ()) -> list[str]:
    """Lower-case ids made of labels; one that is taken already ends in a number."""
    used = set(taken)
    ids = []
    for label in labels:
        wanted = track_id_of(label).lower()[:100]
        candidate, number = wanted, 1
        while candidate in used:
            number += 1
            candidate = f"{wanted}-{number}"
        used.add(candidate)
        ids.append(candidate)
    return ids


def _standing_out(affinity: Doubles, qualities: Doubles) -> list[str]:
    weights = np.maximum(affinity - affinity.mean(), 0.0)
    total = float(weights.sum())
    if total <= 1e-12:
        return []
    means = weights @ qualities / total
    order = np.argsort(-np.abs(means), kind="stable")
    return [_WORDS[quality][int(means[quality] > 0)] for quality in order if abs(means[quality]) >= _NOTABLE]


def _nearest_tag(affinity: Doubles, tags: Sequence[str], carriers: NDArray[np.bool_]) -> str:
    best, nearest = _NEAR_TAG, ""
    for tag, column in zip(tags, carriers.T.astype(np.float64), strict=True):
        if affinity.std() > 1e-12 and column.std() > 0:
            correlation = float(np.corrcoef(affinity, column)[0, 1])
            if correlation > best:
                best, nearest = correlation, tag
    return nearest


def _candidates(near: str, words: Sequence[str]) -> list[str]:
    """Labels from the most to the least telling."""
    strongest = [word for word in words[:4] if word.casefold() != near.casefold()]
    if near:
        pairs = [f"{near} · {word}" for word in strongest]
        triples = [f"{near} · {one} · {two}" for one, two in combinations(strongest, 2)]
        return [*pairs, *triples, f"near {near}"]
    pairs = [f"{one} · {two}" for one, two in combinations(strongest, 2)]
    triples = [f"{one} · {two} · {three}" for one, two, three in combinations(strongest, 3)]
    return [*pairs, *triples, *strongest, "in between"]


def _unused(candidates: Sequence[str], labels: set[str]) -> str:
    for candidate in candidates:
        if candidate.casefold() not in labels:
            return candidate
    number = 2
    while f"{candidates[0]} {number}".casefold() in labels:
        number += 1
    return f"{candidates[0]} {number}"
