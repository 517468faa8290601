"""A track from its audio into the catalogue: received within a bound on memory, embedded, upserted, described."""

import asyncio
from collections.abc import AsyncIterator

from leitmotif.api.audio.v1 import audio_pb2
from leitmotif.api.gateway.v1 import gateway_pb2
from leitmotif.api.prototypes.v1 import catalogue_pb2
from leitmotif_services.gateway.active_model import ActiveModel, PrototypeNames, model_changed
from leitmotif_services.gateway.embedding import Embedding
from leitmotif_services.gateway.upstreams import Deadline, Upstreams, call
from leitmotif_services.runtime.byte_budget import ByteBudget
from leitmotif_services.runtime.errors import Reason, ServiceError, invalid_field
from leitmotif_services.runtime.message_budget import TRANSFER_S, WAIT_S
from leitmotif_services.runtime.status import UpstreamError
from leitmotif_services.runtime.validation import checked_id

MAX_FILE_BYTES = 60 << 20
"""What the audio service takes of one file by default."""

MAX_PIECE_BYTES = 4 << 20
"""Largest chunk, or message of samples."""

_PROTOTYPES = 5
_TRIES = 3

Requests = AsyncIterator[gateway_pb2.IngestTrackRequest]


class TrackIngestion:
    """IngestTrack. `budget` is shared by all files that are being received; samples are passed on as they come."""

    def __init__(self, upstreams: Upstreams, model: ActiveModel, embedding: Embedding, budget: ByteBudget) -> None:
        self._upstreams = upstreams
        self._model = model
        self._embedding = embedding
        self._budget = budget

    async def ingest(self, requests: Requests, deadline: Deadline) -> gateway_pb2.IngestTrackResponse:
        """Put the track into the catalogue and say what it expresses."""
        start = await _start_of(requests)
        track_id = checked_id("start.track.track_id", start.track.track_id)
        if start.prototype_count < -1:
            raise invalid_field("start.prototype_count", f"must be at least -1, is {start.prototype_count}")
        encoder_id = (await self._model.answering("", deadline)).encoder_id
        match start.WhichOneof("audio"):
            case "file_bytes":
                embedded = await self._embed_file(requests, start.file_bytes, track_id, encoder_id, deadline)
            case "samples":
                samples = _pieces(requests, "samples")
                embedded = await self._embedding.of_samples(samples, start.samples, track_id, encoder_id, deadline)
            case _:
                raise invalid_field("start.audio", "must be file_bytes or samples")
        track = start.track
        track.duration_s = track.duration_s or embedded.duration_s
        revision = await self._upsert(track, embedded.embedding.values, encoder_id, deadline)
        described = await self._described(track_id, start.prototype_count or _PROTOTYPES, deadline)
        described.catalogue_revision = revision
        return described

    async def _embed_file(
        self, requests: Requests, file_bytes: int, track_id: str, encoder_id: str, deadline: Deadline
    ) -> audio_pb2.TrackEmbedding:
        if not 1 <= file_bytes <= MAX_FILE_BYTES:
            if file_bytes < 1:
                raise invalid_field("start.file_bytes", f"must be at least 1, is {file_bytes}")
            message = f"the file has {file_bytes} bytes, {MAX_FILE_BYTES} are allowed; send longer audio as samples"
            raise ServiceError(Reason.LIMIT_EXCEEDED, message, limit=MAX_FILE_BYTES, actual=file_bytes)
        await self._budget.wait_for(file_bytes, WAIT_S)
        try:
            item = await _received(requests, file_bytes, track_id)
            return await self._embedding.of_file(item, encoder_id, deadline)
        finally:
            self._budget.resize(file_bytes, 0)

    async def _upsert(self, track: catalogue_pb2.Track, embedding: bytes, encoder_id: str, deadline: Deadline) -> int:
        request = catalogue_pb2.UpsertTracksRequest(
            tracks=[catalogue_pb2.TrackUpsert(track=track, embedding=embedding)], encoder_id=encoder_id
        )
        answer = await call("prototypes", self._upstreams.catalogue.UpsertTracks, request, deadline)
        (status,) = answer.statuses
        if status.code:
            raise UpstreamError(status)
        return answer.catalogue_revision

    async def _described(self, track_id: str, count: int, deadline: Deadline) -> gateway_pb2.IngestTrackResponse:
        lookup = catalogue_pb2.GetTrackRequest(track_id=track_id)
        for _ in range(_TRIES):
            found = await call("prototypes", self._upstreams.catalogue.GetTrack, lookup, deadline)
            names = await self._names(found.model_version, deadline)
            if names is not None:
                break
        else:
            raise model_changed()
        # Thresholds do not tell: they change with a compaction, and a track that carries the prototype's tag need not reach one.
        expressed = frozenset(found.expressed_positions)
        prototypes = [
            gateway_pb2.ExpressedPrototype(
                prototype_id=prototype_id, label=label, affinity=affinity, expressed=position in expressed
            )
            for position, ((prototype_id, label), affinity) in enumerate(zip(names.labels.items(), found.affinities, strict=True))
        ]
        prototypes.sort(key=lambda prototype: -prototype.affinity)
        return gateway_pb2.IngestTrackResponse(
            track=found.track,
            prototypes=prototypes if count < 0 else prototypes[:count],
            model_version=found.model_version,
        )

    async def _names(self, model_version: str, deadline: Deadline) -> PrototypeNames | None:
        """Names of the prototypes of the model that answered last; None when another has taken over since."""
        profile_version = await self._model.profile_version_of(model_version, "", deadline)
        try:
            return await self._model.names(profile_version, "", deadline) if profile_version else None
        except ServiceError as error:
            if error.reason == Reason.MODEL_VERSION_MISMATCH:
                return None
            raise


async def _start_of(requests: Requests) -> gateway_pb2.IngestStart:
    async for request in requests:
        if request.HasField("start"):
            return request.start
        break
    raise invalid_field("start", "must be the first message")


async def _received(requests: Requests, file_bytes: int, track_id: str) -> audio_pb2.AudioItem:
    pieces: list[bytes] = []
    received = 0
    try:
        async with asyncio.timeout(TRANSFER_S):
            async for piece in _pieces(requests, "chunk"):
                received += len(piece)
                if received > file_bytes:
                    message = f"the chunks have more than the {file_bytes} bytes that were announced"
                    raise ServiceError(Reason.LIMIT_EXCEEDED, message, limit=file_bytes, actual=received)
                pieces.append(piece)
    except TimeoutError:
        raise ServiceError(Reason.OVERLOADED, "the file was too slow in coming", bound="slow requests") from None
    if received < file_bytes:
        raise invalid_field("chunk", f"{file_bytes} bytes were announced, {received} came")
    return audio_pb2.AudioItem(track_id=track_id, content=b"".join(pieces))


async def _pieces(requests: Requests, kind: str) -> AsyncIterator[bytes]:
    async for request in requests:
        if request.WhichOneof("part") != kind:
            raise invalid_field("part", f"must be {kind} in every message but the first, is {request.WhichOneof('part')}")
        piece: bytes = getattr(request, kind)
        if len(piece) > MAX_PIECE_BYTES:
            message = f"a message has {len(piece)} bytes of audio, {MAX_PIECE_BYTES} are allowed"
            raise ServiceError(Reason.LIMIT_EXCEEDED, message, limit=MAX_PIECE_BYTES, actual=len(piece))
        yield piece
