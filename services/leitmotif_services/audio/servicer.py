"""AudioService over the domain."""

from typing import Any

import grpc

from leitmotif.api.audio.v1 import audio_pb2 as pb
from leitmotif.api.audio.v1 import audio_pb2_grpc
from leitmotif_services.audio.batch_embedding import BatchEmbedder
from leitmotif_services.audio.convert import encoder_message, response_of
from leitmotif_services.audio.encoder_catalogue import EncoderCatalogue
from leitmotif_services.audio.engine import AudioEngine
from leitmotif_services.runtime.request_context import current_request_id
from leitmotif_services.runtime.validation import checked_length, checked_text

Context = grpc.aio.ServicerContext[Any, Any]

LONGEST_TRACK_ID = 128


class AudioServicer(audio_pb2_grpc.AudioServiceServicer):
    """Stateless; every call works on what it carries."""

    def __init__(self, catalogue: EncoderCatalogue[AudioEngine], embedder: BatchEmbedder, max_items: int) -> None:
        self._catalogue = catalogue
        self._embedder = embedder
        self._max_items = max_items

    async def EmbedTracks(self, request: pb.EmbedTracksRequest, context: Context) -> pb.EmbedTracksResponse:
        checked_length("items", request.items, minimum=1, maximum=self._max_items)
        track_ids = [
            checked_text(f"items[{index}].track_id", item.track_id, maximum=LONGEST_TRACK_ID)
            for index, item in enumerate(request.items)
        ]
        engine = self._catalogue.find(request.encoder_id)
        batch = await self._embedder.embed(engine, [item.content for item in request.items], context.time_remaining())
        return response_of(track_ids, batch, engine.encoder.encoder_id, current_request_id())

    async def ListEncoders(self, request: pb.ListEncodersRequest, context: Context) -> pb.ListEncodersResponse:  # noqa: ARG002
        return pb.ListEncodersResponse(encoders=[encoder_message(encoder) for encoder in self._catalogue.encoders()])

    async def GetEncoder(self, request: pb.GetEncoderRequest, context: Context) -> pb.GetEncoderResponse:  # noqa: ARG002
        return pb.GetEncoderResponse(encoder=encoder_message(self._catalogue.find(request.encoder_id).encoder))
