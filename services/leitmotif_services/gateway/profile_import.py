"""Puts an exported profile in place, under the model that answers its user."""

from leitmotif.api.gateway.v1 import gateway_pb2
from leitmotif.api.profiles.v1 import profiles_pb2
from leitmotif_services.gateway.current_profile import CurrentProfile
from leitmotif_services.gateway.prototype_spaces import PrototypeSpaces
from leitmotif_services.gateway.upstreams import Deadline, Upstreams, call
from leitmotif_services.runtime.errors import Reason, ServiceError
from leitmotif_services.runtime.status import UpstreamError
from leitmotif_services.runtime.validation import checked_id

_TRIES = 3


class ProfileImport:
    """ImportProfile; see the proto for what it promises."""

    def __init__(self, upstreams: Upstreams, spaces: PrototypeSpaces, current: CurrentProfile) -> None:
        self._upstreams = upstreams
        self._spaces = spaces
        self._current = current

    async def put_in_place(
        self, request: gateway_pb2.ImportProfileRequest, deadline: Deadline
    ) -> gateway_pb2.ImportProfileResponse:
        """Import, then rebuild where the profile is of another model than the one that answers the user."""
        user_id = checked_id("user_id", request.user_id)
        # Registered first: a profile of an unknown model is placed under the one that was registered last.
        model = await self._spaces.register(user_id, deadline)
        imported = await call(
            "profiles",
            self._upstreams.profiles.ImportProfile,
            profiles_pb2.ImportProfileRequest(user_id=user_id, json=request.json, replace=request.replace, etag=request.etag),
            deadline,
        )
        response = gateway_pb2.ImportProfileResponse(
            profile=imported.profile, dropped_prototype_ids=imported.dropped_prototype_ids
        )
        if imported.needs_rebuild or imported.profile.model_version != model.profile_version:
            rebuilt = await self._rebuilt(user_id, deadline)
            response.profile.CopyFrom(rebuilt.profile)
            response.dropped_prototype_ids.extend(rebuilt.dropped_prototype_ids)
            response.carried.extend(rebuilt.carried)
        return response

    async def _rebuilt(self, user_id: str, deadline: Deadline) -> profiles_pb2.RebuildProfileResponse:
        for _ in range(_TRIES - 1):
            try:
                return await self._current.rebuild(user_id, deadline)
            except (UpstreamError, ServiceError) as error:
                if error.reason != Reason.MODEL_VERSION_MISMATCH:
                    raise
        return await self._current.rebuild(user_id, deadline)
