"""AudioService over the domain."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import grpc

from leitmotif.api.audio.v1 import audio_pb2 as pb
from leitmotif.api.audio.v1 import audio_pb2_grpc
from leitmotif_services.audio.batch_embedding import BatchEmbedder
from leitmotif_services.audio.convert import encoder_message, response_of, source_of, streamed_message, texts_response_of
from leitmotif_services.audio.embedding_metrics import EmbeddingMetrics, NoMetrics, TextWork, reason_of, refusals_told
from leitmotif_services.audio.encoder_artifact import EncoderArtifact
from leitmotif_services.audio.encoder_catalogue import EncoderCatalogue
from leitmotif_services.audio.engine import AudioEngine
from leitmotif_services.audio.pcm import PcmFormat
from leitmotif_services.audio.stream_embedding import StreamEmbedder, unless_idle
from leitmotif_services.audio.text_embedding import PhraseOutcomes, TextEmbedder
from leitmotif_services.audio.text_encoder_catalogue import TextEncoderCatalogue
from leitmotif_services.runtime.errors import invalid_field
from leitmotif_services.runtime.request_context import current_request_id
from leitmotif_services.runtime.validation import checked_length, checked_text

Context = grpc.aio.ServicerContext[Any, Any]

LONGEST_TRACK_ID = 128


async def _samples(requests: AsyncIterator[pb.EmbedStreamRequest]) -> AsyncIterator[bytes]:
    async for request in requests:
        if request.WhichOneof("part") != "samples":
            raise invalid_field("samples", "must be set in every message but the first")
        yield request.samples


def _text_work(batch: PhraseOutcomes) -> TextWork:
    failures = [reason_of(outcome) for outcome in batch.outcomes if isinstance(outcome, Exception)]
    return TextWork(len(batch.outcomes) - len(failures), batch.queue_s, batch.tokenize_s, batch.compute_s, failures)


class AudioServicer(audio_pb2_grpc.AudioServiceServicer):
    """Stateless; every call works on what it carries."""

    def __init__(
        self,
        catalogue: EncoderCatalogue[AudioEngine],
        embedder: BatchEmbedder,
        streams: StreamEmbedder,
        text_encoders: TextEncoderCatalogue,
        texts: TextEmbedder,
        *,
        max_items: int,
        max_texts: int,
        stream_idle_s: float,
        metrics: EmbeddingMetrics | None = None,
    ) -> None:
        self._catalogue = catalogue
        self._embedder = embedder
        self._streams = streams
        self._text_encoders = text_encoders
        self._texts = texts
        self._max_items = max_items
        self._max_texts = max_texts
        self._stream_idle_s = stream_idle_s
        self._metrics = metrics or NoMetrics()

    async def EmbedTracks(self, request: pb.EmbedTracksRequest, context: Context) -> pb.EmbedTracksResponse:
        with refusals_told(self._metrics):
            checked_length("items", request.items, minimum=1, maximum=self._max_items)
            track_ids = [
                checked_text(f"items[{index}].track_id", item.track_id, maximum=LONGEST_TRACK_ID)
                for index, item in enumerate(request.items)
            ]
            engine = self._catalogue.find(request.encoder_id)
            batch = await self._embedder.embed(engine, list(map(source_of, request.items)), context.time_remaining())
        return response_of(track_ids, batch, engine.encoder.encoder_id, current_request_id())

    async def EmbedStream(
        self,
        request_iterator: AsyncIterator[pb.EmbedStreamRequest],
        context: Context,  # noqa: ARG002
    ) -> AsyncIterator[pb.EmbedStreamResponse]:
        with refusals_told(self._metrics):
            requests = unless_idle(request_iterator, self._stream_idle_s)
            first = await anext(requests, pb.EmbedStreamRequest())
            if first.WhichOneof("part") != "start":
                raise invalid_field("start", "must be set in the first message")
            track_id = checked_text("start.track_id", first.start.track_id, maximum=LONGEST_TRACK_ID)
            engine = self._catalogue.find(first.start.encoder_id)
            audio_format = PcmFormat(first.start.sample_rate_hz, first.start.channels)
            async with aclosing(self._streams.embed(engine, audio_format, _samples(requests))) as parts:
                async for part in parts:
                    yield streamed_message(track_id, part, engine.encoder.encoder_id)

    async def EmbedTexts(self, request: pb.EmbedTextsRequest, context: Context) -> pb.EmbedTextsResponse:
        with refusals_told(self._metrics):
            checked_length("texts", request.texts, minimum=1, maximum=self._max_texts)
            encoder_id = self._catalogue.find(request.encoder_id).encoder.encoder_id
            engine = self._text_encoders.find(encoder_id)
            batch = await self._texts.embed(engine, list(request.texts), context.time_remaining())
            self._metrics.read(_text_work(batch))
        return texts_response_of(batch, engine.encoder, encoder_id, current_request_id())

    async def ListEncoders(self, request: pb.ListEncodersRequest, context: Context) -> pb.ListEncodersResponse:  # noqa: ARG002
        return pb.ListEncodersResponse(encoders=[self._described(encoder) for encoder in self._catalogue.encoders()])

    async def GetEncoder(self, request: pb.GetEncoderRequest, context: Context) -> pb.GetEncoderResponse:  # noqa: ARG002
        return pb.GetEncoderResponse(encoder=self._described(self._catalogue.find(request.encoder_id).encoder))

    def _described(self, encoder: EncoderArtifact) -> pb.Encoder:
        return encoder_message(encoder, self._text_encoders.described(encoder.encoder_id))
