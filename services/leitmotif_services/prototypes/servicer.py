"""The prototypes service's methods: validate, convert, call the domain on a thread, convert back."""

# ruff: noqa: ARG002 (gRPC hands every method its request and context)

import time
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message

from leitmotif.api.prototypes.v1 import prototypes_pb2 as pb2
from leitmotif.api.prototypes.v1 import prototypes_pb2_grpc
from leitmotif_services.prototypes import convert
from leitmotif_services.prototypes.explanation import ALL
from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.model_registry import ModelRegistry
from leitmotif_services.prototypes.profile import Profile
from leitmotif_services.prototypes.recommendation import explain_track, known_position, recommend
from leitmotif_services.runtime.admission import Admission
from leitmotif_services.runtime.errors import Reason, ServiceError, invalid_field
from leitmotif_services.runtime.pagination import decode_page_token, encode_page_token, page_size_of
from leitmotif_services.runtime.validation import checked_count, checked_id, checked_length, checked_text

DEFAULT_COUNT, MAX_COUNT = 20, 1000
MAX_EXCLUDED = 20_000
MAX_LOOKED_UP = 10_000
DEFAULT_CONTRIBUTIONS = 3
DEFAULT_PAGE, MAX_PAGE = 100, 1000
MAX_QUERY_CHARACTERS = 256
CHUNK_BYTES = 64 << 10

Context = grpc.aio.ServicerContext[Any, Any]
M = TypeVar("M", bound=Message)
R = TypeVar("R")


