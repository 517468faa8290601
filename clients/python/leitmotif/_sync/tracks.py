# Generated from leitmotif/_async/tracks.py by clients/python/generate_sync.py; edit that file instead.
"""The catalogue: look into it, change it, bring it new tracks."""

import os
from collections.abc import Callable, Iterable, Iterator

from leitmotif._audio_files import AudioFile, check_size
from leitmotif._convert.catalogue import deleted_tracks_of, described_track_of, ingested_track_of, track_of, upsert_failure_of
from leitmotif._convert.filters import filter_message_of
from leitmotif._convert.ranking import LIKENESSES, similar_tracks_of
from leitmotif._ingest_messages import ingest_messages, track_named
from leitmotif._sync.transport import Transport
from leitmotif._upsert_batches import upsert_batches
from leitmotif.api.gateway.v1 import gateway_pb2
from leitmotif.api.prototypes.v1 import catalogue_pb2, prototypes_pb2
from leitmotif.errors import InternalError
from leitmotif.filters import Filter
from leitmotif.types import (
    AudioItem,
    DeletedTracks,
    DescribedTrack,
    IngestedTrack,
    Likeness,
    PcmItem,
    SimilarTracks,
    Track,
    TrackFailure,
    TrackUpsert,
    UpsertedTracks,
)

INGEST_TIMEOUT_S = 300.0
"""Sending, decoding and encoding a whole track takes longer than a call does, in seconds."""

UPSERT_TIMEOUT_S = 60.0
"""For each call of at most 1000 tracks, in seconds."""


class Tracks:
    """The tracks of the catalogue: `client.tracks`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(
        self,
        query: str = "",
        *,
        filter: Filter | None = None,  # noqa: A002
        page_size: int = 0,
        timeout_s: float | None = None,
    ) -> Iterator[Track]:
        """Every track by id; with `query`, those whose title, artist or tags contain it; with `filter`, those that it keeps.

        Pages are fetched as they are needed, each with its own deadline.
        """
        method = self._transport.stubs.catalogue.ListTracks
        kept = filter_message_of(filter)
        for response in self._transport.pages(
            lambda page_token: self._transport.call(
                method,
                catalogue_pb2.ListTracksRequest(query=query, filter=kept, page_size=page_size, page_token=page_token),
                timeout_s=timeout_s,
                repeatable=True,
            )
        ):
            for track in response.tracks:
                yield track_of(track)

    def get(self, track_id: str, *, timeout_s: float | None = None) -> DescribedTrack:
        """One track with its affinities. NotFoundError (TRACK_NOT_FOUND) when the catalogue has none of that id."""
        request = catalogue_pb2.GetTrackRequest(track_id=track_id)
        method = self._transport.stubs.catalogue.GetTrack
        return described_track_of(self._transport.call(method, request, timeout_s=timeout_s, repeatable=True))

    def similar(
        self,
        track_id: str,
        count: int = 20,
        *,
        by: Likeness | str = Likeness.SOUND,
        filter: Filter | None = None,  # noqa: A002
        exclude: Iterable[str] = (),
        timeout_s: float | None = None,
    ) -> SimilarTracks:
        """The tracks that are most like one, by how they sound or, with `by="affinity"`, by the prototypes they express."""
        request = prototypes_pb2.FindSimilarTracksRequest(
            track_id=track_id,
            likeness=LIKENESSES[Likeness(by)],
            count=count,
            filter=filter_message_of(filter),
            excluded_track_ids=exclude,
        )
        method = self._transport.stubs.prototypes.FindSimilarTracks
        return similar_tracks_of(self._transport.call(method, request, timeout_s=timeout_s, repeatable=True))

    def upsert(
        self, tracks: Iterable[TrackUpsert | Track], encoder_id: str = "", *, timeout_s: float = UPSERT_TIMEOUT_S
    ) -> UpsertedTracks:
        """Add tracks, or replace those of the same id, seen by the next request and on disk when this returns.

        Each by itself: one that is refused is among the `failures` and does not stop the others. A `Track` alone replaces what
        is said of a track and keeps its audio. `encoder_id` names what made the embeddings; required where there is any. Tracks
        are sent in calls of at most 1000, each with a deadline of `timeout_s`; a call that fails as a whole raises.
        """
        method = self._transport.stubs.catalogue.UpsertTracks
        track_ids: list[str] = []
        failures: list[TrackFailure] = []
        revision, model_version = 0, ""
        for batch in upsert_batches(tracks):
            request = catalogue_pb2.UpsertTracksRequest(tracks=batch, encoder_id=encoder_id)
            response = self._transport.call(method, request, timeout_s=timeout_s, repeatable=True)
            if len(response.statuses) != len(batch):
                message = f"the server answered {len(response.statuses)} statuses to {len(batch)} tracks"
                raise InternalError(message, code="INTERNAL")
            revision, model_version = response.catalogue_revision, response.model_version
            for upsert, status in zip(batch, response.statuses, strict=True):
                if status.code:
                    failures.append(upsert_failure_of(upsert.track.track_id, status))
                else:
                    track_ids.append(upsert.track.track_id)
        return UpsertedTracks(tuple(track_ids), tuple(failures), revision, model_version)

    def delete(self, track_ids: Iterable[str], *, timeout_s: float | None = None) -> DeletedTracks:
        """Take 1 to 10,000 tracks out of the catalogue; unknown ones are told apart.

        Not repeated by itself: a repeat whose first answer was lost would say that they were unknown.
        """
        request = catalogue_pb2.DeleteTracksRequest(track_ids=track_ids)
        method = self._transport.stubs.catalogue.DeleteTracks
        return deleted_tracks_of(self._transport.call(method, request, timeout_s=timeout_s, repeatable=False))

    def ingest(
        self,
        audio: AudioItem | PcmItem | str | os.PathLike[str],
        track: Track | None = None,
        *,
        prototypes: int = 5,
        progress: Callable[[int, int], object] | None = None,
        timeout_s: float = INGEST_TIMEOUT_S,
    ) -> IngestedTrack:
        """Add a track from its audio, or replace the one of that id; says which prototypes it expresses most, -1 for all.

        `audio` is the path of a file, its content, or samples; a file has at most 60 MiB, samples may be of any length. Without
        `track`, id and title are taken from the file's name. `progress(sent, total)` is called with the bytes that were sent,
        from the start again where a failed call is repeated. InvalidArgumentError with an AUDIO_… reason where the audio is
        refused, OSError where the file cannot be read.
        """
        if isinstance(audio, AudioItem | PcmItem):
            item = audio
        else:
            file = AudioFile(audio)
            item = file.read()
        if isinstance(item, AudioItem):
            check_size(item.track_id, len(item.content))
        described = track or track_named(item.track_id)

        def requests() -> Iterator[gateway_pb2.IngestTrackRequest]:
            yield from ingest_messages(item, described, prototypes, progress)

        method = self._transport.stubs.gateway.IngestTrack
        return ingested_track_of(self._transport.intake(method, requests, timeout_s=timeout_s))
