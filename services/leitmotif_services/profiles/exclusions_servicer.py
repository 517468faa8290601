"""ExclusionsService; the proto says what each method promises."""

from typing import Any

from leitmotif.api.profiles.v1 import exclusions_pb2 as pb2
from leitmotif.api.profiles.v1.exclusions_pb2_grpc import ExclusionsServiceServicer
from leitmotif_services.profiles.called_tenants import CalledTenants
from leitmotif_services.profiles.convert import profile_message
from leitmotif_services.profiles.exclusions_convert import check_size, exclusions_message, exclusions_of, model_tracks_of
from leitmotif_services.runtime.validation import checked_id, checked_text

_MOST_ETAG_CHARACTERS = 128


class ExclusionsServicer(ExclusionsServiceServicer):
    """Checks and converts requests, runs the use case, converts what it gives."""

    def __init__(self, tenants: CalledTenants) -> None:
        self._tenants = tenants

    async def GetExclusions(self, request: pb2.GetExclusionsRequest, context: Any) -> pb2.GetExclusionsResponse:
        exclusions, version = await self._tenants.of(context).excluding.read(checked_id("user_id", request.user_id))
        return pb2.GetExclusionsResponse(exclusions=exclusions_message(exclusions), etag=version.etag)

    async def ChangeExclusions(self, request: pb2.ChangeExclusionsRequest, context: Any) -> pb2.ChangeExclusionsResponse:
        user_id = checked_id("user_id", request.user_id)
        check_size(request)
        excluded = await self._tenants.of(context).excluding.change(
            user_id,
            exclusions_of(request.add, "add"),
            exclusions_of(request.remove, "remove"),
            model_tracks_of(request.known) if request.HasField("known") else None,
            etag=checked_text("etag", request.etag, maximum=_MOST_ETAG_CHARACTERS),
            model_version=checked_id("model_version", request.model_version) if request.model_version else "",
            allow_missing=request.allow_missing,
        )
        return pb2.ChangeExclusionsResponse(exclusions=exclusions_message(excluded.exclusions), profile=profile_message(excluded))