class PrototypesServicer(prototypes_pb2_grpc.PrototypesServiceServicer):
    """Each call takes the active model once, at its start, and answers with that one to its end."""

    def __init__(
        self,
        registry: ModelRegistry,
        searches: Admission,
        activations: Admission,
        read_snippet: Callable[[ServedModel, str], bytes],
        *,
        max_message_bytes: int,
    ) -> None:
        self._registry = registry
        self._searches = searches
        self._activations = activations
        self._read_snippet = read_snippet
        self._max_message_bytes = max_message_bytes

    async def RecommendTracks(self, request: pb2.RecommendTracksRequest, context: Context) -> pb2.RecommendTracksResponse:
        model = self._registry.current()
        count = checked_count("count", request.count, default=DEFAULT_COUNT, maximum=MAX_COUNT)
        checked_length("excluded_track_ids", request.excluded_track_ids, maximum=MAX_EXCLUDED)
        contribution_count = request.contribution_count or DEFAULT_CONTRIBUTIONS
        if contribution_count < ALL:
            raise invalid_field("contribution_count", f"must be {ALL} for all, 0 or positive; is {contribution_count}")
        profile = _profile_of(request, model)

        def answer() -> pb2.RecommendTracksResponse:
            ranked = recommend(
                model,
                profile,
                count=count,
                excluded=request.excluded_track_ids,
                contribution_count=contribution_count,
                exact=request.exact,
            )
            tracks = [convert.scored_track_message(item, model.prototypes) for item in ranked]
            return self._fitting(pb2.RecommendTracksResponse(tracks=tracks, model_version=model.model_version))

        return await self._on_thread(context, answer)

    async def ExplainTrack(self, request: pb2.ExplainTrackRequest, context: Context) -> pb2.ExplainTrackResponse:
        model = self._registry.current()
        track_id = checked_id("track_id", request.track_id)
        profile = _profile_of(request, model)

        def answer() -> pb2.ExplainTrackResponse:
            ranked, removed_by = explain_track(model, profile, track_id)
            return pb2.ExplainTrackResponse(
                track=convert.scored_track_message(ranked, model.prototypes),
                removed_by=[model.prototypes[position].prototype_id for position in removed_by],
                model_version=model.model_version,
            )

        return await self._on_thread(context, answer)

    async def GetAffinities(self, request: pb2.GetAffinitiesRequest, context: Context) -> pb2.GetAffinitiesResponse:
        model = self._registry.current()
        checked_length("track_ids", request.track_ids, minimum=1, maximum=MAX_LOOKED_UP)

        def answer() -> pb2.GetAffinitiesResponse:
            known, unknown, positions = [], [], []
            for index, track_id in enumerate(request.track_ids):
                position = model.catalogue.position_of(track_id)
                if position is None:
                    unknown.append(checked_id(f"track_ids[{index}]", track_id))
                else:
                    known.append(track_id)
                    positions.append(position)
            self._check_size(4 * len(positions) * len(model.prototypes))
            return self._fitting(
                pb2.GetAffinitiesResponse(
                    affinities=convert.float_matrix(model.scoring.affinities[positions]),
                    track_ids=known,
                    unknown_track_ids=unknown,
                    model_version=model.model_version,
                )
            )

        return await self._on_thread(context, answer)

    async def ListPrototypes(self, request: pb2.ListPrototypesRequest, context: Context) -> pb2.ListPrototypesResponse:
        model = self._registry.current()
        size = page_size_of(request.page_size, default=DEFAULT_PAGE, maximum=MAX_PAGE)
        query = ("prototypes", model.model_version)
        start = _page_start(request.page_token, *query)
        end = min(start + size, len(model.prototypes))

        def answer() -> pb2.ListPrototypesResponse:
            return self._fitting(
                pb2.ListPrototypesResponse(
                    prototypes=[_prototype_message(model, position) for position in range(start, end)],
                    next_page_token=encode_page_token(str(end), *query) if end < len(model.prototypes) else "",
                    total_size=len(model.prototypes),
                    model_version=model.model_version,
                )
            )

        return await self._on_thread(context, answer)

    async def GetPrototype(self, request: pb2.GetPrototypeRequest, context: Context) -> pb2.GetPrototypeResponse:
        model = self._registry.current()
        position = _prototype_position(model, request.prototype_id)
        return pb2.GetPrototypeResponse(prototype=_prototype_message(model, position), model_version=model.model_version)

    async def ReadExemplar(self, request: pb2.ReadExemplarRequest, context: Context) -> AsyncIterator[pb2.ReadExemplarResponse]:
        model = self._registry.current()
        prototype = model.prototypes[_prototype_position(model, request.prototype_id)]
        index = request.exemplar_index
        if index < 0:
            raise invalid_field("exemplar_index", f"must not be negative, is {index}")
        snippet = prototype.exemplars[index].snippet if index < len(prototype.exemplars) else ""
        if not snippet:
            raise ServiceError(
                Reason.EXEMPLAR_NOT_FOUND,
                f"prototype {prototype.prototype_id} has no audio for an exemplar {index}",
                prototype_id=prototype.prototype_id,
                exemplar_index=index,
            )
        audio = await self._on_thread(context, lambda: self._read_snippet(model, snippet))
        mime_type = convert.mime_type_of(snippet)
        for start in range(0, max(len(audio), 1), CHUNK_BYTES):
            chunk = audio[start : start + CHUNK_BYTES]
            yield pb2.ReadExemplarResponse(mime_type=mime_type if start == 0 else "", chunk=chunk)

    async def ListTracks(self, request: pb2.ListTracksRequest, context: Context) -> pb2.ListTracksResponse:
        model = self._registry.current()
        size = page_size_of(request.page_size, default=DEFAULT_PAGE, maximum=MAX_PAGE)
        text = checked_text("query", request.query, maximum=MAX_QUERY_CHARACTERS)
        query = ("tracks", model.model_version, text)
        start = _page_start(request.page_token, *query)

        def answer() -> pb2.ListTracksResponse:
            matching = model.catalogue.matching(text)
            end = min(start + size, len(matching))
            return self._fitting(
                pb2.ListTracksResponse(
                    tracks=[convert.track_message(model.catalogue.tracks[position]) for position in matching[start:end]],
                    next_page_token=encode_page_token(str(end), *query) if end < len(matching) else "",
                    total_size=len(matching),
                    model_version=model.model_version,
                )
            )

        return await self._on_thread(context, answer)

    async def GetTrack(self, request: pb2.GetTrackRequest, context: Context) -> pb2.GetTrackResponse:
        model = self._registry.current()
        position = known_position(model, checked_id("track_id", request.track_id))
        return pb2.GetTrackResponse(
            track=convert.track_message(model.catalogue.tracks[position]),
            affinities=model.scoring.affinities[position].tolist(),
            model_version=model.model_version,
        )

    async def GetModel(self, request: pb2.GetModelRequest, context: Context) -> pb2.GetModelResponse:
        model = self._registry.current()
        return pb2.GetModelResponse(
            model=convert.model_message(model.manifest, active=True),
            prototype_ids=[prototype.prototype_id for prototype in model.prototypes],
        )

    async def ListModels(self, request: pb2.ListModelsRequest, context: Context) -> pb2.ListModelsResponse:
        manifests = await self._on_thread(context, self._registry.manifests)
        return pb2.ListModelsResponse(
            models=[
                convert.model_message(manifest, active=self._registry.is_active(manifest.model_version)) for manifest in manifests
            ]
        )

    async def ActivateModel(self, request: pb2.ActivateModelRequest, context: Context) -> pb2.ActivateModelResponse:
        version = checked_id("model_version", request.model_version)
        # On threads of its own: a bundle takes seconds to verify, and searches go on meanwhile.
        model = await self._activations.run(self._registry.activate, version)
        return pb2.ActivateModelResponse(model=convert.model_message(model.manifest, active=True))

    async def _on_thread(self, context: Context, work: Callable[[], R]) -> R:
        """Run `work` on a search thread, unless the caller's deadline passes while it waits for one."""
        remaining_s = context.time_remaining()
        deadline = None if remaining_s is None else time.monotonic() + remaining_s

        def timely() -> R:
            if deadline is not None and time.monotonic() > deadline:
                raise ServiceError(Reason.DEADLINE_EXCEEDED, "the deadline passed before the work began")
            return work()

        return await self._searches.run(timely)

    def _fitting(self, response: M) -> M:
        """`response` when it can be sent; LIMIT_EXCEEDED tells more than gRPC's own refusal to send it."""
        self._check_size(response.ByteSize())
        return response

    def _check_size(self, size_bytes: int) -> None:
        if size_bytes > self._max_message_bytes:
            raise ServiceError(
                Reason.LIMIT_EXCEEDED,
                f"the answer has {size_bytes} bytes, {self._max_message_bytes} can be sent; ask for less at once",
                limit=self._max_message_bytes,
                actual=size_bytes,
            )


def _profile_of(request: pb2.RecommendTracksRequest | pb2.ExplainTrackRequest, model: ServedModel) -> Profile:
    return convert.profile_of(request.profile, model_version=model.model_version, prototype_count=len(model.prototypes))


def _prototype_position(model: ServedModel, prototype_id: str) -> int:
    position = model.prototype_positions.get(checked_id("prototype_id", prototype_id))
    if position is None:
        raise ServiceError(Reason.PROTOTYPE_NOT_FOUND, f"no prototype {prototype_id!r} in the model", prototype_id=prototype_id)
    return position


def _prototype_message(model: ServedModel, position: int) -> pb2.Prototype:
    return convert.prototype_message(
        model.prototypes[position],
        position=position,
        expressed_affinity=float(model.expression.thresholds[position]),
        expressed_tracks=int(model.expression.counts[position]),
    )


def _page_start(token: str, *query: object) -> int:
    position = decode_page_token(token, *query) or "0"
    if not (position.isascii() and position.isdecimal()) or len(position) > 12:
        raise ServiceError(Reason.PAGE_TOKEN_INVALID, "page_token is not one of this query; start again without a token")
    return int(position)
