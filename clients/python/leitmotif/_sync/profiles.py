# Generated from leitmotif/_async/profiles.py by clients/python/generate_sync.py; edit that file instead.
"""A user's profile: read it, steer it, take it back, take it away."""

import json
import uuid
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from typing import Any, Unpack

from leitmotif._convert.custody import erasure_of, imported_profile_of
from leitmotif._convert.profiles import (
    applied_edit_of,
    change_message_of,
    described_profile_of,
    edit_of,
    event_of,
    profile_of,
    update_message_of,
)
from leitmotif._sync.exclusions import UserExclusions
from leitmotif._sync.presets import UserPresets
from leitmotif._sync.transport import Transport
from leitmotif.api.gateway.v1 import gateway_pb2
from leitmotif.api.profiles.v1 import profiles_pb2 as pb2
from leitmotif.errors import DataLossError
from leitmotif.types import (
    AppliedEdit,
    ControlAction,
    ControlChange,
    ControlUpdate,
    Edit,
    EditOptions,
    Erasure,
    Event,
    ImportedProfile,
    Profile,
)


class UserProfile:
    """The profile of one user: `client.profiles(user_id)`. Making one calls nothing.

    Edits carry a request id, so that one whose answer was lost is not applied twice. `boost` and its like are edits of one
    change; they take the keyword arguments of `edit`.
    """

    def __init__(self, transport: Transport, user_id: str, actor: str) -> None:
        self._transport = transport
        self.user_id = user_id
        self.actor = actor
        self.presets = UserPresets(transport, user_id)
        """Named overlays."""
        self.exclusions = UserExclusions(transport, user_id)
        """What is kept out of recommendations, or out of the profile."""

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
        """Forget what was asked for of a prototype: its edit is 0, and it is neither muted nor pinned."""
        return self.edit([ControlChange(prototype_id, ControlAction.RESET)], reason, **options)

    def pin(self, prototype_id: str, reason: str = "", **options: Unpack[EditOptions]) -> AppliedEdit:
        """Keep what listening says of a prototype as it is now, whatever is listened to; edits still add to it."""
        return self.edit([ControlChange(prototype_id, ControlAction.PIN)], reason, **options)

    def unpin(self, prototype_id: str, reason: str = "", **options: Unpack[EditOptions]) -> AppliedEdit:
        """End a pin."""
        return self.edit([ControlChange(prototype_id, ControlAction.UNPIN)], reason, **options)

    def edit(
        self,
        changes: Iterable[ControlChange] = (),
        reason: str = "",
        *,
        updates: Iterable[ControlUpdate] = (),
        etag: str | None = None,
        request_id: str | None = None,
        allow_missing: bool = False,
        timeout_s: float | None = None,
    ) -> AppliedEdit:
        """Apply 1 to 100 changes and updates in order, changes first, all or none.

        With `etag`, only when the profile has not changed since it was read: ConflictError otherwise. `request_id` makes a
        repeat within 24 hours return the first answer; it is made when not given. NotFoundError (PROFILE_NOT_FOUND) for a
        user without a profile, unless `allow_missing`, which makes an empty one first.
        """
        request = gateway_pb2.EditControlsRequest(
            user_id=self.user_id,
            changes=map(change_message_of, changes),
            updates=map(update_message_of, updates),
            etag=etag or "",
            request_id=request_id or uuid.uuid4().hex,
            actor=self.actor,
            reason=reason,
            allow_missing=allow_missing,
        )
        method = self._transport.stubs.gateway.EditControls
        response = self._transport.call(method, request, timeout_s=timeout_s, repeatable=True)
        return applied_edit_of(response)

    def undo(
        self, sequence: int = 0, *, etag: str | None = None, request_id: str | None = None, timeout_s: float | None = None
    ) -> AppliedEdit:
        """Take back the last edit that is not undone yet, or the one of that `sequence`.

        PreconditionError (NOTHING_TO_UNDO) when there is none, or it is undone already; NotFoundError (EDIT_NOT_FOUND).
        """
        request = pb2.UndoEditRequest(
            user_id=self.user_id, etag=etag or "", request_id=request_id or uuid.uuid4().hex, sequence=sequence
        )
        method = self._transport.stubs.profiles.UndoEdit
        response = self._transport.call(method, request, timeout_s=timeout_s, repeatable=True)
        return applied_edit_of(response)

    def redo(
        self, sequence: int = 0, *, etag: str | None = None, request_id: str | None = None, timeout_s: float | None = None
    ) -> AppliedEdit:
        """Apply the edit that was undone last again, or the one of that `sequence`, in its old place.

        PreconditionError (NOTHING_TO_UNDO) when there is none, or a later edit has superseded it; NotFoundError (EDIT_NOT_FOUND).
        """
        request = pb2.RedoEditRequest(
            user_id=self.user_id, etag=etag or "", request_id=request_id or uuid.uuid4().hex, sequence=sequence
        )
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
        """The events of the log, oldest first, also those kept out of the profile; pages are fetched as they are needed."""
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

    def import_(
        self,
        document: dict[str, Any] | str,
        *,
        replace: bool = False,
        etag: str | None = None,
        timeout_s: float | None = None,
    ) -> ImportedProfile:
        """Put an exported profile in place: what `export` gave, here or elsewhere, of this user or another.

        AlreadyExistsError (PROFILE_EXISTS) where the user has a profile, unless `replace`; with `etag`, only when that has not
        changed since it was read. InvalidArgumentError names what is wrong with the document. Nothing has changed then.
        """
        text = document if isinstance(document, str) else json.dumps(document, ensure_ascii=False, allow_nan=False)
        request = gateway_pb2.ImportProfileRequest(user_id=self.user_id, json=text, replace=replace, etag=etag or "")
        method = self._transport.stubs.gateway.ImportProfile
        # A repeat of one that replaces changes nothing more; of another, it would meet the profile that the first put in place.
        response = self._transport.call(method, request, timeout_s=timeout_s, repeatable=replace and not etag)
        return imported_profile_of(response)

    def delete(self, *, verify: bool = False, timeout_s: float | None = None) -> Erasure:
        """Erase everything that is kept of the user; the receipt is false when there was nothing.

        `verify` proves it by a scan of every key in the store: some seconds for a million keys, so give `timeout_s` too. Not
        repeated by itself: a repeat whose first answer was lost would say that there was nothing.
        """
        method = self._transport.stubs.profiles.DeleteProfile
        request = pb2.DeleteProfileRequest(user_id=self.user_id, verify=verify)
        response = self._transport.call(method, request, timeout_s=timeout_s, repeatable=False)
        return erasure_of(response)

    def watch(self, *, etag: str | None = None, timeout_s: float | None = None) -> Generator[Profile | None, None, None]:
        """The profile now and after every change, whoever makes it; None while the user has none.

        Survives restarts of the server. With `etag`, the first is what comes after that version. Changes in quick succession come
        as one. DeadlineExceededError after `timeout_s`, by default never.
        """
        seen = etag or ""
        method = self._transport.stubs.profiles.WatchProfile
        watch = self._transport.watch(
            method, lambda: pb2.WatchProfileRequest(user_id=self.user_id, etag=seen), timeout_s=timeout_s
        )
        gone = False
        with closing(watch) as responses:
            for response in responses:
                if response.HasField("profile"):
                    seen, gone = response.profile.etag, False
                    yield profile_of(response.profile)
                elif not gone:  # told anew by a watch that was opened anew
                    seen, gone = "", True
                    yield None
