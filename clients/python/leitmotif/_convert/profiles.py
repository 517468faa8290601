"""Profiles, events and edits."""

import secrets

from google.protobuf.field_mask_pb2 import FieldMask

from leitmotif._convert.times import time_of, timestamp_of
from leitmotif.api.gateway.v1 import gateway_pb2
from leitmotif.api.profiles.v1 import profiles_pb2 as pb2
from leitmotif.types import (
    ActivePreset,
    AppliedEdit,
    CarriedControl,
    ControlAction,
    ControlChange,
    ControlsMoved,
    ControlUpdate,
    Edit,
    Event,
    EventType,
    ListeningReceipt,
    Profile,
    PrototypeWeight,
)

_EVENT_TYPES = {
    EventType.PLAY: pb2.EVENT_TYPE_PLAY,
    EventType.LIKE: pb2.EVENT_TYPE_LIKE,
    EventType.SAVE: pb2.EVENT_TYPE_SAVE,
    EventType.PLAYLIST_ADD: pb2.EVENT_TYPE_PLAYLIST_ADD,
    EventType.SKIP: pb2.EVENT_TYPE_SKIP,
    EventType.DISLIKE: pb2.EVENT_TYPE_DISLIKE,
}
_EVENT_TYPES_BACK = {number: name for name, number in _EVENT_TYPES.items()}

_ACTIONS = {
    ControlAction.BOOST: pb2.CONTROL_ACTION_BOOST,
    ControlAction.REDUCE: pb2.CONTROL_ACTION_REDUCE,
    ControlAction.SET: pb2.CONTROL_ACTION_SET,
    ControlAction.MUTE: pb2.CONTROL_ACTION_MUTE,
    ControlAction.UNMUTE: pb2.CONTROL_ACTION_UNMUTE,
    ControlAction.RESET: pb2.CONTROL_ACTION_RESET,
    ControlAction.PIN: pb2.CONTROL_ACTION_PIN,
    ControlAction.UNPIN: pb2.CONTROL_ACTION_UNPIN,
}
_ACTIONS_BACK = {number: name for name, number in _ACTIONS.items()}


def described_profile_of(message: gateway_pb2.DescribeProfileResponse) -> Profile:
    """A profile whose weights carry the labels of their prototypes."""
    return _profile_with(message.profile, tuple(map(labelled_weight_of, message.labelled_weights)))


def labelled_weight_of(message: gateway_pb2.LabelledWeight) -> PrototypeWeight:
    """A weight that carries the label of its prototype."""
    return _weight_of(message.weight, message.label, message.weak)


def profile_of(message: pb2.Profile) -> Profile:
    """A profile as the profiles service carries it: with the labels that were registered there."""
    return _profile_with(message, tuple(_weight_of(weight) for weight in message.weights))


def _profile_with(message: pb2.Profile, weights: tuple[PrototypeWeight, ...]) -> Profile:
    return Profile(
        user_id=message.user_id,
        model_version=message.model_version,
        weights=weights,
        event_count=message.event_count,
        etag=message.etag,
        updated_at=time_of(message, "updated_at"),
        can_undo=message.can_undo,
        can_redo=message.can_redo,
        active_preset=active_preset_of(message.active_preset) if message.HasField("active_preset") else None,
        exclusion_count=message.exclusion_count,
        controls_moved=controls_moved_of(message.controls_moved) if message.HasField("controls_moved") else None,
    )


def controls_moved_of(message: pb2.ControlsMoved) -> ControlsMoved:
    return ControlsMoved(
        tuple(map(carried_control_of, message.carried)), tuple(message.dropped_prototype_ids), message.from_model_version
    )


def carried_control_of(message: pb2.CarriedControl) -> CarriedControl:
    return CarriedControl(message.from_prototype_id, message.to_prototype_id, message.similarity)


def active_preset_of(message: pb2.ActivePreset) -> ActivePreset:
    return ActivePreset(message.preset_id, message.share, time_of(message, "expires_at"))


def _weight_of(message: pb2.PrototypeWeight, label: str = "", weak: bool = False) -> PrototypeWeight:
    return PrototypeWeight(
        prototype_id=message.prototype_id,
        label=label or message.label,
        history=message.history,
        edit=message.edit,
        muted=message.muted,
        weight=message.weight,
        weak=weak,
        pinned_history=message.pinned_history if message.HasField("pinned_history") else None,
        overlay=message.overlay,
        muted_by_preset=message.muted_by_preset,
    )


def event_message_of(event: Event) -> pb2.Event:
    """The message of an event; one without an id gets a random one, so that a repeat of the call counts it once."""
    message = pb2.Event(
        event_id=event.event_id or secrets.token_hex(8),  # unique among a user's events; each takes room in every profile
        track_id=event.track_id,
        type=_EVENT_TYPES.get(event.type, pb2.EVENT_TYPE_UNSPECIFIED),
        share_heard=event.share_heard,
    )
    if event.occurred_at is not None:
        message.occurred_at.CopyFrom(timestamp_of(event.occurred_at))
    return message


def event_of(message: pb2.Event) -> Event:
    return Event(
        track_id=message.track_id,
        type=_EVENT_TYPES_BACK.get(message.type, EventType.UNKNOWN),
        share_heard=message.share_heard if message.HasField("share_heard") else None,
        occurred_at=time_of(message, "occurred_at"),
        event_id=message.event_id,
    )


def receipt_of(message: gateway_pb2.RecordListeningResponse) -> ListeningReceipt:
    return ListeningReceipt(message.recorded, message.repeated_events, message.etag, message.uncounted_events)


def change_message_of(change: ControlChange) -> pb2.ControlChange:
    return pb2.ControlChange(
        prototype_id=change.prototype_id,
        action=_ACTIONS.get(change.action, pb2.CONTROL_ACTION_UNSPECIFIED),
        amount=change.amount,
    )


def update_message_of(update: ControlUpdate) -> pb2.ControlUpdate:
    """The message of new values, with a mask of those that are given."""
    given = {name: value for name in ("edit", "muted", "pinned") if (value := getattr(update, name)) is not None}
    return pb2.ControlUpdate(
        control=pb2.Control(prototype_id=update.prototype_id, **given), update_mask=FieldMask(paths=sorted(given))
    )


def applied_preset_message_of(preset: str | None, share: float | None) -> pb2.AppliedPreset | None:
    """The preset of one request; ValueError for a share of none."""
    if preset is None:
        if share is not None:
            raise ValueError("preset_share needs a preset")
        return None
    return pb2.AppliedPreset(preset_id=preset, share=share)


def change_of(message: pb2.ControlChange) -> ControlChange:
    return ControlChange(
        prototype_id=message.prototype_id,
        action=_ACTIONS_BACK.get(message.action, ControlAction.UNKNOWN),
        amount=message.amount if message.HasField("amount") else None,
    )


def edit_of(message: pb2.Edit) -> Edit:
    return Edit(
        sequence=message.sequence,
        changes=tuple(map(change_of, message.changes)),
        actor=message.actor,
        reason=message.reason,
        made_at=time_of(message, "made_at"),
        undone=message.undone,
    )


def applied_edit_of(message: gateway_pb2.EditControlsResponse | pb2.UndoEditResponse | pb2.RedoEditResponse) -> AppliedEdit:
    return AppliedEdit(profile_of(message.profile), edit_of(message.edit))
