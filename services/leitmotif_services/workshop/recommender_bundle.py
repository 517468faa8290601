"""From a trained recommender over listening data to what a bundle holds: for catalogues that come as tables, without audio."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.prototypes.bundle_writing import Trained, TrainedApn, TrainedModel
from leitmotif_services.prototypes.expression import carriers_expressed_rank, least_expressed_rank
from leitmotif_services.prototypes.prototype import Exemplar, Fidelity, Prototype
from leitmotif_services.prototypes.track import Track
from leitmotif_services.workshop.listening.listening_data import ListeningData, TrainingData
from leitmotif_services.workshop.listening.track_fields import NO_FIELDS
from leitmotif_services.workshop.logistic_regression import LinearHead, fit_heads
from leitmotif_services.workshop.naming import Name, name_tags, unique_prototype_ids
from leitmotif_services.workshop.recommenders.apn_scorer import ApnScorer
from leitmotif_services.workshop.recommenders.leitmotif_scorer import LeitmotifScorer

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]

COLUMNS = "features"
"""Id of what stands for the encoder where features came as columns of a table."""

EXEMPLARS_EACH = 3
_HEAD_RIDGE = 30.0


@dataclass(frozen=True)
class Encoder:
    """What the features of the tracks were made by."""

    encoder_id: str
    sha256: str


def encoder_of_columns(names: Sequence[str]) -> Encoder:
    """Of features that came as columns of a table: the SHA-256 is that of their names."""
    return Encoder(COLUMNS if names else "none", hashlib.sha256(json.dumps(list(names)).encode()).hexdigest())


def bundle_content(
    scorer: ApnScorer | LeitmotifScorer,
    data: ListeningData,
    training: TrainingData,
    track_ids: Sequence[str],
    *,
    encoder: Encoder,
    fidelity: Mapping[str, Fidelity],
    metrics: Mapping[str, float],
) -> Trained:
    """What `write_bundle` takes. `track_ids` (N,): the ids that the service knows the items by; `fidelity` by tag.

    A track without audio has the embedding of the mean of the others; without any audio, embeddings are one column of zeros.
    Exemplars name the tracks of highest affinity; there are no snippets, since there is no audio to cut.
    """
    affinities = np.maximum(scorer.affinities, 0.0).astype(np.float32)
    common: dict[str, Any] = {
        "encoder_id": encoder.encoder_id,
        "encoder_sha256": encoder.sha256,
        "tracks": _tracks(data, training, track_ids),
        "prototypes": _prototypes(scorer, data, training, track_ids, affinities, fidelity),
        "embeddings": filled_audio(data.audio).astype(np.float32),
        "affinities": affinities,
        "edit_gain": float(scorer.edit_gain),
        "metrics": metrics,
    }
    if isinstance(scorer, ApnScorer):
        return TrainedApn(kind="apn", **common, **_apn_arrays(scorer, data.audio))
    head = _affinity_head(data.audio, affinities, scale_each=encoder.encoder_id == COLUMNS)
    return TrainedModel(
        kind="leitmotif",
        **common,
        responses=scorer.fitted.responses.astype(np.float32),
        bias=scorer.fitted.bias.astype(np.float32),
        head_weights=head.weights.astype(np.float32),
        head_offsets=head.offsets.astype(np.float32),
    )


def filled_audio(audio: Doubles) -> Doubles:
    """(N, F) with NaN replaced by the column's mean; (N, 1) of zeros where F is 0."""
    if not audio.shape[1]:
        return np.zeros((len(audio), 1))
    mean, _ = _moments(audio)
    return np.where(np.isfinite(audio), audio, mean)


def _moments(audio: Doubles) -> tuple[Doubles, Doubles]:
    """(F,) mean and standard deviation over the items that have each column, as `splits.standardised` takes them."""
    known = np.isfinite(audio)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, audio, 0.0).sum(axis=0) / count
    deviation = np.sqrt((np.where(known, audio - mean, 0.0) ** 2).sum(axis=0) / count)
    return mean, deviation


def _affinity_head(audio: Doubles, affinities: Floats, *, scale_each: bool) -> LinearHead:
    """Reads audio as it came. `scale_each`: its columns have units of their own; those of an encoder have one scale."""
    filled = filled_audio(audio)
    mean, deviation = filled.mean(axis=0), filled.std(axis=0)
    scale = np.where(deviation > 1e-12 * (1.0 + np.abs(mean)), deviation, 1.0) if scale_each else np.ones_like(mean)
    head = fit_heads((filled - mean) / scale, np.clip(affinities.astype(np.float64), 0.0, 1.0), _HEAD_RIDGE)
    weights = head.weights / scale
    return LinearHead(weights, head.offsets - weights @ mean)


