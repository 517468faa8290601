"""Embeds files through the platform's public API, where the workshop would use processes of its own."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from leitmotif import Client
from leitmotif.types import AudioItem, EmbedFailure, TrackEmbedding
from leitmotif_services.audio.embedding import AudioDescriptors, EmbeddedTrack, Segment
from leitmotif_services.workshop.embedder import EncoderIdentity, Refused

_BATCH_ITEMS = 8
"""Files a call: enough to keep the service's workers busy, few enough that progress shows."""


class PlatformEmbedder:
    """Implements the workshop's `Embedder` over a client."""

    def __init__(self, client: Client) -> None:
        self._client = client
        encoder = client.audio.encoder()
        self._encoder = EncoderIdentity(encoder.encoder_id, encoder.sha256)

    @property
    def encoder(self) -> EncoderIdentity:
        """The service's default encoder."""
        return self._encoder

    def embed(self, paths: Iterable[Path]) -> Iterator[tuple[Path, EmbeddedTrack | Refused]]:
        """See `Embedder`. Files are sent under their positions: the service refuses names that file systems allow."""
        waiting = list(paths)
        unread: list[tuple[Path, Refused]] = []

        def items() -> Iterator[AudioItem]:
            for position, path in enumerate(waiting):
                try:
                    content = path.read_bytes()
                except OSError as error:
                    unread.append((path, Refused(f"the file cannot be read: {error.strerror}")))
                else:
                    yield AudioItem(str(position), content)

        for outcome in self._client.audio.embed(items(), self._encoder.encoder_id, batch_items=_BATCH_ITEMS):
            path = waiting[int(outcome.track_id)]
            yield path, Refused(outcome.error.message) if isinstance(outcome, EmbedFailure) else embedded_track_of(outcome)
        yield from unread


def embedded_track_of(answer: TrackEmbedding) -> EmbeddedTrack:
    """The SDK's answer as the workshop's own type. The times of single items are not known here and are 0."""
    told = answer.descriptors
    return EmbeddedTrack(
        embedding=np.asarray(answer.embedding, np.float32),
        segment_embeddings=answer.segment_embeddings.to_numpy().astype(np.float32),
        segments=tuple(Segment(segment.start_s, segment.duration_s) for segment in answer.segments),
        duration_s=answer.duration_s,
        source_sample_rate_hz=answer.source_sample_rate_hz,
        source_channels=answer.source_channels,
        descriptors=AudioDescriptors(
            tempo_bpm=told.tempo_bpm,
            pulse_clarity=told.pulse_clarity,
            brightness_hz=told.brightness_hz,
            loudness_db=told.loudness_db,
            dynamics_db=told.dynamics_db,
            percussiveness=told.percussiveness,
            onset_rate_hz=told.onset_rate_hz,
            majorness=told.majorness,
        ),
        decode_s=0.0,
        compute_s=0.0,
    )
