"""The half of PrototypesService that is about the prototypes themselves."""

# ruff: noqa: ARG002 (gRPC hands every method its request and context)

from collections.abc import AsyncIterator, Callable

from leitmotif.api.prototypes.v1 import prototypes_pb2 as pb2
from leitmotif_services.prototypes import convert
from leitmotif_services.prototypes.bounded_calls import BoundedCalls, Context, page_start
from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.models.model_registry import ModelRegistry
from leitmotif_services.runtime.errors import Reason, ServiceError, invalid_field
from leitmotif_services.runtime.pagination import encode_page_token, page_size_of
from leitmotif_services.runtime.validation import checked_id

DEFAULT_PAGE, MAX_PAGE = 100, 1000
CHUNK_BYTES = 64 << 10


class PrototypeMethods:
    """Lists, shows and plays prototypes."""

    def __init__(self, registry: ModelRegistry, calls: BoundedCalls, read_snippet: Callable[[ServedModel, str], bytes]) -> None:
        self._registry = registry
        self._calls = calls
        self._read_snippet = read_snippet

    async def ListPrototypes(self, request: pb2.ListPrototypesRequest, context: Context) -> pb2.ListPrototypesResponse:
        model = self._registry.current()
        size = page_size_of(request.page_size, default=DEFAULT_PAGE, maximum=MAX_PAGE)
        query = ("prototypes", model.model_version)
        start = page_start(request.page_token, *query)
        end = min(start + size, len(model.prototypes))

        def answer() -> pb2.ListPrototypesResponse:
            return self._calls.fitting(
                pb2.ListPrototypesResponse(
                    prototypes=[_prototype_message(model, position) for position in range(start, end)],
                    next_page_token=encode_page_token(str(end), *query) if end < len(model.prototypes) else "",
                    total_size=len(model.prototypes),
                    model_version=model.model_version,
                )
            )

        return await self._calls.on_thread(context, answer)

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
        audio = await self._calls.on_thread(context, lambda: self._read_snippet(model, snippet))
        mime_type = convert.mime_type_of(snippet)
        for start in range(0, max(len(audio), 1), CHUNK_BYTES):
            chunk = audio[start : start + CHUNK_BYTES]
            yield pb2.ReadExemplarResponse(mime_type=mime_type if start == 0 else "", chunk=chunk)


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
