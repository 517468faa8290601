"""ProfilesService over the use cases; the proto says what each method promises."""

from typing import Any

from leitmotif.api.profiles.v1 import profiles_pb2, profiles_pb2_grpc
from leitmotif_services.profiles.convert import (
    changes_of,
    conditions_of,
    edit_message,
    event_message,
    events_of,
    matrix_of,
    profile_message,
    space_of,
    vector_message,
)
from leitmotif_services.profiles.taste.profile import EVENT_LOG_LENGTH
from leitmotif_services.profiles.transfer.export_document import export_json
from leitmotif_services.profiles.use_cases.profiles import Profiles, wall_clock_us
from leitmotif_services.runtime.admission import Admission
from leitmotif_services.runtime.errors import Reason, ServiceError, invalid_field
from leitmotif_services.runtime.pagination import decode_page_token, encode_page_token, page_size_of
from leitmotif_services.runtime.validation import checked_id, checked_length, checked_text

_MOST_ACTOR_CHARACTERS = 64
_MOST_REASON_CHARACTERS = 256


class ProfilesServicer(profiles_pb2_grpc.ProfilesServiceServicer):
    """Checks and converts requests, runs the use case, converts what it gives. `heavy` writes exports."""

    def __init__(self, profiles: Profiles, heavy: Admission) -> None:
        self._profiles = profiles
        self._heavy = heavy

    async def RegisterPrototypeSpace(
        self, request: profiles_pb2.RegisterPrototypeSpaceRequest, _context: Any
    ) -> profiles_pb2.RegisterPrototypeSpaceResponse:
        await self._profiles.register_space(space_of(request))
        return profiles_pb2.RegisterPrototypeSpaceResponse()

    async def GetProfile(self, request: profiles_pb2.GetProfileRequest, _context: Any) -> profiles_pb2.GetProfileResponse:
        user_id = checked_id("user_id", request.user_id)
        if request.top < 0:
            raise invalid_field("top", f"must not be negative, is {request.top}")
        viewed = await self._profiles.read(user_id)
        return profiles_pb2.GetProfileResponse(profile=profile_message(viewed, top=request.top))

    async def GetProfileVector(
        self, request: profiles_pb2.GetProfileVectorRequest, _context: Any
    ) -> profiles_pb2.GetProfileVectorResponse:
        user_id = checked_id("user_id", request.user_id)
        profile, heard = await self._profiles.read_for_scoring(user_id, heard=request.include_heard)
        return profiles_pb2.GetProfileVectorResponse(
            vector=vector_message(profile), heard_track_ids=heard, etag=profile.version.etag
        )

    async def RecordEvents(self, request: profiles_pb2.RecordEventsRequest, _context: Any) -> profiles_pb2.RecordEventsResponse:
        user_id = checked_id("user_id", request.user_id)
        model_version = checked_id("model_version", request.model_version)
        events = events_of(request.events, now_us=wall_clock_us())
        affinities = matrix_of(request.affinities, rows=len(events))
        outcome = await self._profiles.record_events(user_id, events, affinities, model_version)
        return profiles_pb2.RecordEventsResponse(
            recorded=outcome.recorded, repeated_events=outcome.repeated, etag=outcome.version.etag
        )

    async def EditProfile(self, request: profiles_pb2.EditProfileRequest, _context: Any) -> profiles_pb2.EditProfileResponse:
        edited = await self._profiles.edit(
            checked_id("user_id", request.user_id),
            changes_of(request.changes),
            conditions_of(request),
            actor=checked_text("actor", request.actor, maximum=_MOST_ACTOR_CHARACTERS),
            reason=checked_text("reason", request.reason, maximum=_MOST_REASON_CHARACTERS),
            allow_missing=request.allow_missing,
        )
        edit = edit_message(edited.edit, edited.profile.undoable)
        return profiles_pb2.EditProfileResponse(profile=profile_message(edited), edit=edit)

    async def PreviewEdit(self, request: profiles_pb2.PreviewEditRequest, _context: Any) -> profiles_pb2.PreviewEditResponse:
        previewed = await self._profiles.preview(
            checked_id("user_id", request.user_id),
            changes_of(request.changes),
            allow_missing=request.allow_missing,
            heard=request.include_heard,
        )
        return profiles_pb2.PreviewEditResponse(
            before=vector_message(previewed.before),
            after=vector_message(previewed.profile),
            weights=profile_message(previewed).weights,
            heard_track_ids=previewed.heard_track_ids,
            etag=previewed.before.version.etag if previewed.exists else "",
        )

    async def UndoEdit(self, request: profiles_pb2.UndoEditRequest, _context: Any) -> profiles_pb2.UndoEditResponse:
        edited = await self._profiles.undo(checked_id("user_id", request.user_id), conditions_of(request))
        edit = edit_message(edited.edit, edited.profile.undoable)
        return profiles_pb2.UndoEditResponse(profile=profile_message(edited), edit=edit)

    async def RedoEdit(self, request: profiles_pb2.RedoEditRequest, _context: Any) -> profiles_pb2.RedoEditResponse:
        edited = await self._profiles.redo(checked_id("user_id", request.user_id), conditions_of(request))
        edit = edit_message(edited.edit, edited.profile.undoable)
        return profiles_pb2.RedoEditResponse(profile=profile_message(edited), edit=edit)

    async def ListEdits(self, request: profiles_pb2.ListEditsRequest, _context: Any) -> profiles_pb2.ListEditsResponse:
        user_id = checked_id("user_id", request.user_id)
        size = page_size_of(request.page_size, default=50, maximum=200)
        before = _page_position(request.page_token, "ListEdits", user_id)
        # One more than fits tells whether there is another page.
        profile, edits = await self._profiles.list_edits(user_id, before=before, count=size + 1)
        token = encode_page_token(str(edits[size - 1].sequence), "ListEdits", user_id) if len(edits) > size else ""
        return profiles_pb2.ListEditsResponse(
            edits=[edit_message(edit, profile.undoable) for edit in edits[:size]], next_page_token=token
        )

    async def ListEvents(self, request: profiles_pb2.ListEventsRequest, _context: Any) -> profiles_pb2.ListEventsResponse:
        user_id = checked_id("user_id", request.user_id)
        size = page_size_of(request.page_size, default=100, maximum=1000)
        after = _page_position(request.page_token, "ListEvents", user_id) or 0
        _, entries = await self._profiles.list_events(user_id, after=after, count=size + 1)
        token = encode_page_token(str(entries[size - 1].sequence), "ListEvents", user_id) if len(entries) > size else ""
        return profiles_pb2.ListEventsResponse(
            events=[event_message(entry.event) for entry in entries[:size]], next_page_token=token
        )

    async def RebuildProfile(
        self, request: profiles_pb2.RebuildProfileRequest, _context: Any
    ) -> profiles_pb2.RebuildProfileResponse:
        user_id = checked_id("user_id", request.user_id)
        model_version = checked_id("model_version", request.model_version)
        checked_length("track_ids", request.track_ids, maximum=EVENT_LOG_LENGTH)
        rows = {checked_id(f"track_ids[{row}]", track_id): row for row, track_id in enumerate(request.track_ids)}
        if len(rows) != len(request.track_ids):
            raise invalid_field("track_ids", "must not repeat an id")
        affinities = matrix_of(request.affinities, rows=len(rows))
        rebuilt = await self._profiles.rebuild(user_id, model_version, rows, affinities)
        return profiles_pb2.RebuildProfileResponse(
            profile=profile_message(rebuilt),
            counted_events=rebuilt.counted_events,
            dropped_prototype_ids=rebuilt.dropped_prototype_ids,
        )

    async def ExportProfile(
        self, request: profiles_pb2.ExportProfileRequest, _context: Any
    ) -> profiles_pb2.ExportProfileResponse:
        everything = await self._profiles.everything(checked_id("user_id", request.user_id))
        return profiles_pb2.ExportProfileResponse(json=await self._heavy.run(export_json, everything))

    async def DeleteProfile(
        self, request: profiles_pb2.DeleteProfileRequest, _context: Any
    ) -> profiles_pb2.DeleteProfileResponse:
        return profiles_pb2.DeleteProfileResponse(existed=await self._profiles.delete(checked_id("user_id", request.user_id)))


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
