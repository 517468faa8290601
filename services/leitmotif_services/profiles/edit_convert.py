"""Changes of controls, and the log of them, as messages."""

from collections.abc import Container, Iterator, Sequence
from hashlib import blake2b
from typing import cast

from google.protobuf.message import Message

from leitmotif.api.profiles.v1 import profiles_pb2
from leitmotif_services.profiles.taste.control import EDIT_BOUND, ControlAction, ControlChange, checked_change
from leitmotif_services.profiles.taste.profile import Edit
from leitmotif_services.profiles.use_cases.outcomes import Conditions
from leitmotif_services.runtime.errors import invalid_field
from leitmotif_services.runtime.validation import checked_id, checked_length, checked_text

MOST_CHANGES = 100
_ACTIONS = {int(action): action for action in ControlAction}
_CONDITIONS = frozenset(("etag", "model_version"))
_CONTROL_PATHS = ("edit", "muted", "pinned")


def changes_of(
    changes: Sequence[profiles_pb2.ControlChange], updates: Sequence[profiles_pb2.ControlUpdate] = ()
) -> list[ControlChange]:
    """1 to 100 checked changes and updates, default amounts filled in; an update as the changes that it amounts to."""
    checked_length("changes", (*changes, *updates), minimum=1, maximum=MOST_CHANGES)
    checked = [_change_of(change, f"changes[{index}]") for index, change in enumerate(changes)]
    for index, update in enumerate(updates):
        checked += _changes_of_update(update, f"updates[{index}]")
    return checked


def _changes_of_update(update: profiles_pb2.ControlUpdate, field: str) -> Iterator[ControlChange]:
    control = update.control
    prototype_id = checked_id(f"{field}.control.prototype_id", control.prototype_id)
    paths = update.update_mask.paths
    for path in paths:
        if path not in _CONTROL_PATHS:
            raise invalid_field(f"{field}.update_mask", f"may name {', '.join(_CONTROL_PATHS)}; names {path[:64]!r}")
    taken = frozenset(paths or _CONTROL_PATHS)  # a mask that names nothing is as good as none
    if "edit" in taken:
        if not -EDIT_BOUND <= control.edit <= EDIT_BOUND:  # true for NaN too
            raise invalid_field(f"{field}.control.edit", f"must be {-EDIT_BOUND:g} to {EDIT_BOUND:g}, is {control.edit!r}")
        yield ControlChange(prototype_id, ControlAction.SET, control.edit)
    if "muted" in taken:
        yield ControlChange(prototype_id, ControlAction.MUTE if control.muted else ControlAction.UNMUTE)
    if "pinned" in taken:
        yield ControlChange(prototype_id, ControlAction.PIN if control.pinned else ControlAction.UNPIN)


def _change_of(change: profiles_pb2.ControlChange, field: str) -> ControlChange:
    action = _ACTIONS.get(change.action)
    if action is None:
        raise invalid_field(f"{field}.action", f"must be one of the named actions, is {change.action}")
    amount = change.amount if change.HasField("amount") else None
    return checked_change(ControlChange(checked_id(f"{field}.prototype_id", change.prototype_id), action, amount), field)


def conditions_of(
    request: profiles_pb2.EditProfileRequest | profiles_pb2.UndoEditRequest | profiles_pb2.RedoEditRequest,
) -> Conditions:
    """Etag, model version and request_id of a request; a repeat has the same fingerprint, another request another."""
    etag = checked_text("etag", request.etag, maximum=128)
    model_version = ""
    if isinstance(request, profiles_pb2.EditProfileRequest) and request.model_version:
        model_version = checked_id("model_version", request.model_version)
    if not request.request_id:
        return Conditions(etag, model_version=model_version)
    return Conditions(etag, checked_id("request_id", request.request_id), _fingerprint(request), model_version)


def _fingerprint(request: Message) -> bytes:
    asked = type(request)()
    asked.CopyFrom(request)
    # A repeat may come under another model, or with the etag that a rebuild between the two gave.
    for condition in _CONDITIONS.intersection(asked.DESCRIPTOR.fields_by_name):
        asked.ClearField(condition)
    person = request.DESCRIPTOR.name.encode()[:16]
    return blake2b(asked.SerializeToString(deterministic=True), digest_size=16, person=person).digest()


def sequence_of(request: profiles_pb2.UndoEditRequest | profiles_pb2.RedoEditRequest) -> int:
    """The edit that is named; 0 for none."""
    if request.sequence < 0:
        raise invalid_field("sequence", f"must not be negative, is {request.sequence}")
    return request.sequence


def edit_message(edit: Edit, in_force: Container[int]) -> profiles_pb2.Edit:
    """An entry of the edit log; it is undone unless its sequence is `in_force`."""
    message = profiles_pb2.Edit(
        sequence=edit.sequence,
        changes=[
            profiles_pb2.ControlChange(
                prototype_id=change.prototype_id,
                action=cast("profiles_pb2.ControlAction", change.action.value),
                # The history weight that a pin keeps is no part of what was asked; a request must not have it.
                amount=None if change.action is ControlAction.PIN else change.amount,
            )
            for change in edit.changes
        ],
        actor=edit.actor,
        reason=edit.reason,
        undone=edit.sequence not in in_force,
    )
    message.made_at.FromMicroseconds(edit.made_at_us)
    return message
