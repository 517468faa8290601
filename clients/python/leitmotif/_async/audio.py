"""Audio files to embeddings."""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable
from contextlib import aclosing
from pathlib import Path

from leitmotif._async.transport import AsyncTransport
from leitmotif._batching import MAX_ITEMS, Batch, checked_item, unreadable_item
from leitmotif._convert.audio import encoder_of, item_message_of, result_of, sample_messages, streamed_of, text_result_of
from leitmotif._text_batches import MAX_TEXTS, text_batches
from leitmotif.api.audio.v1 import audio_pb2 as pb2
from leitmotif.errors import InternalError, LeitmotifError
from leitmotif.types import (
    AudioItem,
    EmbedFailure,
    Encoder,
    PcmItem,
    SegmentEmbedding,
    TextEmbedding,
    TextFailure,
    TrackEmbedding,
)

EMBED_TIMEOUT_S = 120.0
"""Decoding and encoding 16 whole tracks takes longer than a call does, in seconds."""


STREAM_TIMEOUT_S = 14_400.0
"""The deadline of a stream: as long as the longest that the service takes by default when it plays in real time."""


class AsyncAudio:
    """The audio service: `client.audio`."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def embed(
        self,
        items: Iterable[AudioItem | PcmItem | str | os.PathLike[str]],
        encoder_id: str = "",
        *,
        batch_items: int = MAX_ITEMS,
        timeout_s: float = EMBED_TIMEOUT_S,
    ) -> AsyncIterator[TrackEmbedding | EmbedFailure]:
        """One outcome an item, in order, as they come: an embedding, or why there is none.

        A path stands for the file there, read when its turn comes, under its file name. Items are sent in batches of at most
        `batch_items` and 32 MiB, each with a deadline of `timeout_s`. `encoder_id` empty stands for the default encoder.
        A call that fails as a whole raises.
        """
        batch = Batch(batch_items)
        for item in items:
            entry = await _loaded(item)
            if not batch.fits(entry):
                for outcome in await self._embed(batch, encoder_id, timeout_s):
                    yield outcome
                batch = Batch(batch_items)
            batch.add(entry)
        for outcome in await self._embed(batch, encoder_id, timeout_s):
            yield outcome

    async def _embed(self, batch: Batch, encoder_id: str, timeout_s: float) -> list[TrackEmbedding | EmbedFailure]:
        items = batch.items
        if not items:
            return batch.merged([])
        request = pb2.EmbedTracksRequest(items=map(item_message_of, items), encoder_id=encoder_id)
        method = self._transport.stubs.audio.EmbedTracks
        response = await self._transport.call(method, request, timeout_s=timeout_s, repeatable=True)
        if len(response.results) != len(items):
            raise InternalError(f"the server answered {len(response.results)} results to {len(items)} items", code="INTERNAL")
        return batch.merged(
            [result_of(result, item, response.encoder_id) for result, item in zip(response.results, items, strict=True)]
        )

    async def embed_stream(
        self,
        pieces: AsyncIterable[bytes],
        *,
        sample_rate_hz: int,
        channels: int = 1,
        track_id: str = "",
        encoder_id: str = "",
        timeout_s: float = STREAM_TIMEOUT_S,
    ) -> AsyncGenerator[SegmentEmbedding | TrackEmbedding, None]:
        """Embed audio of any length while it comes: every segment as soon as its samples were sent, the track at the end.

        `pieces` are little-endian float32 samples, full scale ±1, channels interleaved, whole frames in each piece; they are
        asked for as fast as the service embeds. Silent segments are left out. What `pieces` raises is raised here. Closing
        the generator ends the work; nothing is sent anew after a failure.
        """
        start = pb2.StreamStart(track_id=track_id, encoder_id=encoder_id, sample_rate_hz=sample_rate_hz, channels=channels)
        feed = _AsyncFeed(start, pieces)
        method = self._transport.stubs.audio.EmbedStream
        try:
            async with aclosing(self._transport.exchange(method, feed.requests(), timeout_s=timeout_s)) as responses:
                async for response in responses:
                    if feed.failure is None:
                        yield streamed_of(response, track_id)
        except LeitmotifError:
            if feed.failure is None:
                raise
        if feed.failure is not None:
            raise feed.failure

    async def embed_texts(
        self, texts: Iterable[str], encoder_id: str = "", *, batch_texts: int = MAX_TEXTS, timeout_s: float | None = None
    ) -> tuple[TextEmbedding | TextFailure, ...]:
        """One outcome a phrase, in order: an embedding in the space of the encoder's tracks, or why there is none.

        Phrases are sent in calls of at most `batch_texts`, each with a deadline of `timeout_s`. `encoder_id` empty stands for the
        default encoder. PreconditionError (ENCODER_READS_NO_TEXT) where no text tower is loaded for it; `encoder` tells that
        beforehand.
        """
        outcomes: list[TextEmbedding | TextFailure] = []
        for batch in text_batches(texts, batch_texts):
            sent = [entry for entry in batch if isinstance(entry, str)]
            results = iter(await self._embed_texts(sent, encoder_id, timeout_s) if sent else ())
            outcomes += [next(results) if isinstance(entry, str) else entry for entry in batch]
        return tuple(outcomes)

    async def _embed_texts(self, texts: list[str], encoder_id: str, timeout_s: float | None) -> list[TextEmbedding | TextFailure]:
        method = self._transport.stubs.audio.EmbedTexts
        request = pb2.EmbedTextsRequest(texts=texts, encoder_id=encoder_id)
        response = await self._transport.call(method, request, timeout_s=timeout_s, repeatable=True)
        if len(response.results) != len(texts):
            raise InternalError(f"the server answered {len(response.results)} results to {len(texts)} texts", code="INTERNAL")
        return [
            text_result_of(result, text, response.encoder_id, response.text_encoder_id)
            for result, text in zip(response.results, texts, strict=True)
        ]

    async def encoders(self, *, timeout_s: float | None = None) -> tuple[Encoder, ...]:
        """The encoders that are loaded, the default one first."""
        method = self._transport.stubs.audio.ListEncoders
        response = await self._transport.call(method, pb2.ListEncodersRequest(), timeout_s=timeout_s, repeatable=True)
        return tuple(map(encoder_of, response.encoders))

    async def encoder(self, encoder_id: str = "", *, timeout_s: float | None = None) -> Encoder:
        """One encoder; empty stands for the default one. NotFoundError (ENCODER_NOT_FOUND) when it is not loaded."""
        method = self._transport.stubs.audio.GetEncoder
        request = pb2.GetEncoderRequest(encoder_id=encoder_id)
        response = await self._transport.call(method, request, timeout_s=timeout_s, repeatable=True)
        return encoder_of(response.encoder)


class _AsyncFeed:
    """The requests of a stream. gRPC hides what its request iterator raises, so that is kept instead, and the stream ends."""

    def __init__(self, start: pb2.StreamStart, pieces: AsyncIterable[bytes]) -> None:
        self._start = start
        self._pieces = pieces
        self.failure: Exception | None = None

    async def requests(self) -> AsyncIterator[pb2.EmbedStreamRequest]:
        yield pb2.EmbedStreamRequest(start=self._start)
        try:
            async for piece in self._pieces:
                for message in sample_messages(piece, self._start.channels):
                    yield message
        except Exception as failure:
            self.failure = failure


async def _loaded(item: AudioItem | PcmItem | str | os.PathLike[str]) -> AudioItem | PcmItem | EmbedFailure:
    if isinstance(item, AudioItem | PcmItem):
        return checked_item(item)
    path = Path(item)
    try:
        content = await asyncio.to_thread(path.read_bytes)
    except OSError as error:
        return unreadable_item(path.name, error)
    return checked_item(AudioItem(path.name, content))
