"""The half of PrototypesService that is about the prototypes: validate, convert, call the domain on a thread, convert back."""

# ruff: noqa: ARG002 (gRPC hands every method its request and context)

from collections.abc import AsyncIterator, Callable

from leitmotif.api.prototypes.v1 import prototypes_pb2 as pb2
from leitmotif_services.prototypes import vocabulary_convert
from leitmotif_services.prototypes.bounded_calls import BoundedCalls, Context
from leitmotif_services.prototypes.convert import mime_type_of
from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.models.model_registry import ModelRegistry
from leitmotif_services.prototypes.vocabulary.prototype_creation import PrototypeCreation
from leitmotif_services.prototypes.vocabulary.prototype_directions import Directions
from leitmotif_services.prototypes.vocabulary.prototype_edits import PrototypeEdits
from leitmotif_services.prototypes.vocabulary.prototype_search import PrototypeSearch
from leitmotif_services.runtime.admission import Admission
from leitmotif_services.runtime.errors import Reason, ServiceError, invalid_field
from leitmotif_services.runtime.pagination import decode_page_token, encode_page_token, page_size_of
from leitmotif_services.runtime.validation import checked_count, checked_id

DEFAULT_PAGE, MAX_PAGE = 100, 1000
DEFAULT_FOUND, MAX_FOUND = 10, 1000
CHUNK_BYTES = 64 << 10


