"""Prototypes, tracks, rankings and models."""

from leitmotif._convert.times import time_of
from leitmotif.api.gateway.v1 import gateway_pb2
from leitmotif.api.prototypes.v1 import catalogue_pb2, models_pb2
from leitmotif.api.prototypes.v1 import prototypes_pb2 as pb2
from leitmotif.types import (
    Contribution,
    DescribedTrack,
    Exemplar,
    Explanation,
    Fidelity,
    Model,
    Prototype,
    PrototypeSource,
    Recommendations,
    ScoredTrack,
    Track,
)

_SOURCES = {
    pb2.PROTOTYPE_SOURCE_TAG: PrototypeSource.TAG,
    pb2.PROTOTYPE_SOURCE_DISCOVERED: PrototypeSource.DISCOVERED,
}


def prototype_of(message: pb2.Prototype) -> Prototype:
    return Prototype(
        prototype_id=message.prototype_id,
        position=message.position,
        label=message.label,
        description=message.description,
        source=_SOURCES.get(message.source, PrototypeSource.UNKNOWN),
        fidelity=_fidelity_of(message.fidelity) if message.HasField("fidelity") else None,
        exemplars=tuple(map(_exemplar_of, message.exemplars)),
        expressed_affinity=message.expressed_affinity,
        expressed_tracks=message.expressed_tracks,
    )


def _fidelity_of(message: pb2.Fidelity) -> Fidelity:
    return Fidelity(message.roc_auc, message.average_precision, message.positives, message.weak)


def _exemplar_of(message: pb2.Exemplar) -> Exemplar:
    return Exemplar(
        track_id=message.track_id,
        title=message.title,
        artist=message.artist,
        start_s=message.start_s,
        duration_s=message.duration_s,
        affinity=message.affinity,
        mime_type=message.mime_type,
    )


def track_of(message: catalogue_pb2.Track) -> Track:
    return Track(message.track_id, message.title, message.artist, message.duration_s, tuple(message.tags))


def described_track_of(message: catalogue_pb2.GetTrackResponse) -> DescribedTrack:
    return DescribedTrack(track_of(message.track), tuple(message.affinities), message.model_version)


def scored_track_of(message: pb2.ScoredTrack) -> ScoredTrack:
    return ScoredTrack(
        track=track_of(message.track),
        rank=message.rank,
        score=message.score,
        bias=message.bias,
        contributions=tuple(map(_contribution_of, message.contributions)),
        other_contributions=message.other_contributions,
        reason=message.reason,
    )


def _contribution_of(message: pb2.Contribution) -> Contribution:
    return Contribution(
        prototype_id=message.prototype_id,
        label=message.label,
        contribution=message.contribution,
        edit_contribution=message.edit_contribution,
        affinity=message.affinity,
    )


def recommendations_of(message: gateway_pb2.RecommendResponse) -> Recommendations:
    return Recommendations(tuple(map(scored_track_of, message.tracks)), message.model_version, message.etag)


def explanation_of(message: gateway_pb2.ExplainResponse) -> Explanation:
    return Explanation(scored_track_of(message.track), tuple(message.removed_by), message.model_version)


def model_of(message: models_pb2.Model, prototype_ids: tuple[str, ...] = ()) -> Model:
    return Model(
        model_version=message.model_version,
        kind=message.kind,
        encoder_id=message.encoder_id,
        prototype_count=message.prototype_count,
        track_count=message.track_count,
        created_at=time_of(message, "created_at"),
        metrics=dict(message.metrics),
        active=message.active,
        prototype_ids=prototype_ids,
    )
