"""CatalogueService: validate, convert, call the domain on a thread, convert back."""

# ruff: noqa: ARG002 (gRPC hands every method its request and context)

from leitmotif.api.prototypes.v1 import catalogue_pb2 as pb2
from leitmotif.api.prototypes.v1 import catalogue_pb2_grpc
from leitmotif_services.prototypes import convert
from leitmotif_services.prototypes.bounded_calls import BoundedCalls, Context, page_start
from leitmotif_services.prototypes.models.model_registry import ModelRegistry
from leitmotif_services.prototypes.ranking.eligible_tracks import known_position
from leitmotif_services.runtime.pagination import encode_page_token, page_size_of
from leitmotif_services.runtime.validation import checked_id, checked_length, checked_text

MAX_LOOKED_UP = 10_000
DEFAULT_PAGE, MAX_PAGE = 100, 1000
MAX_QUERY_CHARACTERS = 256


class CatalogueServicer(catalogue_pb2_grpc.CatalogueServiceServicer):
    """Each call takes the active model once, at its start, and answers with that one to its end."""

    def __init__(self, registry: ModelRegistry, calls: BoundedCalls) -> None:
        self._registry = registry
        self._calls = calls

    async def ListTracks(self, request: pb2.ListTracksRequest, context: Context) -> pb2.ListTracksResponse:
        model = self._registry.current()
        size = page_size_of(request.page_size, default=DEFAULT_PAGE, maximum=MAX_PAGE)
        text = checked_text("query", request.query, maximum=MAX_QUERY_CHARACTERS)
        query = ("tracks", model.model_version, text)
        start = page_start(request.page_token, *query)

        def answer() -> pb2.ListTracksResponse:
            matching = model.catalogue.matching(text)
            end = min(start + size, len(matching))
            return self._calls.fitting(
                pb2.ListTracksResponse(
                    tracks=[convert.track_message(model.catalogue.tracks[position]) for position in matching[start:end]],
                    next_page_token=encode_page_token(str(end), *query) if end < len(matching) else "",
                    total_size=len(matching),
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
                    affinities=convert.float_matrix(model.scoring.affinities[positions]),
                    track_ids=known,
                    unknown_track_ids=unknown,
                    model_version=model.model_version,
                )
            )

        return await self._calls.on_thread(context, answer)
