"""The methods of ProfilesService that change controls, show what a change would do, and take it back."""

from typing import Any

from leitmotif.api.profiles.v1 import profiles_pb2 as pb2
from leitmotif_services.profiles.called_tenants import CalledTenants
from leitmotif_services.profiles.convert import profile_message, vector_message
from leitmotif_services.profiles.edit_convert import changes_of, conditions_of, edit_message
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
            changes_of(request.changes),
            conditions_of(request),
            actor=checked_text("actor", request.actor, maximum=_MOST_ACTOR_CHARACTERS),
            reason=checked_text("reason", request.reason, maximum=_MOST_REASON_CHARACTERS),
            allow_missing=request.allow_missing,
        )
        edit = edit_message(edited.edit, edited.profile.undoable)
        return pb2.EditProfileResponse(profile=profile_message(edited), edit=edit)

    async def PreviewEdit(self, request: pb2.PreviewEditRequest, context: Any) -> pb2.PreviewEditResponse:
        previewed = await self._tenants.of(context).editing.preview(
            checked_id("user_id", request.user_id),
            changes_of(request.changes),
            allow_missing=request.allow_missing,
            heard=request.include_heard,
        )
        return pb2.PreviewEditResponse(
            before=vector_message(previewed.before),
            after=vector_message(previewed.profile),
            weights=profile_message(previewed).weights,
            heard_track_ids=previewed.heard_track_ids,
            etag=previewed.before.version.etag if previewed.exists else "",
        )

    async def UndoEdit(self, request: pb2.UndoEditRequest, context: Any) -> pb2.UndoEditResponse:
        edited = await self._tenants.of(context).editing.undo(checked_id("user_id", request.user_id), conditions_of(request))
        edit = edit_message(edited.edit, edited.profile.undoable)
        return pb2.UndoEditResponse(profile=profile_message(edited), edit=edit)

    async def RedoEdit(self, request: pb2.RedoEditRequest, context: Any) -> pb2.RedoEditResponse:
        edited = await self._tenants.of(context).editing.redo(checked_id("user_id", request.user_id), conditions_of(request))
        edit = edit_message(edited.edit, edited.profile.undoable)
        return pb2.RedoEditResponse(profile=profile_message(edited), edit=edit)
