"""Prototypes by words and from examples: the audio service embeds, the prototypes service searches and creates."""

from leitmotif.api.audio.v1 import audio_pb2
from leitmotif.api.gateway.v1 import gateway_pb2
from leitmotif.api.prototypes.v1 import prototypes_pb2
from leitmotif_services.gateway.active_model import ActiveModel
from leitmotif_services.gateway.embedding import Embedding
from leitmotif_services.gateway.prototype_spaces import PrototypeSpaces
from leitmotif_services.gateway.upstreams import Deadline, Upstreams, call
from leitmotif_services.runtime.errors import Reason, invalid_field
from leitmotif_services.runtime.status import UpstreamError
from leitmotif_services.runtime.validation import checked_text

_MOST_QUERY_CHARACTERS = 256

_WORDS_ALONE = (
    Reason.ENCODER_READS_NO_TEXT,
    Reason.ENCODER_NOT_FOUND,
    Reason.LIMIT_EXCEEDED,
    Reason.OVERLOADED,
    Reason.UPSTREAM_UNAVAILABLE,
)
"""Where the meaning of the words cannot be had, labels and descriptions are searched all the same."""


class PrototypeMaking:
    """SearchPrototypes and CreatePrototype; see the proto for what each promises."""

    def __init__(self, upstreams: Upstreams, model: ActiveModel, spaces: PrototypeSpaces, embedding: Embedding) -> None:
        self._upstreams = upstreams
        self._model = model
        self._spaces = spaces
        self._embedding = embedding

    async def search(
        self, request: gateway_pb2.SearchPrototypesRequest, deadline: Deadline
    ) -> gateway_pb2.SearchPrototypesResponse:
        """Prototypes that fit the words."""
        query = checked_text("query", request.query, maximum=_MOST_QUERY_CHARACTERS)
        if not query.strip():
            raise invalid_field("query", "must not be empty")
        phrase_embedding = await self._meaning(query, deadline)
        search = prototypes_pb2.SearchPrototypesRequest(
            query=query, phrase_embedding=phrase_embedding, count=request.count, show_hidden=request.show_hidden
        )
        answer = await call("prototypes", self._upstreams.prototypes.SearchPrototypes, search, deadline)
        return gateway_pb2.SearchPrototypesResponse(
            found=answer.found, by_meaning=bool(phrase_embedding), model_version=answer.model_version
        )

    async def create(
        self, request: gateway_pb2.CreatePrototypeRequest, deadline: Deadline
    ) -> gateway_pb2.CreatePrototypeResponse:
        """A prototype of the example that the request gives."""
        creation = prototypes_pb2.CreatePrototypeRequest(
            label=request.label, description=request.description, request_id=request.request_id
        )
        match request.WhichOneof("example"):
            case "tracks":
                creation.tracks.CopyFrom(request.tracks)
            case "clip":
                encoder_id = (await self._model.answering("", deadline)).encoder_id
                item = audio_pb2.AudioItem(content=request.clip)
                clip = await self._embedding.of_file(item, encoder_id, deadline)
                creation.clip_embedding = clip.embedding.values
            case "phrase":
                encoder_id = (await self._model.answering("", deadline)).encoder_id
                creation.phrase_embedding = await self._embedding.of_phrase(request.phrase, encoder_id, deadline)
            case _:
                raise invalid_field("example", "must be tracks, clip or phrase")
        answer = await call("prototypes", self._upstreams.prototypes.CreatePrototype, creation, deadline)
        self._spaces.activated()
        return gateway_pb2.CreatePrototypeResponse(prototype=answer.prototype, model_version=answer.model_version)

    async def _meaning(self, query: str, deadline: Deadline) -> bytes:
        """The query's embedding; empty where there is none."""
        encoder_id = (await self._model.answering("", deadline)).encoder_id
        try:
            return await self._embedding.of_phrase(query, encoder_id, deadline)
        except UpstreamError as error:
            if error.reason in _WORDS_ALONE:
                return b""
            raise
