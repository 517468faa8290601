"""The bytes that profiles are kept as: compact, checked, and with a schema version in every value.

A profile is a fixed head followed by a msgpack array. The head is what a store compares versions by without reading the rest:

    byte 0        schema version
    bytes 1-8     revision, big-endian
    bytes 9-16    nonce
    bytes 17-20   CRC-32 of the rest

Numbers that must survive bit for bit (sums, edits) are little-endian float64. Whatever cannot be read back is
STORED_VALUE_UNREADABLE: a newer schema, a foreign value, or damage.
"""

import struct
import zlib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgpack
import numpy as np

from leitmotif_services.profiles.store.profile_store import Answer, LoggedEvent
from leitmotif_services.profiles.taste.control import NEUTRAL, Control, ControlAction, ControlChange, Controls
from leitmotif_services.profiles.taste.history import Event, EventType, History
from leitmotif_services.profiles.taste.profile import Edit, Profile, Version
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace
from leitmotif_services.runtime.errors import Reason, ServiceError

SCHEMA = 1

VERSION_HEAD_BYTES = 17
"""So many leading bytes of a profile's value name its version; see `version_head`."""

T = TypeVar("T")

_HEAD = struct.Struct(">BQ8sI")
_VERSION_HEAD = struct.Struct(">BQ8s")
_SUM = np.dtype("<f8")
_POSITION = np.dtype("<u2")


def version_head(version: Version) -> bytes:
    """The leading bytes of every value of that version."""
    return _VERSION_HEAD.pack(SCHEMA, version.revision, version.nonce)


def encode_profile(profile: Profile) -> bytes:
    """Without the user id, which the key holds."""
    positions = sorted(profile.controls)
    edited = [position for position in positions if profile.controls[position].edit != 0.0]
    muted = [position for position in positions if profile.controls[position].muted]
    body: bytes = msgpack.packb(
        (
            profile.model_version,
            profile.history.weighted_sum.astype(_SUM).tobytes(),
            profile.history.magnitude,
            profile.history.event_count,
            np.array(edited, _POSITION).tobytes(),
            np.array([profile.controls[position].edit for position in edited], _SUM).tobytes(),
            np.array(muted, _POSITION).tobytes(),
            profile.last_edit,
            profile.undoable,
            profile.redoable,
            profile.last_event,
            profile.created_at_us,
            profile.updated_at_us,
        )
    )
    return _HEAD.pack(SCHEMA, profile.version.revision, profile.version.nonce, zlib.crc32(body)) + body


def decode_profile(user_id: str, value: bytes) -> Profile:
    """The profile of `encode_profile`."""
    return _readable(f"the profile of user {user_id!r}", lambda: _decode_profile(user_id, value))


def _decode_profile(user_id: str, value: bytes) -> Profile:
    schema, revision, nonce, checksum = _HEAD.unpack_from(value)
    _check_schema(schema)
    body = memoryview(value)[_HEAD.size :]
    if zlib.crc32(body) != checksum:
        raise ValueError("its checksum does not fit")
    (
        model_version,
        sums,
        magnitude,
        event_count,
        edited,
        edits,
        muted,
        last_edit,
        undoable,
        redoable,
        last_event,
        created_at_us,
        updated_at_us,
    ) = msgpack.unpackb(body, use_list=False)
    weighted_sum = np.frombuffer(sums, _SUM)
    return Profile(
        user_id=user_id,
        model_version=model_version,
        history=History(weighted_sum, magnitude, event_count),
        version=Version(revision, nonce),
        created_at_us=created_at_us,
        updated_at_us=updated_at_us,
        controls=_decode_controls(edited, edits, muted, len(weighted_sum)) if edited or muted else {},
        last_edit=last_edit,
        undoable=undoable,
        redoable=redoable,
        last_event=last_event,
    )


def _decode_controls(edited: bytes, edits: bytes, muted: bytes, prototypes: int) -> Controls:
    # struct beats numpy on a handful of numbers, and this runs with every read.
    positions = struct.unpack(f"<{len(edited) // 2}H", edited)
    values = struct.unpack(f"<{len(edits) // 8}d", edits)
    controls = {position: Control(edit) for position, edit in zip(positions, values, strict=True)}
    for position in struct.unpack(f"<{len(muted) // 2}H", muted):
        controls[position] = Control(controls.get(position, NEUTRAL).edit, True)
    if controls and max(controls) >= prototypes:
        raise ValueError("a control is of a prototype beyond the last")
    return controls


