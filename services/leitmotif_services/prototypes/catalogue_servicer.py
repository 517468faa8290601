"""CatalogueService: validate, convert, call the domain on a thread, convert back."""

# ruff: noqa: ARG002 (gRPC hands every method its request and context)

import asyncio

import numpy as np
from google.rpc import status_pb2

from leitmotif.api.prototypes.v1 import catalogue_pb2 as pb2
from leitmotif.api.prototypes.v1 import catalogue_pb2_grpc
from leitmotif_services.prototypes import convert
from leitmotif_services.prototypes.bounded_calls import BoundedCalls, Context
from leitmotif_services.prototypes.catalogue_convert import upsert_of
from leitmotif_services.prototypes.filter_convert import filter_of
from leitmotif_services.prototypes.live_catalogue.catalogue_writer import CatalogueWriter, DeleteRequest, Outcome, UpsertRequest
from leitmotif_services.prototypes.live_catalogue.changes import Floats
from leitmotif_services.prototypes.live_catalogue.filters import Filter
from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.models.model_registry import ModelRegistry
from leitmotif_services.prototypes.ranking.eligible_tracks import known_position
from leitmotif_services.prototypes.track import Track
from leitmotif_services.runtime.errors import ServiceError, invalid_field
from leitmotif_services.runtime.pagination import decode_page_token, encode_page_token, page_size_of
from leitmotif_services.runtime.request_context import current_request_id
from leitmotif_services.runtime.status import status_of
from leitmotif_services.runtime.validation import checked_id, checked_length, checked_text

MAX_LOOKED_UP = 10_000
MAX_UPSERTED = 1000
MAX_DELETED = 10_000
DEFAULT_PAGE, MAX_PAGE = 100, 1000
MAX_QUERY_CHARACTERS = 256


