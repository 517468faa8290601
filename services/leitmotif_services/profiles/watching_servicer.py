"""The method of ProfilesService that tells of changes."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from leitmotif.api.profiles.v1 import profiles_pb2 as pb2
from leitmotif_services.profiles.called_tenants import CalledTenants
from leitmotif_services.profiles.convert import profile_message
from leitmotif_services.profiles.use_cases.outcomes import Viewed
from leitmotif_services.runtime.validation import checked_id, checked_text


class WatchingMethods:
    """Validate, watch, convert."""

    def __init__(self, tenants: CalledTenants) -> None:
        self._tenants = tenants

    async def WatchProfile(self, request: pb2.WatchProfileRequest, context: Any) -> AsyncIterator[pb2.WatchProfileResponse]:
        user_id = checked_id("user_id", request.user_id)
        known_etag = checked_text("etag", request.etag, maximum=128)
        async with aclosing(self._tenants.of(context).watching.watch(user_id, known_etag)) as states:
            async for viewed in states:
                yield _response(viewed)
                del viewed


def _response(viewed: Viewed | None) -> pb2.WatchProfileResponse:
    if viewed is None:
        return pb2.WatchProfileResponse(deleted=True)
    return pb2.WatchProfileResponse(profile=profile_message(viewed))