def encode_edit(edit: Edit) -> bytes:
    """The schema comes first and the sequence second, which is where a log is searched by."""
    touched = [
        (prototype_id, before.edit, before.muted, edit.after[prototype_id].edit, edit.after[prototype_id].muted)
        for prototype_id, before in edit.before.items()
    ]
    changes = [(change.prototype_id, int(change.action), change.amount) for change in edit.changes]
    return _packed((SCHEMA, edit.sequence, changes, edit.actor, edit.reason, edit.made_at_us, touched))


def decode_edit(value: bytes) -> Edit:
    """The edit of `encode_edit`."""
    return _readable("an entry of an edit log", lambda: _decode_edit(value))


def _decode_edit(value: bytes) -> Edit:
    schema, *rest = msgpack.unpackb(value, use_list=False)
    _check_schema(schema)
    sequence, changes, actor, reason, made_at_us, touched = rest
    return Edit(
        sequence=sequence,
        changes=tuple(ControlChange(prototype_id, ControlAction(action), amount) for prototype_id, action, amount in changes),
        actor=actor,
        reason=reason,
        made_at_us=made_at_us,
        before={prototype_id: Control(edit, muted) for prototype_id, edit, muted, _, _ in touched},
        after={prototype_id: Control(edit, muted) for prototype_id, _, _, edit, muted in touched},
    )


def encode_event(sequence: int, event: Event) -> bytes:
    """Schema and sequence come first, as for edits; then event id and track id, which a store forgets the event by."""
    fields = (SCHEMA, sequence, event.event_id, event.track_id, int(event.type), event.share_heard, event.occurred_at_us)
    return _packed(fields)


def decode_event(value: bytes) -> LoggedEvent:
    """The event of `encode_event`."""
    return _readable("an entry of an event log", lambda: _decode_event(value))


def _decode_event(value: bytes) -> LoggedEvent:
    schema, *rest = msgpack.unpackb(value)
    _check_schema(schema)
    sequence, event_id, track_id, kind, share_heard, occurred_at_us = rest
    return LoggedEvent(sequence, Event(event_id, track_id, EventType(kind), occurred_at_us, share_heard))


def encode_answer(answer: Answer) -> bytes:
    """The profile and the edit within are encoded as on their own."""
    return _packed((SCHEMA, answer.fingerprint, encode_profile(answer.profile), encode_edit(answer.edit)))


def decode_answer(user_id: str, value: bytes) -> Answer:
    """The answer of `encode_answer`."""
    return _readable("a kept answer", lambda: _decode_answer(user_id, value))


def _decode_answer(user_id: str, value: bytes) -> Answer:
    schema, *rest = msgpack.unpackb(value)
    _check_schema(schema)
    fingerprint, profile, edit = rest
    return Answer(fingerprint, _decode_profile(user_id, profile), _decode_edit(edit))


def encode_space(space: PrototypeSpace) -> bytes:
    """Without the model version, which the key holds."""
    return _packed((SCHEMA, space.prototype_ids))


def decode_space(model_version: str, value: bytes) -> PrototypeSpace:
    """The space of `encode_space`."""
    return _readable(f"the prototype space of {model_version!r}", lambda: _decode_space(model_version, value))


def _decode_space(model_version: str, value: bytes) -> PrototypeSpace:
    schema, *rest = msgpack.unpackb(value, use_list=False)
    _check_schema(schema)
    (prototype_ids,) = rest
    return PrototypeSpace(model_version, prototype_ids)


def decode_heard(entries: Mapping[bytes, bytes]) -> tuple[str, ...]:
    """Track ids, the one heard last first; of equal times the one recorded last."""

    def latest_first() -> tuple[str, ...]:
        decoded = []
        for track_id, entry in entries.items():
            sequence, occurred_at_us = entry.split(b":")
            decoded.append((int(occurred_at_us), int(sequence), track_id.decode()))
        return tuple(track_id for _, _, track_id in sorted(decoded, reverse=True))

    return _readable("the tracks a user has heard", latest_first)


def _packed(value: tuple[Any, ...]) -> bytes:
    packed: bytes = msgpack.packb(value)
    return packed


def _check_schema(schema: object) -> None:
    if schema != SCHEMA:
        raise ValueError(f"its schema is {schema!r}, this release reads {SCHEMA}")


def _readable(what: str, decode: Callable[[], T]) -> T:
    try:
        return decode()
    except (ValueError, TypeError, struct.error, msgpack.UnpackException) as error:
        raise ServiceError(Reason.STORED_VALUE_UNREADABLE, f"{what} cannot be read: {error}") from error