class PrototypeMethods:
    """Lists, finds, shows, plays and edits prototypes. Each call takes the model that answers once, at its start."""

    def __init__(
        self,
        registry: ModelRegistry,
        calls: BoundedCalls,
        read_snippet: Callable[[ServedModel, str], bytes],
        edits: PrototypeEdits,
        creation: PrototypeCreation,
        activations: Admission,
        directions: Directions,
    ) -> None:
        """`activations`: threads for what reads and writes whole bundles, which takes seconds while searches go on."""
        self._registry = registry
        self._calls = calls
        self._read_snippet = read_snippet
        self._edits = edits
        self._creation = creation
        self._activations = activations
        self._search = PrototypeSearch(directions)

    async def ListPrototypes(self, request: pb2.ListPrototypesRequest, context: Context) -> pb2.ListPrototypesResponse:
        if request.user_id:
            checked_id("user_id", request.user_id)
        answering, _ = self._registry.for_user(request.user_id)
        size = page_size_of(request.page_size, default=DEFAULT_PAGE, maximum=MAX_PAGE)
        query = ("prototypes", request.show_hidden)
        model, start = self._page_start(decode_page_token(request.page_token, *query), answering)

        def answer() -> pb2.ListPrototypesResponse:
            listed = vocabulary_convert.shown_positions(model, show_hidden=request.show_hidden)
            rest = [position for position in listed if position >= start]
            page, later = rest[:size], rest[size:]
            token = encode_page_token(f"{later[0]}@{model.profile_version}", *query) if later else ""
            return self._calls.fitting(
                pb2.ListPrototypesResponse(
                    prototypes=[vocabulary_convert.message_at(model, position) for position in page],
                    next_page_token=token,
                    total_size=len(listed),
                    model_version=model.model_version,
                )
            )

        return await self._calls.on_thread(context, answer)

    async def SearchPrototypes(self, request: pb2.SearchPrototypesRequest, context: Context) -> pb2.SearchPrototypesResponse:
        model = self._registry.current()
        query = vocabulary_convert.query_of(request.query)
        phrase = vocabulary_convert.embedding_of("phrase_embedding", request.phrase_embedding, model)
        count = checked_count("count", request.count, default=DEFAULT_FOUND, maximum=MAX_FOUND)

        def answer() -> pb2.SearchPrototypesResponse:
            found = self._search.find(model, query, phrase, count=count, show_hidden=request.show_hidden)
            return self._calls.fitting(
                pb2.SearchPrototypesResponse(
                    found=[
                        pb2.FoundPrototype(prototype=vocabulary_convert.message_at(model, position), score=score)
                        for position, score in found
                    ],
                    model_version=model.model_version,
                )
            )

        return await self._calls.on_thread(context, answer)

    async def GetPrototype(self, request: pb2.GetPrototypeRequest, context: Context) -> pb2.GetPrototypeResponse:
        model = self._registry.current()
        position = _position(model, request.prototype_id)
        message = vocabulary_convert.message_at(model, position)
        return pb2.GetPrototypeResponse(prototype=message, model_version=model.model_version)

    async def CreatePrototype(self, request: pb2.CreatePrototypeRequest, context: Context) -> pb2.CreatePrototypeResponse:
        wanted = vocabulary_convert.wanted_of(request, self._registry.current())
        request_id = checked_id("request_id", request.request_id) if request.request_id else ""

        def answer(model: ServedModel, prototype_id: str) -> bytes:
            message = vocabulary_convert.message_at(model, model.prototype_positions[prototype_id])
            return pb2.CreatePrototypeResponse(prototype=message, model_version=model.model_version).SerializeToString()

        answered = await self._activations.run(self._creation.create, wanted, request_id, answer)
        return pb2.CreatePrototypeResponse.FromString(answered)

    async def UpdatePrototype(self, request: pb2.UpdatePrototypeRequest, context: Context) -> pb2.UpdatePrototypeResponse:
        self._registry.current()
        prototype_id = checked_id("prototype.prototype_id", request.prototype.prototype_id)
        edit = vocabulary_convert.edit_of(request)
        version = self._owner(prototype_id).model_version

        def answer() -> pb2.UpdatePrototypeResponse:
            self._edits.update(prototype_id, edit, self._registry.update)
            # Another model may have taken over meanwhile; the edit holds for it as well.
            model = self._registry.with_version(version) or self._owner(prototype_id)
            message = vocabulary_convert.message_at(model, model.prototype_positions[prototype_id])
            return pb2.UpdatePrototypeResponse(prototype=message, model_version=model.model_version)

        return await self._calls.on_thread(context, answer)

    async def ReadExemplar(self, request: pb2.ReadExemplarRequest, context: Context) -> AsyncIterator[pb2.ReadExemplarResponse]:
        model = self._registry.current()
        prototype = model.prototypes[_position(model, request.prototype_id)]
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
        mime_type = mime_type_of(snippet)
        for start in range(0, max(len(audio), 1), CHUNK_BYTES):
            chunk = audio[start : start + CHUNK_BYTES]
            yield pb2.ReadExemplarResponse(mime_type=mime_type if start == 0 else "", chunk=chunk)

    def _page_start(self, place: str, answering: ServedModel) -> tuple[ServedModel, int]:
        """Which model answers a page, and from which position on: later pages are of the prototypes that the first was of."""
        if not place:
            return answering, 0
        position, _, version = place.partition("@")
        if not (position.isascii() and position.isdecimal()) or len(position) > 12:
            raise ServiceError(Reason.PAGE_TOKEN_INVALID, "page_token is not one of this query; start again without a token")
        model = answering if answering.profile_version == version else self._registry.with_profile_version(version)
        if model is None:
            raise ServiceError(
                Reason.PAGE_TOKEN_INVALID,
                "page_token is of a model that is not loaded any more; start again without a token",
            )
        return model, int(position)

    def _owner(self, prototype_id: str) -> ServedModel:
        """A loaded model that has the prototype, the active one where it has."""
        serving = self._registry.serving()
        for model in serving.loaded if serving else ():
            if prototype_id in model.prototype_positions:
                return model
        raise _unknown(prototype_id)


def _position(model: ServedModel, prototype_id: str) -> int:
    position = model.prototype_positions.get(checked_id("prototype_id", prototype_id))
    if position is None:
        raise _unknown(prototype_id)
    return position


def _unknown(prototype_id: str) -> ServiceError:
    return ServiceError(Reason.PROTOTYPE_NOT_FOUND, f"no prototype {prototype_id!r} in the model", prototype_id=prototype_id)
