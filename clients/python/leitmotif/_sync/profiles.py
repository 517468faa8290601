# Generated from leitmotif/_async/profiles.py by clients/python/generate_sync.py; edit that file instead.
"""A user's profile: read it, steer it, take it back, take it away."""

import json
import uuid
from collections.abc import Iterable, Iterator
from typing import Any, Unpack

from leitmotif._convert.profiles import applied_edit_of, change_message_of, described_profile_of, edit_of, event_of
from leitmotif._sync.transport import Transport
from leitmotif.api.gateway.v1 import gateway_pb2
from leitmotif.api.profiles.v1 import profiles_pb2 as pb2
from leitmotif.errors import DataLossError
from leitmotif.types import AppliedEdit, ControlAction, ControlChange, Edit, EditOptions, Event, Profile


class UserProfile:
    """The profile of one user: `client.profiles(user_id)`. Making one calls nothing.

    Edits carry a request id, so that one whose answer was lost is not applied twice. `boost` and its like are edits of one
    change; they take the keyword arguments of `edit`.
    """

    def __init__(self, transport: Transport, user_id: str, actor: str) -> None:
        self._transport = transport
        self.user_id = user_id
        self.actor = actor

    def get(self, top: int = 0, *, timeout_s: float | None = None) -> Profile:
        """The profile with labels; with `top`, the strongest prototypes and every edited or muted one."""
        request = gateway_pb2.DescribeProfileRequest(user_id=self.user_id, top=top)
        method = self._transport.stubs.gateway.DescribeProfile
        return described_profile_of(self._transport.call(method, request, timeout_s=timeout_s, repeatable=True))

    def boost(self, prototype_id: str, amount: float = 1.0, reason: str = "", **options: Unpack[EditOptions]) -> AppliedEdit:
        """Ask for more of a prototype; `amount` more than 0, at most 4. Edits add up, within -4 to 4."""
        return self.edit([ControlChange(prototype_id, ControlAction.BOOST, amount)], reason, **options)

    def reduce(self, prototype_id: str, amount: float = 1.0, reason: str = "", **options: Unpack[EditOptions]) -> AppliedEdit:
        """Ask for less of a prototype; `amount` more than 0, at most 4."""
        return self.edit([ControlChange(prototype_id, ControlAction.REDUCE, amount)], reason, **options)

    def set(self, prototype_id: str, amount: float, reason: str = "", **options: Unpack[EditOptions]) -> AppliedEdit:
        """Set the edit of a prototype, whatever it was; -4 to 4."""
        return self.edit([ControlChange(prototype_id, ControlAction.SET, amount)], reason, **options)

    def mute(self, prototype_id: str, reason: str = "", **options: Unpack[EditOptions]) -> AppliedEdit:
        """Keep the tracks that express a prototype out of recommendations."""
        return self.edit([ControlChange(prototype_id, ControlAction.MUTE)], reason, **options)

    def unmute(self, prototype_id: str, reason: str = "", **options: Unpack[EditOptions]) -> AppliedEdit:
        """End a mute."""
        return self.edit([ControlChange(prototype_id, ControlAction.UNMUTE)], reason, **options)

    def reset(self, prototype_id: str, reason: str = "", **options: Unpack[EditOptions]) -> AppliedEdit:
        """Forget what was asked for of a prototype: its edit is 0 and it is not muted."""
        return self.edit([ControlChange(prototype_id, ControlAction.RESET)], reason, **options)

    def edit(
        self,
        changes: Iterable[ControlChange],
        reason: str = "",
        *,
        etag: str | None = None,
        request_id: str | None = None,
        allow_missing: bool = False,
        timeout_s: float | None = None,
    ) -> AppliedEdit:
        """Apply 1 to 100 changes in order, all or none.

        With `etag`, only when the profile has not changed since it was read: ConflictError otherwise. `request_id` makes a
        repeat within 24 hours return the first answer; it is made when not given. NotFoundError (PROFILE_NOT_FOUND) for a
        user without a profile, unless `allow_missing`, which makes an empty one first.
        """
        request = gateway_pb2.EditControlsRequest(
            user_id=self.user_id,
            changes=map(change_message_of, changes),
            etag=etag or "",
            request_id=request_id or uuid.uuid4().hex,
            actor=self.actor,
            reason=reason,
            allow_missing=allow_missing,
        )
        method = self._transport.stubs.gateway.EditControls
        response = self._transport.call(method, request, timeout_s=timeout_s, repeatable=True)
        return applied_edit_of(response)

    def undo(self, *, etag: str | None = None, request_id: str | None = None, timeout_s: float | None = None) -> AppliedEdit:
        """Take back the last edit that is not undone yet. PreconditionError (NOTHING_TO_UNDO) when there is none."""
        request = pb2.UndoEditRequest(user_id=self.user_id, etag=etag or "", request_id=request_id or uuid.uuid4().hex)
        method = self._transport.stubs.profiles.UndoEdit
        response = self._transport.call(method, request, timeout_s=timeout_s, repeatable=True)
        return applied_edit_of(response)

    def redo(self, *, etag: str | None = None, request_id: str | None = None, timeout_s: float | None = None) -> AppliedEdit:
        """Apply the edit that was undone last again. PreconditionError (NOTHING_TO_UNDO) when there is none."""
        request = pb2.RedoEditRequest(user_id=self.user_id, etag=etag or "", request_id=request_id or uuid.uuid4().hex)
        method = self._transport.stubs.profiles.RedoEdit
        response = self._transport.call(method, request, timeout_s=timeout_s, repeatable=True)
        return applied_edit_of(response)

    def edits(self, *, page_size: int = 0, timeout_s: float | None = None) -> Iterator[Edit]:
        """The edit log, newest first; pages are fetched as they are needed."""
        method = self._transport.stubs.profiles.ListEdits
        for response in self._transport.pages(
            lambda page_token: self._transport.call(
                method,
                pb2.ListEditsRequest(user_id=self.user_id, page_size=page_size, page_token=page_token),
                timeout_s=timeout_s,
                repeatable=True,
            )
        ):
            for edit in response.edits:
                yield edit_of(edit)

    def events(self, *, page_size: int = 0, timeout_s: float | None = None) -> Iterator[Event]:
        """The events that the history weights were made from, oldest first; pages are fetched as they are needed."""
        method = self._transport.stubs.profiles.ListEvents
        for response in self._transport.pages(
            lambda page_token: self._transport.call(
                method,
                pb2.ListEventsRequest(user_id=self.user_id, page_size=page_size, page_token=page_token),
                timeout_s=timeout_s,
                repeatable=True,
            )
        ):
            for event in response.events:
                yield event_of(event)

    def export(self, *, timeout_s: float | None = None) -> dict[str, Any]:
        """Everything that is kept of the user, as a JSON object; its `schema` says how to read it."""
        method = self._transport.stubs.profiles.ExportProfile
        request = pb2.ExportProfileRequest(user_id=self.user_id)
        response = self._transport.call(method, request, timeout_s=timeout_s, repeatable=True)
        try:
            document: dict[str, Any] = json.loads(response.json)
        except ValueError as error:
            raise DataLossError(f"the export of {self.user_id} is not readable as JSON") from error
        return document

    def delete(self, *, timeout_s: float | None = None) -> bool:
        """Erase everything that is kept of the user; False when there was nothing.

        Not repeated by itself: a repeat whose first answer was lost would say that there was nothing.
        """
        method = self._transport.stubs.profiles.DeleteProfile
        request = pb2.DeleteProfileRequest(user_id=self.user_id)
        response = self._transport.call(method, request, timeout_s=timeout_s, repeatable=False)
        return response.existed