def _apn_arrays(scorer: ApnScorer, audio: Doubles) -> dict[str, Any]:
    """The attention reads standardised audio over sqrt(F); here it reads audio as it came, and no tags."""
    features, parameters = audio.shape[1], scorer.parameters
    heads, prototypes, _ = parameters.attention.shape
    weights, offsets = np.zeros((heads, prototypes, max(features, 1))), np.zeros((heads, prototypes))
    if features:
        mean, deviation = _moments(audio)
        varies = deviation > 1e-12 * (1.0 + np.abs(mean))
        scale = np.where(varies, 1.0 / np.where(varies, deviation, 1.0), 0.0) / np.sqrt(features)
        weights = parameters.attention[:, :, :features] * scale
        offsets = -(weights @ mean)
    return {
        "hidden_weights": parameters.hidden.weights.astype(np.float32),
        "hidden_offsets": parameters.hidden.offsets.astype(np.float32),
        "output_weights": parameters.output_weights.astype(np.float32),
        "bias": parameters.bias.astype(np.float32),
        "attention_weights": weights.astype(np.float32),
        "attention_offsets": offsets.astype(np.float32),
    }


def _tracks(data: ListeningData, training: TrainingData, track_ids: Sequence[str]) -> list[Track]:
    counts = training.tag_counts.tocsr()
    tracks = []
    for item, track_id in enumerate(track_ids):
        start, end = counts.indptr[item], counts.indptr[item + 1]
        order = np.argsort(-counts.data[start:end], kind="stable")[:1000]
        tags = tuple(training.tags[tag] for tag in counts.indices[start:end][order])
        artist = "" if data.artists[item] == data.item_ids[item] else data.artists[item]
        known = data.fields.get(data.item_ids[item], NO_FIELDS)
        tracks.append(Track(track_id, data.item_names[item], artist, 0.0, tags, known.year, known.texts, known.numbers))
    return tracks


def _prototypes(
    scorer: ApnScorer | LeitmotifScorer,
    data: ListeningData,
    training: TrainingData,
    track_ids: Sequence[str],
    affinities: Floats,
    fidelity: Mapping[str, Fidelity],
) -> list[Prototype]:
    column = {tag: position for position, tag in enumerate(training.tags)}
    anchored = sorted(scorer.anchors, key=lambda tag: scorer.anchors[tag])
    carriers = np.asarray(training.tag_counts[:, [column[tag] for tag in anchored]].toarray() > 0)
    ranks = _expressed_ranks(scorer, carriers, affinities)
    names = name_tags(anchored, [int(tag.sum()) for tag in carriers.T], len(affinities))
    labels = scorer.prototypes[len(names) :]
    ids = unique_prototype_ids(labels, taken=[name.prototype_id for name in names])
    found = "what is heard and tagged together" if isinstance(scorer, LeitmotifScorer) else "what tracks sound like"
    names += [Name(prototype_id, label, f"Found in {found}.") for prototype_id, label in zip(ids, labels, strict=True)]
    return [
        Prototype(
            prototype_id=name.prototype_id,
            label=name.label,
            description=name.description,
            source="tag" if position < len(anchored) else "discovered",
            fidelity=fidelity.get(anchored[position]) if position < len(anchored) else None,
            exemplars=_exemplars(data, track_ids, affinities[:, position]),
            expressed_rank=ranks[position],
        )
        for position, name in enumerate(names)
    ]


def _expressed_ranks(scorer: ApnScorer | LeitmotifScorer, carriers: NDArray[np.bool_], affinities: Floats) -> list[int]:
    if isinstance(scorer, ApnScorer):
        return list(scorer.expressed_ranks)
    ranks = [carriers_expressed_rank(affinities[:, tag], carriers[:, tag]) for tag in range(carriers.shape[1])]
    return ranks + [least_expressed_rank(len(affinities))] * (affinities.shape[1] - len(ranks))


def _exemplars(data: ListeningData, track_ids: Sequence[str], affinity: Floats) -> tuple[Exemplar, ...]:
    """The tracks of highest affinity, one an artist."""
    chosen: dict[str, int] = {}
    for item in np.argsort(-affinity, kind="stable"):
        if affinity[item] <= 0 or len(chosen) == EXEMPLARS_EACH:
            break
        chosen.setdefault(data.artists[item], int(item))
    return tuple(
        Exemplar(
            track_id=track_ids[item],
            title=data.item_names[item],
            artist="" if artist == data.item_ids[item] else artist,
            start_s=0.0,
            duration_s=0.0,
            affinity=float(affinity[item]),
            snippet="",
        )
        for artist, item in chosen.items()
    )
