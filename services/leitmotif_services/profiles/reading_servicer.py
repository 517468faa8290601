"""The methods of ProfilesService that read a profile and its logs."""

from typing import Any

from leitmotif.api.profiles.v1 import profiles_pb2 as pb2
from leitmotif_services.profiles.called_tenants import CalledTenants
from leitmotif_services.profiles.convert import profile_message, scoring_view_of, vector_message
from leitmotif_services.profiles.edit_convert import edit_message
from leitmotif_services.profiles.event_convert import event_message
from leitmotif_services.runtime.errors import Reason, ServiceError, invalid_field
from leitmotif_services.runtime.pagination import decode_page_token, encode_page_token, page_size_of
from leitmotif_services.runtime.validation import checked_id


class ReadingMethods:
    """Validate, convert, read, convert back."""

    def __init__(self, tenants: CalledTenants) -> None:
        self._tenants = tenants

    async def GetProfile(self, request: pb2.GetProfileRequest, context: Any) -> pb2.GetProfileResponse:
        user_id = checked_id("user_id", request.user_id)
        if request.top < 0:
            raise invalid_field("top", f"must not be negative, is {request.top}")
        viewed = await self._tenants.of(context).reading.read(user_id)
        return pb2.GetProfileResponse(profile=profile_message(viewed, top=request.top))

    async def GetProfileVector(self, request: pb2.GetProfileVectorRequest, context: Any) -> pb2.GetProfileVectorResponse:
        user_id = checked_id("user_id", request.user_id)
        viewed = await self._tenants.of(context).reading.read_for_scoring(user_id, scoring_view_of(request))
        return pb2.GetProfileVectorResponse(
            vector=vector_message(viewed),
            heard_track_ids=viewed.left_out.heard_track_ids,
            etag=viewed.profile.version.etag,
            hidden_track_ids=viewed.left_out.hidden_track_ids,
            hidden_artists=viewed.left_out.hidden_artists,
        )

    async def ListEdits(self, request: pb2.ListEditsRequest, context: Any) -> pb2.ListEditsResponse:
        user_id = checked_id("user_id", request.user_id)
        size = page_size_of(request.page_size, default=50, maximum=200)
        before = _page_position(request.page_token, "ListEdits", user_id)
        # One more than fits tells whether there is another page.
        profile, edits = await self._tenants.of(context).reading.list_edits(user_id, before=before, count=size + 1)
        token = encode_page_token(str(edits[size - 1].sequence), "ListEdits", user_id) if len(edits) > size else ""
        return pb2.ListEditsResponse(edits=[edit_message(edit, profile.undoable) for edit in edits[:size]], next_page_token=token)

    async def ListEvents(self, request: pb2.ListEventsRequest, context: Any) -> pb2.ListEventsResponse:
        user_id = checked_id("user_id", request.user_id)
        size = page_size_of(request.page_size, default=100, maximum=1000)
        after = _page_position(request.page_token, "ListEvents", user_id) or 0
        _, entries = await self._tenants.of(context).reading.list_events(user_id, after=after, count=size + 1)
        token = encode_page_token(str(entries[size - 1].sequence), "ListEvents", user_id) if len(entries) > size else ""
        return pb2.ListEventsResponse(events=[event_message(entry.event) for entry in entries[:size]], next_page_token=token)


_SEQUENCE_DIGITS = 15
"""Longest number of an edit or event in a page token: exact in Lua's floats."""


def _page_position(token: str, *query: str) -> int | None:
    """The sequence behind which a token continues; None for no token."""
    position = decode_page_token(token, *query)
    if not position:
        return None
    if not (position.isascii() and position.isdecimal()) or len(position) > _SEQUENCE_DIGITS:
        raise ServiceError(Reason.PAGE_TOKEN_INVALID, "page_token is not one of this query; start again without a token")
    return int(position)