class CatalogueServicer(catalogue_pb2_grpc.CatalogueServiceServicer):
    """Each call takes the active model once, at its start, and answers with that one to its end."""

    def __init__(self, registry: ModelRegistry, writer: CatalogueWriter, calls: BoundedCalls) -> None:
        self._registry = registry
        self._writer = writer
        self._calls = calls

    async def UpsertTracks(self, request: pb2.UpsertTracksRequest, context: Context) -> pb2.UpsertTracksResponse:
        model = self._registry.current()
        checked_length("tracks", request.tracks, minimum=1, maximum=MAX_UPSERTED)
        _check_repeats([message.track.track_id for message in request.tracks])
        if request.encoder_id or any(message.embedding for message in request.tracks):
            checked_id("encoder_id", request.encoder_id)
        dimension = int(model.embeddings.shape[1])
        refused: dict[int, ServiceError] = {}

        def converted() -> dict[int, tuple[Track, Floats | None]]:
            taken = {}
            for index, message in enumerate(request.tracks):
                try:
                    taken[index] = upsert_of(message, f"tracks[{index}]", dimension=dimension)
                except ServiceError as error:
                    refused[index] = error
            return taken

        tracks = await self._calls.on_thread(context, converted)
        outcome = await self._outcome(UpsertRequest(tracks, request.encoder_id))
        request_id = current_request_id()
        refused |= outcome.refused
        return pb2.UpsertTracksResponse(
            statuses=[
                status_of(refused[index], request_id) if index in refused else status_pb2.Status()
                for index in range(len(request.tracks))
            ],
            catalogue_revision=outcome.catalogue_revision,
            model_version=outcome.model_version,
        )

    async def DeleteTracks(self, request: pb2.DeleteTracksRequest, context: Context) -> pb2.DeleteTracksResponse:
        checked_length("track_ids", request.track_ids, minimum=1, maximum=MAX_DELETED)
        track_ids = list(dict.fromkeys(request.track_ids))
        for index, track_id in enumerate(request.track_ids):
            checked_id(f"track_ids[{index}]", track_id)
        outcome = await self._outcome(DeleteRequest(track_ids))
        return pb2.DeleteTracksResponse(
            deleted_track_ids=[track_id for place, track_id in enumerate(track_ids) if place not in outcome.refused],
            unknown_track_ids=[track_id for place, track_id in enumerate(track_ids) if place in outcome.refused],
            catalogue_revision=outcome.catalogue_revision,
            model_version=outcome.model_version,
        )

    async def ListTracks(self, request: pb2.ListTracksRequest, context: Context) -> pb2.ListTracksResponse:
        model = self._registry.current()
        size = page_size_of(request.page_size, default=DEFAULT_PAGE, maximum=MAX_PAGE)
        text = checked_text("query", request.query, maximum=MAX_QUERY_CHARACTERS)
        passing = filter_of(request.filter) if request.HasField("filter") else None
        # A token names the last track of its page, so that pages neither repeat nor pass over a track when others come and go.
        query = ("tracks", text, passing)
        after = decode_page_token(request.page_token, *query)

        def answer() -> pb2.ListTracksResponse:
            kept = _kept(model, text, passing)
            positions = model.catalogue.page(kept, after, size + 1)
            tracks = [model.catalogue.tracks[position] for position in positions]
            return self._calls.fitting(
                pb2.ListTracksResponse(
                    tracks=[convert.track_message(track) for track in tracks[:size]],
                    next_page_token=encode_page_token(tracks[size - 1].track_id, *query) if len(tracks) > size else "",
                    total_size=len(model.catalogue) if kept is None else int(np.count_nonzero(kept)),
                    model_version=model.model_version,
                )
            )

        return await self._calls.on_thread(context, answer)

    async def GetTrack(self, request: pb2.GetTrackRequest, context: Context) -> pb2.GetTrackResponse:
        model = self._registry.current()
        position = known_position(model, checked_id("track_id", request.track_id))
        return pb2.GetTrackResponse(
            track=convert.track_message(model.catalogue.tracks[position]),
            affinities=model.scoring.affinities[position].tolist(),
            model_version=model.model_version,
            expressed_positions=np.flatnonzero(model.expression.of_track(position)).tolist(),
        )

    async def GetAffinities(self, request: pb2.GetAffinitiesRequest, context: Context) -> pb2.GetAffinitiesResponse:
        model, _ = self._registry.for_user(request.user_id)
        checked_length("track_ids", request.track_ids, minimum=1, maximum=MAX_LOOKED_UP)

        def answer() -> pb2.GetAffinitiesResponse:
            known, unknown, positions = [], [], []
            for index, track_id in enumerate(request.track_ids):
                position = model.catalogue.position_of(track_id)
                if position is None:
                    unknown.append(checked_id(f"track_ids[{index}]", track_id))
                else:
                    known.append(track_id)
                    positions.append(position)
            self._calls.check_size(4 * len(positions) * len(model.prototypes))
            return self._calls.fitting(
                pb2.GetAffinitiesResponse(
                    affinities=convert.float_matrix(model.scoring.affinities[np.array(positions, np.int64)]),
                    track_ids=known,
                    unknown_track_ids=unknown,
                    model_version=model.model_version,
                    artists=[model.catalogue.tracks[position].artist for position in positions],
                )
            )

        return await self._calls.on_thread(context, answer)

    async def _outcome(self, request: UpsertRequest | DeleteRequest) -> Outcome:
        # What has been handed over is written even when the caller goes: its outcome is then unknown to the caller alone.
        outcome = asyncio.wrap_future(self._writer.submit(request))
        outcome.add_done_callback(lambda done: done.cancelled() or done.exception())  # read, though nobody may wait any more
        return await asyncio.shield(outcome)


def _kept(model: ServedModel, text: str, passing: Filter | None) -> "np.ndarray[tuple[int], np.dtype[np.bool_]] | None":
    """(N,): the tracks that are there, contain the text and pass the filter; None where that is every track."""
    masks = [model.catalogue.containing(text)] if text else []
    if passing is not None:
        masks.append(model.catalogue.fields.mask(passing))
    if model.alive is not None:
        masks.append(model.alive)
    return np.logical_and.reduce(masks) if masks else None


def _check_repeats(track_ids: list[str]) -> None:
    first: dict[str, int] = {}
    for index, track_id in enumerate(track_ids):
        if first.setdefault(track_id, index) != index:
            raise invalid_field(f"tracks[{index}].track.track_id", f"is that of tracks[{first[track_id]}] as well")
