"""The methods of ProfilesService that change controls, show what a change would do, and take it back."""

from typing import Any

from leitmotif.api.profiles.v1 import profiles_pb2 as pb2
from leitmotif_services.profiles.called_tenants import CalledTenants
from leitmotif_services.profiles.convert import profile_message, scoring_view_of, vector_message
from leitmotif_services.profiles.edit_convert import changes_of, conditions_of, edit_message, sequence_of
from leitmotif_services.profiles.use_cases.outcomes import Edited, Viewed
from leitmotif_services.runtime.validation import checked_id, checked_text

_MOST_ACTOR_CHARACTERS = 64
_MOST_REASON_CHARACTERS = 256


class EditingMethods:
    """Validate, convert, edit, convert back."""

    def __init__(self, tenants: CalledTenants) -> None:
        self._tenants = tenants

    async def EditProfile(self, request: pb2.EditProfileRequest, context: Any) -> pb2.EditProfileResponse:
        edited = await self._tenants.of(context).editing.edit(
            checked_id("user_id", request.user_id),
            changes_of(request.changes, request.updates),
            conditions_of(request),
            actor=checked_text("actor", request.actor, maximum=_MOST_ACTOR_CHARACTERS),
            reason=checked_text("reason", request.reason, maximum=_MOST_REASON_CHARACTERS),
            allow_missing=request.allow_missing,
        )
        return pb2.EditProfileResponse(profile=profile_message(edited), edit=_edit_of(edited))

    async def PreviewEdit(self, request: pb2.PreviewEditRequest, context: Any) -> pb2.PreviewEditResponse:
        previewed = await self._tenants.of(context).editing.preview(
            checked_id("user_id", request.user_id),
            changes_of(request.changes, request.updates),
            scoring_view_of(request),
            allow_missing=request.allow_missing,
        )
        return pb2.PreviewEditResponse(
            before=vector_message(Viewed(previewed.before, previewed.space)),
            after=vector_message(previewed),
            weights=profile_message(previewed).weights,
            heard_track_ids=previewed.left_out.heard_track_ids,
            etag=previewed.before.version.etag if previewed.exists else "",
            hidden_track_ids=previewed.left_out.hidden_track_ids,
            hidden_artists=previewed.left_out.hidden_artists,
        )

    async def UndoEdit(self, request: pb2.UndoEditRequest, context: Any) -> pb2.UndoEditResponse:
        edited = await self._tenants.of(context).editing.undo(
            checked_id("user_id", request.user_id), conditions_of(request), sequence=sequence_of(request)
        )
        return pb2.UndoEditResponse(profile=profile_message(edited), edit=_edit_of(edited))

    async def RedoEdit(self, request: pb2.RedoEditRequest, context: Any) -> pb2.RedoEditResponse:
        edited = await self._tenants.of(context).editing.redo(
            checked_id("user_id", request.user_id), conditions_of(request), sequence=sequence_of(request)
        )
        return pb2.RedoEditResponse(profile=profile_message(edited), edit=_edit_of(edited))


def _edit_of(edited: Edited) -> pb2.Edit:
    return edit_message(edited.edit, edited.profile.undoable)
