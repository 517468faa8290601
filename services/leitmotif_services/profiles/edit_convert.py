"""Changes of controls, and the log of them, as messages."""

from collections.abc import Container, Sequence
from hashlib import blake2b
from typing import cast

from google.protobuf.message import Message

from leitmotif.api.profiles.v1 import profiles_pb2
from leitmotif_services.profiles.taste.control import ControlAction, ControlChange, checked_change
from leitmotif_services.profiles.taste.profile import Edit
from leitmotif_services.profiles.use_cases.outcomes import Conditions
from leitmotif_services.runtime.errors import invalid_field
from leitmotif_services.runtime.validation import checked_id, checked_length, checked_text

MOST_CHANGES = 100
_ACTIONS = {int(action): action for action in ControlAction}


def changes_of(changes: Sequence[profiles_pb2.ControlChange]) -> list[ControlChange]:
    """1 to 100 checked changes, amounts filled in."""
    checked_length("changes", changes, minimum=1, maximum=MOST_CHANGES)
    return [_change_of(change, f"changes[{index}]") for index, change in enumerate(changes)]


def _change_of(change: profiles_pb2.ControlChange, field: str) -> ControlChange:
    action = _ACTIONS.get(change.action)
    if action is None:
        raise invalid_field(f"{field}.action", f"must be one of the named actions, is {change.action}")
    amount = change.amount if change.HasField("amount") else None
    return checked_change(ControlChange(checked_id(f"{field}.prototype_id", change.prototype_id), action, amount), field)


def conditions_of(
    request: profiles_pb2.EditProfileRequest | profiles_pb2.UndoEditRequest | profiles_pb2.RedoEditRequest,
) -> Conditions:
    """Etag and request_id of a request; a repeat has the same fingerprint, another request another."""
    etag = checked_text("etag", request.etag, maximum=128)
    if not request.request_id:
        return Conditions(etag)
    return Conditions(etag, checked_id("request_id", request.request_id), _fingerprint(request))


def _fingerprint(request: Message) -> bytes:
    person = request.DESCRIPTOR.name.encode()[:16]
    return blake2b(request.SerializeToString(deterministic=True), digest_size=16, person=person).digest()


def edit_message(edit: Edit, in_force: Container[int]) -> profiles_pb2.Edit:
    """An entry of the edit log; it is undone unless its sequence is `in_force`."""
    message = profiles_pb2.Edit(
        sequence=edit.sequence,
        changes=[
            profiles_pb2.ControlChange(
                prototype_id=change.prototype_id,
                action=cast("profiles_pb2.ControlAction", change.action.value),
                amount=change.amount,
            )
            for change in edit.changes
        ],
        actor=edit.actor,
        reason=edit.reason,
        undone=edit.sequence not in in_force,
    )
    message.made_at.FromMicroseconds(edit.made_at_us)
    return message
