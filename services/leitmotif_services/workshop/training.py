"""Trains the `leitmotif` model: affinities, prototypes, responses and gain, from a data set to what a bundle holds."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.prototypes.affinity_heads import combined_affinities
from leitmotif_services.prototypes.bundle_writing import TrainedModel
from leitmotif_services.prototypes.expression import carriers_expressed_rank, least_expressed_rank
from leitmotif_services.prototypes.prototype import Fidelity, Prototype
from leitmotif_services.prototypes.track import Track
from leitmotif_services.workshop.affinity_head import fit_tag_heads
from leitmotif_services.workshop.content_responses import content_responses
from leitmotif_services.workshop.dataset import MusicDataset
from leitmotif_services.workshop.discovery import discover
from leitmotif_services.workshop.edit_gain import fit_edit_gain
from leitmotif_services.workshop.exemplars import cut_exemplars
from leitmotif_services.workshop.logistic_regression import LinearHead
from leitmotif_services.workshop.naming import Name, descriptor_matrix, name_discovered, name_tags
from leitmotif_services.workshop.ogg_serial import with_serial
from leitmotif_services.workshop.recommenders.leitmotif_responses import Responses
from leitmotif_services.workshop.recommenders.leitmotif_scorer import history_profiles
from leitmotif_services.workshop.response_training import histories, train_responses

Doubles = NDArray[np.float64]
Progress = Callable[[str, int, int], None]
"""Gets what is being done, and how much of how much is done."""

KIND = "leitmotif"

_MOST_TAGS = 128
FEWEST_CARRIERS = 4
"""Tracks that a tag needs to carry a prototype."""
_LARGEST_SHARE = 0.8
"""A tag that more tracks than this carry tells nothing apart."""


@dataclass(frozen=True)
class _Prototypes:
    """The K prototypes before they have exemplars: those of tags, then the discovered ones."""

    head: LinearHead
    names: list[Name]
    fidelity: list[Fidelity | None]
    tag_weights: Doubles
    """(N, T): relative weight of each anchoring tag on each track."""

    @property
    def tag_count(self) -> int:
        return int(self.tag_weights.shape[1])


def train(
    dataset: MusicDataset,
    *,
    prototypes: int | None = None,
    seed: int = 0,
    cut: Callable[[bytes, float, float], bytes] | None = None,
    on_progress: Progress | None = None,
) -> TrainedModel:
    """Train on N ≥ 2 tracks. The same data and seed give the same model on the same machine.

    `prototypes`: how many there shall be; by default one for each tag that at least 4 tracks and at most 80 % carry (the 128
    most carried) and N / 20 discovered ones (2 to 8); without such tags, N / 2 discovered ones (3 to 12). `cut` makes the
    exemplars' snippets: the audio service's own by default.
    """
    report = on_progress or _unreported
    report("prototypes", 0, 1)
    found = _find_prototypes(dataset, prototypes, seed)
    affinities = _affinities(dataset, found, found.head.affinities(dataset.embeddings), np.arange(len(dataset.tracks)))
    report("responses", 0, 1)
    responses, histories, metrics = _respond(dataset, affinities, seed)
    ranks = _expressed_ranks(dataset, found, affinities)
    gain = fit_edit_gain(affinities, responses, histories, ranks, seed=seed)
    report("exemplars", 0, 1)
    segments = _affinities(dataset, found, found.head.affinities(dataset.segment_embeddings), dataset.segment_tracks)
    shown = cut_exemplars(dataset, segments, cut or _cut_snippet, partial(report, "exemplars"))
    aucs = [fidelity.roc_auc for fidelity in found.fidelity if fidelity is not None]
    if aucs:
        metrics |= {"tag_roc_auc_mean": float(np.mean(aucs)), "tag_roc_auc_weak": float(sum(auc < 0.7 for auc in aucs))}
    return TrainedModel(
        kind=KIND,
        encoder_id=dataset.encoder_id,
        encoder_sha256=dataset.encoder_sha256,
        tracks=[
            Track(track.track_id, track.title, track.artist, track.duration_s, _by_weight(track.tags), track.year)
            for track in dataset.tracks
        ],
        prototypes=[
            Prototype(
                prototype_id=name.prototype_id,
                label=name.label,
                description=name.description,
                source="tag" if position < found.tag_count else "discovered",
                fidelity=found.fidelity[position],
                exemplars=shown.exemplars[position],
                expressed_rank=ranks[position],
            )
            for position, name in enumerate(found.names)
        ],
        embeddings=dataset.embeddings.astype(np.float32),
        affinities=affinities.astype(np.float32),
        responses=responses.responses.astype(np.float32),
        bias=responses.bias.astype(np.float32),
        edit_gain=gain,
        head_weights=found.head.weights.astype(np.float32),
        head_offsets=found.head.offsets.astype(np.float32),
        metrics=metrics,
        snippets=shown.snippets,
    )


def anchoring_tags(dataset: MusicDataset, most: int) -> list[str]:
    """Tags that carry a prototype, the most carried first: at least 4 tracks and at most 80 % of the catalogue have them."""
    carriers = Counter(tag for track in dataset.tracks for tag in track.tags)
    usable = [tag for tag, count in carriers.items() if FEWEST_CARRIERS <= count <= _LARGEST_SHARE * len(dataset.tracks)]
    return sorted(usable, key=lambda tag: (-carriers[tag], tag))[: min(most, _MOST_TAGS)]


def rare_tags(dataset: MusicDataset) -> list[str]:
    """Tags that carry no prototype since fewer than 4 tracks have them, in alphabetical order."""
    carriers = Counter(tag for track in dataset.tracks for tag in track.tags)
    return sorted(tag for tag, count in carriers.items() if count < FEWEST_CARRIERS)


def _find_prototypes(dataset: MusicDataset, wanted: int | None, seed: int) -> _Prototypes:
    count = len(dataset.tracks)
    tags = anchoring_tags(dataset, _MOST_TAGS if wanted is None else max(0, wanted - min(wanted // 4, 8)))
    if wanted is not None:
        discovered = wanted - len(tags)
    elif tags:
        discovered = min(8, max(2, count // 20))
    else:
        discovered = min(12, max(3, count // 2))
    tag_weights = dataset.tag_matrix(tuple(tags))
    carriers = tag_weights > 0.0
    names = name_tags(tags, [int(column.sum()) for column in carriers.T], count)
    heads: list[LinearHead] = []
    fidelity: list[Fidelity | None] = []
    if tags:
        fitted = fit_tag_heads(dataset.embeddings, carriers, [track.artist for track in dataset.tracks], seed=seed)
        heads.append(fitted.head)
        fidelity += fitted.fidelity
    if discovered > 0:
        head = discover(dataset.segment_embeddings, discovered, seed=seed)
        qualities = descriptor_matrix([track.descriptors for track in dataset.tracks])
        names += name_discovered(head.affinities(dataset.embeddings), qualities, tags, carriers, names)
        heads.append(head)
        fidelity += [None] * len(head.offsets)
    joined = heads[0] if len(heads) == 1 else heads[0].joined(heads[1])
    return _Prototypes(joined, names, fidelity, tag_weights)


def _affinities(dataset: MusicDataset, found: _Prototypes, heard: Doubles, tracks: NDArray[np.int64]) -> Doubles:
    """Affinities of the tracks, or segments, whose head outputs are `heard` (n, K) and which belong to `tracks` (n,)."""
    tagged = np.array([bool(track.tags) for track in dataset.tracks])
    with_tags = combined_affinities(heard[:, : found.tag_count], found.tag_weights[tracks], tagged[tracks])
    return np.hstack([with_tags, heard[:, found.tag_count :]])


def _expressed_ranks(dataset: MusicDataset, found: _Prototypes, affinities: Doubles) -> list[int]:
    """`Prototype.expressed_rank` of each of the K prototypes; by the affinities as they are served, in float32."""
    ranks = [least_expressed_rank(len(dataset.tracks))] * len(found.names)
    for position, name in enumerate(found.names[: found.tag_count]):
        carriers = np.array([name.label in track.tags for track in dataset.tracks])
        ranks[position] = carriers_expressed_rank(affinities[:, position].astype(np.float32), carriers)
    return ranks


def _respond(dataset: MusicDataset, affinities: Doubles, seed: int) -> tuple[Responses, Doubles, dict[str, float]]:
    """Responses, the histories (U, K) that the gain is set on, and what was measured."""
    interactions = dataset.interactions
    if interactions is not None and len(interactions.users):
        trained = train_responses(affinities, interactions, seed=seed)
        return trained.fitted, history_profiles(affinities, histories(interactions, len(affinities))), trained.metrics
    # Nobody's listening is known: people who heard a few tracks drawn at random stand in for the audience.
    rng = np.random.default_rng([seed, 91])
    draws = rng.integers(len(affinities), size=(64, min(5, len(affinities))))
    return content_responses(affinities), affinities[draws].sum(axis=1) / np.sqrt(draws.shape[1]), {}


def _cut_snippet(content: bytes, start_s: float, duration_s: float) -> bytes:
    # Loaded here: it brings the decoder, and commands import this module to show their help.
    from leitmotif_services.audio.soundfile_snippet import cut_snippet

    return with_serial(cut_snippet(content, start_s, duration_s), serial=1)


def _unreported(_stage: str, _done: int, _total: int) -> None:
    pass


def _by_weight(tags: Mapping[str, float]) -> tuple[str, ...]:
    return tuple(sorted(tags, key=lambda tag: (-tags[tag], tag)))
