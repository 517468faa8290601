"""Tracks and prototypes."""

import struct

from google.rpc import status_pb2

from leitmotif._convert.status import error_of_status
from leitmotif.api.gateway.v1 import gateway_pb2
from leitmotif.api.prototypes.v1 import catalogue_pb2
from leitmotif.api.prototypes.v1 import prototypes_pb2 as pb2
from leitmotif.types import (
    CreatedPrototype,
    DeletedTracks,
    DescribedTrack,
    Exemplar,
    ExpressedPrototype,
    Fidelity,
    FoundPrototype,
    IngestedTrack,
    Prototype,
    PrototypeSearch,
    PrototypeSource,
    Track,
    TrackFailure,
    TrackUpsert,
)

_SOURCES = {
    pb2.PROTOTYPE_SOURCE_TAG: PrototypeSource.TAG,
    pb2.PROTOTYPE_SOURCE_DISCOVERED: PrototypeSource.DISCOVERED,
    pb2.PROTOTYPE_SOURCE_TRACKS: PrototypeSource.TRACKS,
    pb2.PROTOTYPE_SOURCE_CLIP: PrototypeSource.CLIP,
    pb2.PROTOTYPE_SOURCE_PHRASE: PrototypeSource.PHRASE,
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
        hidden=message.hidden,
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


def created_prototype_of(message: gateway_pb2.CreatePrototypeResponse) -> CreatedPrototype:
    return CreatedPrototype(prototype_of(message.prototype), message.model_version)


def found_prototype_of(message: pb2.FoundPrototype) -> FoundPrototype:
    return FoundPrototype(prototype_of(message.prototype), message.score)


def prototype_search_of(message: gateway_pb2.SearchPrototypesResponse) -> PrototypeSearch:
    return PrototypeSearch(tuple(map(found_prototype_of, message.found)), message.by_meaning, message.model_version)


def track_of(message: catalogue_pb2.Track) -> Track:
    return Track(
        track_id=message.track_id,
        title=message.title,
        artist=message.artist,
        duration_s=message.duration_s,
        tags=tuple(message.tags),
        year=message.year if message.HasField("year") else None,
        texts=dict(message.texts),
        numbers=dict(message.numbers),
    )


def track_message_of(track: Track) -> catalogue_pb2.Track:
    return catalogue_pb2.Track(
        track_id=track.track_id,
        title=track.title,
        artist=track.artist,
        duration_s=track.duration_s,
        tags=track.tags,
        year=track.year,
        texts=track.texts,
        numbers=track.numbers,
    )


def described_track_of(message: catalogue_pb2.GetTrackResponse) -> DescribedTrack:
    return DescribedTrack(
        track_of(message.track), tuple(message.affinities), message.model_version, tuple(message.expressed_positions)
    )


def upsert_message_of(upsert: TrackUpsert) -> catalogue_pb2.TrackUpsert:
    embedding = struct.pack(f"<{len(upsert.embedding)}f", *upsert.embedding)
    return catalogue_pb2.TrackUpsert(track=track_message_of(upsert.track), embedding=embedding)


def upsert_failure_of(track_id: str, status: status_pb2.Status) -> TrackFailure:
    """Why a track was refused; `status` is not OK."""
    return TrackFailure(track_id, error_of_status(status))


def deleted_tracks_of(message: catalogue_pb2.DeleteTracksResponse) -> DeletedTracks:
    return DeletedTracks(
        deleted_track_ids=tuple(message.deleted_track_ids),
        unknown_track_ids=tuple(message.unknown_track_ids),
        catalogue_revision=message.catalogue_revision,
        model_version=message.model_version,
    )


def expressed_prototype_of(message: gateway_pb2.ExpressedPrototype) -> ExpressedPrototype:
    return ExpressedPrototype(message.prototype_id, message.label, message.affinity, message.expressed)


def ingested_track_of(message: gateway_pb2.IngestTrackResponse) -> IngestedTrack:
    return IngestedTrack(
        track=track_of(message.track),
        prototypes=tuple(map(expressed_prototype_of, message.prototypes)),
        catalogue_revision=message.catalogue_revision,
        model_version=message.model_version,
    )
