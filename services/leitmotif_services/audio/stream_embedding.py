"""Embeds streams of audio on a bounded pool, each no faster than its answers are taken and with one piece of work at a time."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import TypeVar

from leitmotif_services.audio.embedding import EmbeddedTrack
from leitmotif_services.audio.embedding_metrics import EmbeddingMetrics, NoMetrics
from leitmotif_services.audio.pcm import PcmFormat
from leitmotif_services.audio.streamed_track import SegmentEmbedder, StreamedSegment, StreamedTrack
from leitmotif_services.audio.waveform import AudioLimits
from leitmotif_services.runtime.admission import Admission
from leitmotif_services.runtime.errors import Reason, ServiceError

M = TypeVar("M")


class StreamEmbedder:
    """Bounds how many streams are open. The threads are the streams' own: one that lasts for hours takes no call's place."""

    def __init__(self, admission: Admission, max_streams: int, limits: AudioLimits) -> None:
        """`admission` must have a place for each of `max_streams`; `limits.max_duration_s` is that of a stream."""
        self._admission = admission
        self._max_streams = max_streams
        self._limits = limits
        self.metrics: EmbeddingMetrics = NoMetrics()
        """Told how far every stream gets."""
        self.open = 0
        """Streams that are open now."""

    async def embed(
        self, engine: SegmentEmbedder, audio_format: PcmFormat, pieces: AsyncIterator[bytes]
    ) -> AsyncGenerator[StreamedSegment | EmbeddedTrack, None]:
        """Every segment that is not silent as soon as its samples are there, then the track.

        A piece is asked for once all that the pieces before it gave has been taken. After a cancellation at most one segment
        is still worked on. OVERLOADED when too many streams are open; the errors of `StreamedTrack`.
        """
        if self.open >= self._max_streams:
            raise ServiceError(
                Reason.OVERLOADED,
                f"{self.open} streams are open, as many as are served; come back when one has ended",
                retry_after_s=5.0,
                limit=self._max_streams,
            )
        self.open += 1
        told_s = 0.0
        try:
            track = StreamedTrack(engine, audio_format.checked(self._limits), self._limits.max_duration_s)
            async for piece in pieces:
                await self._admission.run(track.add, piece)
                while track.has_segment:
                    if (segment := await self._admission.run(track.embed_next)) is not None:
                        yield segment
                self.metrics.streamed(track.duration_s - told_s)
                told_s = track.duration_s
            await self._admission.run(track.end)
            while track.has_segment:
                if (segment := await self._admission.run(track.embed_next)) is not None:
                    yield segment
            yield await self._admission.run(track.finish)
        finally:
            self.open -= 1


async def unless_idle(messages: AsyncIterator[M], idle_s: float) -> AsyncIterator[M]:
    """`messages` as they come; DEADLINE_EXCEEDED when the next one takes longer than `idle_s`."""
    while True:
        try:
            async with asyncio.timeout(idle_s):
                message = await anext(messages)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise ServiceError(Reason.DEADLINE_EXCEEDED, f"nothing was sent for {idle_s:g} s", idle_s=idle_s) from None
        yield message
