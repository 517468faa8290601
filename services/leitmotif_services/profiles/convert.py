"""Between protobuf messages and the domain. What comes in is checked here; what goes out is built here, and nowhere else."""

from collections.abc import Container, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import cast

import numpy as np
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from numpy.typing import NDArray

from leitmotif.api.common.v1 import vectors_pb2
from leitmotif.api.profiles.v1 import profiles_pb2
from leitmotif_services.profiles.taste.control import Control, ControlAction, ControlChange, checked_change
from leitmotif_services.profiles.taste.history import Event, EventType
from leitmotif_services.profiles.taste.profile import Edit, Profile
from leitmotif_services.profiles.taste.prototype_space import MOST_PROTOTYPES, PrototypeSpace
from leitmotif_services.profiles.use_cases.outcomes import Conditions, Viewed
from leitmotif_services.runtime.errors import invalid_field
from leitmotif_services.runtime.validation import checked_id, checked_length, checked_text

MOST_CHANGES = 100
MOST_EVENTS = 1000
MOST_AFFINITY = 1e6
"""Affinities are ratios of similarities, of the order of 1; a magnitude beyond this is a fault of whoever computed them."""

_MOST_TIME_S = 253_402_300_799  # the end of the year 9999
_LEAST_TIME_S = -62_135_596_800  # the beginning of the year 1
_FLOAT32 = np.dtype("<f4")

_ACTIONS = {int(action): action for action in ControlAction}
_EVENT_TYPES = {int(kind): kind for kind in EventType}


def space_of(request: profiles_pb2.RegisterPrototypeSpaceRequest) -> PrototypeSpace:
    """The space to register."""
    checked_length("prototype_ids", request.prototype_ids, minimum=1, maximum=MOST_PROTOTYPES)
    ids = tuple(checked_id(f"prototype_ids[{index}]", value) for index, value in enumerate(request.prototype_ids))
    if len(set(ids)) != len(ids):
        raise invalid_field("prototype_ids", "must not repeat an id")
    return PrototypeSpace(checked_id("model_version", request.model_version), ids)


def events_of(events: Sequence[profiles_pb2.Event], *, now_us: int) -> list[Event]:
    """1 to 1000 events; those without a time happened at `now_us`."""
    checked_length("events", events, minimum=1, maximum=MOST_EVENTS)
    return [_event_of(event, f"events[{index}]", now_us) for index, event in enumerate(events)]


def _event_of(event: profiles_pb2.Event, field: str, now_us: int) -> Event:
    kind = _EVENT_TYPES.get(event.type)
    if kind is None:
        raise invalid_field(f"{field}.type", f"must be one of the named event types, is {event.type}")
    share = event.share_heard if event.HasField("share_heard") else None
    if share is not None and not 0.0 <= share <= 1.0:  # true for NaN too
        raise invalid_field(f"{field}.share_heard", f"must be 0 to 1, is {share!r}")
    return Event(
        event_id=checked_id(f"{field}.event_id", event.event_id),
        track_id=checked_id(f"{field}.track_id", event.track_id),
        type=kind,
        occurred_at_us=_time_of(event.occurred_at, f"{field}.occurred_at") if event.HasField("occurred_at") else now_us,
        share_heard=share,
    )


def _time_of(time: Timestamp, field: str) -> int:
    if not (_LEAST_TIME_S <= time.seconds <= _MOST_TIME_S and 0 <= time.nanos < 1_000_000_000):
        raise invalid_field(field, "must be a time within the years 1 to 9999")
    return time.seconds * 1_000_000 + time.nanos // 1000


def matrix_of(matrix: vectors_pb2.FloatMatrix, *, rows: int) -> NDArray[np.float32]:
    """The affinities of a request, (rows, dimension); FIELD_INVALID for another size, or numbers that are none."""
    if rows == 0 and not matrix.values:
        return np.zeros((0, max(matrix.dimension, 0)), np.float32)
    if matrix.dimension < 1:
        raise invalid_field("affinities.dimension", f"must be at least 1, is {matrix.dimension}")
    expected = _FLOAT32.itemsize * rows * matrix.dimension
    if len(matrix.values) != expected:
        raise invalid_field(
            "affinities.values",
            f"must have {expected} bytes for {rows} rows of {matrix.dimension} numbers, has {len(matrix.values)}",
        )
    values = np.frombuffer(matrix.values, _FLOAT32).reshape(rows, matrix.dimension)
    if not (np.abs(values) <= MOST_AFFINITY).all():
        raise invalid_field("affinities.values", f"must be finite numbers of at most {MOST_AFFINITY:g} in magnitude")
    return values


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


def profile_message(viewed: Viewed, *, top: int = 0) -> profiles_pb2.Profile:
    """By position; with `top`, the strongest by magnitude of weight first, then whatever else is edited or muted."""
    profile, ids = viewed.profile, viewed.space.prototype_ids
    controls = profile.controls
    history = profile.history.weights().tolist()
    weights = history
    if controls:
        weights = history.copy()
        for position, control in controls.items():
            weights[position] = 0.0 if control.muted else history[position] + control.edit
    message = profiles_pb2.Profile()
    if top:
        strongest = sorted(range(len(ids)), key=lambda position: -abs(weights[position]))
        for position in strongest[:top] + [position for position in strongest[top:] if position in controls]:
            message.weights.add(prototype_id=ids[position], history=history[position], weight=weights[position])
            _add_control(message.weights[-1], controls.get(position))
    else:
        message.CopyFrom(_named_weights(viewed.space))
        for entry, history_weight, weight in zip(message.weights, history, weights, strict=True):
            entry.history = history_weight
            entry.weight = weight
        for position, control in controls.items():
            _add_control(message.weights[position], control)
    message.user_id = profile.user_id
    message.model_version = profile.model_version
    message.event_count = profile.history.event_count
    message.etag = profile.version.etag
    message.updated_at.FromMicroseconds(profile.updated_at_us)
    message.can_undo = bool(profile.undoable)
    message.can_redo = bool(profile.redoable)
    return message


@lru_cache(maxsize=16)
def _named_weights(space: PrototypeSpace) -> profiles_pb2.Profile:
    # Copying messages that have their ids takes a third of the time of making them, and this runs with every edit.
    return profiles_pb2.Profile(weights=[profiles_pb2.PrototypeWeight(prototype_id=name) for name in space.prototype_ids])


def _add_control(entry: profiles_pb2.PrototypeWeight, control: Control | None) -> None:
    if control is not None:
        entry.edit, entry.muted = control


def vector_message(profile: Profile) -> vectors_pb2.ProfileVector:
    """The profile in the form that scores are computed from."""
    edits = b""
    muted: list[int] = []
    if profile.controls:
        values = np.zeros(len(profile.history.weighted_sum), _FLOAT32)
        for position, (edit, is_muted) in profile.controls.items():
            values[position] = edit
            if is_muted:
                muted.append(position)
        if values.any():
            edits = values.tobytes()
    return vectors_pb2.ProfileVector(
        model_version=profile.model_version,
        history=profile.history.weights().astype(_FLOAT32).tobytes(),
        edits=edits,
        muted=sorted(muted),
    )


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


def event_message(event: Event) -> profiles_pb2.Event:
    """An event as it was recorded."""
    message = profiles_pb2.Event(
        event_id=event.event_id,
        track_id=event.track_id,
        type=cast("profiles_pb2.EventType", event.type.value),
        share_heard=event.share_heard,
    )
    message.occurred_at.FromMicroseconds(event.occurred_at_us)
    return message
