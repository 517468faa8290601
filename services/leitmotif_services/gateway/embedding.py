"""Audio and phrases as embeddings, from the audio service."""

from collections.abc import AsyncIterator

import grpc

from leitmotif.api.audio.v1 import audio_pb2
from leitmotif.api.gateway.v1 import gateway_pb2
from leitmotif_services.gateway.upstreams import Deadline, Upstreams, call
from leitmotif_services.runtime.errors import Reason, ServiceError
from leitmotif_services.runtime.request_context import upstream_metadata
from leitmotif_services.runtime.status import UpstreamError, upstream_error


class Embedding:
    """One item a call, by the encoder that is named; what the audio service refuses is raised as it said."""

    def __init__(self, upstreams: Upstreams) -> None:
        self._upstreams = upstreams

    async def of_file(self, item: audio_pb2.AudioItem, encoder_id: str, deadline: Deadline) -> audio_pb2.TrackEmbedding:
        """Of a whole audio file."""
        request = audio_pb2.EmbedTracksRequest(items=[item], encoder_id=encoder_id)
        (result,) = (await call("audio", self._upstreams.audio.EmbedTracks, request, deadline)).results
        if result.HasField("status"):
            raise UpstreamError(result.status)
        return result.track

    async def of_samples(
        self,
        samples: AsyncIterator[bytes],
        sample_format: gateway_pb2.SampleFormat,
        track_id: str,
        encoder_id: str,
        deadline: Deadline,
    ) -> audio_pb2.TrackEmbedding:
        """Of audio of any length, read as fast as it is embedded. What `samples` raises is raised here."""
        failures: list[Exception] = []

        async def requests() -> AsyncIterator[audio_pb2.EmbedStreamRequest]:
            yield audio_pb2.EmbedStreamRequest(
                start=audio_pb2.StreamStart(
                    track_id=track_id,
                    encoder_id=encoder_id,
                    sample_rate_hz=sample_format.sample_rate_hz,
                    channels=sample_format.channels,
                )
            )
            try:
                async for piece in samples:
                    yield audio_pb2.EmbedStreamRequest(samples=piece)
            except Exception as error:  # gRPC hides what its request iterator raises
                failures.append(error)

        track = None
        stream = self._upstreams.audio.EmbedStream(requests(), timeout=deadline.remaining_s(), metadata=upstream_metadata())
        try:
            async for response in stream:
                if response.HasField("track"):
                    track = response.track
        except grpc.aio.AioRpcError as error:
            if not failures:
                raise upstream_error(error, "audio") from error
        finally:
            if isinstance(stream, grpc.aio.Call):  # a local channel's ends by itself
                stream.cancel()
        if failures:
            raise failures[0]
        if track is None:
            raise ServiceError(Reason.INTERNAL, "the audio service ended the stream without the track")
        return track

    async def of_phrase(self, phrase: str, encoder_id: str, deadline: Deadline) -> bytes:
        """Of a phrase, in the space of the encoder's tracks; ENCODER_READS_NO_TEXT without a text tower."""
        request = audio_pb2.EmbedTextsRequest(texts=[phrase], encoder_id=encoder_id)
        (result,) = (await call("audio", self._upstreams.audio.EmbedTexts, request, deadline)).results
        if result.HasField("status"):
            raise UpstreamError(result.status)
        return result.text.embedding.values
