"""The bytes of a profile: a fixed head, which a store compares versions by without reading the rest, and a msgpack array.

    byte 0        schema version
    bytes 1-8     revision, big-endian
    bytes 9-16    nonce
    bytes 17-20   CRC-32 of the rest

Edits and pins survive bit for bit, and so does whatever was read from a store once. The sums of the history are kept as 40-bit
integers with one common exponent, so that each is off by at most 2^-40 of twice the largest: 10^-12, less than what the order of
events makes of them, at 5 bytes instead of 8.
"""

import math
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgpack
import numpy as np
from numpy.typing import NDArray

from leitmotif_services.profiles.store.msgpack_logs import decoded_edit, encode_edit
from leitmotif_services.profiles.store.msgpack_presets import active_of, flat_active
from leitmotif_services.profiles.store.msgpack_values import (
    SCHEMA,
    SCHEMA_BEFORE,
    long_number,
    other_schema,
    packed,
    readable,
    short_number,
)
from leitmotif_services.profiles.store.profile_store import Answer
from leitmotif_services.profiles.taste.carry_over import ControlsMoved, Takeover
from leitmotif_services.profiles.taste.control import NEUTRAL, Control, Controls
from leitmotif_services.profiles.taste.history import History
from leitmotif_services.profiles.taste.profile import Profile, Version

VERSION_FIRST = 1
VERSION_LAST = 16
"""The first and last of the bytes that name a value's version, whatever its schema; see `version_bytes`."""

_HEAD = struct.Struct(">BQ8sI")
_VERSION = struct.Struct(">Q8s")

_SUM_BYTES = 5
_SUM_BITS = 39  # beside the sign
_NO_SUM_BELOW = 2.0**-200  # nothing that anybody listened to comes to so little


def version_bytes(version: Version) -> bytes:
    """Bytes VERSION_FIRST to VERSION_LAST of every value of that version."""
    return _VERSION.pack(*version)


def encode_profile(profile: Profile) -> bytes:
    """Without the user id, which the key holds."""
    history = profile.history
    exponent, sums = encode_sums(history.weighted_sum)
    body = packed(
        (
            profile.model_version,
            exponent,
            sums,
            history.magnitude,
            history.event_count,
            history.reference_us,
            _flat_controls(profile.controls),
            None if profile.settled is None else _flat_controls(profile.settled),
            dict(profile.carried),
            profile.exclusion_count,
            flat_active(profile.active_preset),
            profile.last_edit,
            _runs(profile.undoable),
            _runs(profile.redoable),
            profile.last_event,
            profile.created_at_us,
            profile.updated_at_us,
            *(() if profile.controls_moved is None else (profile.controls_moved,)),
        )
    )
    return _HEAD.pack(SCHEMA, *profile.version, zlib.crc32(body)) + body


def decode_profile(user_id: str, value: bytes) -> Profile:
    """The profile of `encode_profile`, of this release or the one before."""
    return readable(f"the profile of user {user_id!r}", lambda: _decode_profile(user_id, value))


def encode_answer(answer: Answer) -> bytes:
    """The profile and the edit within are encoded as on their own."""
    return packed((SCHEMA, answer.fingerprint, encode_profile(answer.profile), encode_edit(answer.edit)))


def decode_answer(user_id: str, value: bytes) -> Answer:
    """The answer of `encode_answer`, of this release or the one before."""

    def decode() -> Answer:
        schema, *rest = msgpack.unpackb(value)
        if schema not in (SCHEMA, SCHEMA_BEFORE):
            raise other_schema(schema)
        fingerprint, profile, edit = rest
        return Answer(fingerprint, _decode_profile(user_id, profile), decoded_edit(edit))

    return readable("a kept answer", decode)


def _decode_profile(user_id: str, value: bytes) -> Profile:
    schema, revision, nonce, checksum = _HEAD.unpack_from(value)
    decode = _DECODE.get(schema)
    if decode is None:
        raise other_schema(schema)
    body = memoryview(value)[_HEAD.size :]
    if zlib.crc32(body) != checksum:
        raise ValueError("its checksum does not fit")
    return decode(user_id, Version(revision, nonce), msgpack.unpackb(body, use_list=False))


def _decode_present(user_id: str, version: Version, body: tuple[Any, ...]) -> Profile:
    (
        model_version,
        exponent,
        sums,
        magnitude,
        event_count,
        reference_us,
        controls,
        settled,
        carried,
        exclusion_count,
        active,
        last_edit,
        undoable,
        redoable,
        last_event,
        created_at_us,
        updated_at_us,
        *moved,
    ) = body
    weighted_sum = decode_sums(exponent, sums)
    # A frozen dataclass sets each field by a call of its own, which takes longer than to decode most of them.
    profile = object.__new__(Profile)
    profile.__dict__.update(
        user_id=user_id,
        model_version=model_version,
        history=History(weighted_sum, magnitude, event_count, reference_us),
        version=version,
        created_at_us=created_at_us,
        updated_at_us=updated_at_us,
        controls=_controls(controls, len(weighted_sum)),
        last_edit=last_edit,
        undoable=_sequences(undoable),
        redoable=_sequences(redoable),
        last_event=last_event,
        settled=None if settled is None else _controls(settled, len(weighted_sum)),
        carried=carried,
        exclusion_count=exclusion_count,
        active_preset=active_of(active),
        controls_moved=_controls_moved(*moved) if moved else None,
    )
    return profile


def _controls_moved(moved: tuple[str, tuple[tuple[str, str, float], ...], tuple[str, ...]]) -> ControlsMoved:
    from_model_version, takeovers, dropped = moved
    return ControlsMoved(from_model_version, tuple(Takeover(*each) for each in takeovers), dropped)


def _decode_before(user_id: str, version: Version, body: tuple[Any, ...]) -> Profile:
    """Of schema 1, which knew neither decay nor pins, and kept every undo in the log."""
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
    ) = body
    weighted_sum = np.frombuffer(sums, "<f8")
    positions = struct.unpack(f"<{len(edited) // 2}H", edited)
    values = struct.unpack(f"<{len(edits) // 8}d", edits)
    flat_edits = [part for pair in zip(positions, values, strict=True) for part in pair]
    flat = (flat_edits, struct.unpack(f"<{len(muted) // 2}H", muted), ())
    return Profile(
        user_id=user_id,
        model_version=model_version,
        # When its events happened is not in it: they count in full until one comes that is newer than the profile's last change.
        history=History(weighted_sum, magnitude, event_count, updated_at_us if event_count else 0),
        version=version,
        created_at_us=created_at_us,
        updated_at_us=updated_at_us,
        controls=_controls(flat, len(weighted_sum)),
        last_edit=last_edit,
        undoable=undoable,
        redoable=redoable,
        last_event=last_event,
        settled=None if last_edit else {},
    )


_DECODE: Mapping[int, Callable[[str, Version, tuple[Any, ...]], Profile]] = {
    SCHEMA: _decode_present,
    SCHEMA_BEFORE: _decode_before,
}


def encode_sums(sums: NDArray[np.float64]) -> tuple[int, bytes]:
    """The common exponent e, and each sum as a signed 40-bit integer, little-endian, in units of 2^(e - 39)."""
    # As few and as plain steps of numpy as can be: this runs with every edit.
    largest = float(np.maximum.reduce(np.absolute(sums), initial=0.0))
    if not math.isfinite(largest):
        raise ValueError("the sums of a history must be finite")
    if largest < _NO_SUM_BELOW:
        return 0, bytes(_SUM_BYTES * len(sums))
    exponent = math.frexp(largest)[1]
    if round(math.ldexp(largest, _SUM_BITS - exponent)) == 1 << _SUM_BITS:
        exponent += 1
    scaled = sums * math.ldexp(1.0, _SUM_BITS - exponent)
    units = np.rint(scaled, scaled).astype("<i8")
    return exponent, np.ndarray((len(units), _SUM_BYTES), np.uint8, units, 0, (8, 1)).tobytes()


def decode_sums(exponent: int, encoded: bytes) -> NDArray[np.float64]:
    """The sums of `encode_sums`; encoding them again gives the same bytes."""
    if len(encoded) % _SUM_BYTES:
        raise ValueError("a sum is cut off")
    # Each sum is the upper end of the eight bytes that end with it.
    wide = np.ndarray((len(encoded) // _SUM_BYTES,), "<i8", bytes(8 - _SUM_BYTES) + encoded, 0, (_SUM_BYTES,))
    sums: NDArray[np.float64] = np.right_shift(wide, 8 * (8 - _SUM_BYTES)).astype(np.float64)
    sums *= math.ldexp(1.0, exponent - _SUM_BITS)
    sums.flags.writeable = False
    return sums


def _flat_controls(controls: Controls) -> tuple[list[float], list[int], list[float]]:
    """Position and edit by turns; positions that are muted; position and pinned weight by turns."""
    edits: list[float] = []
    muted: list[int] = []
    pins: list[float] = []
    for position in sorted(controls):
        control = controls[position]
        if control.edit != 0.0:
            edits += (position, short_number(control.edit))
        if control.muted:
            muted.append(position)
        if control.pinned is not None:
            pins += (position, control.pinned)
    return edits, muted, pins


@lru_cache(maxsize=4096, typed=True)
def _edited(edit: int | float) -> Control:
    return Control(long_number(edit))


def _controls(flat: tuple[Sequence[Any], Sequence[int], Sequence[Any]], prototypes: int) -> Controls:
    edits, muted, pins = flat
    if not (edits or muted or pins):
        return {}
    controls = dict(zip(edits[::2], map(_edited, edits[1::2]), strict=True))
    for position in muted:
        controls[position] = Control(controls.get(position, NEUTRAL).edit, True)
    for position, pinned in zip(pins[::2], pins[1::2], strict=True):
        controls[position] = controls.get(position, NEUTRAL)._replace(pinned=pinned)
    if controls and not 0 <= min(controls) <= max(controls) < prototypes:
        raise ValueError("a control is of a prototype beyond the last")
    return controls


def _runs(sequences: Sequence[int]) -> list[Any]:
    """Sequences as they are, but runs of three and more, which most are in, as their first and their length."""
    if len(sequences) >= 3 and tuple(range(sequences[0], sequences[0] + len(sequences))) == tuple(sequences):
        return [(sequences[0], len(sequences))]
    runs: list[Any] = []
    start = 0
    for end in range(1, len(sequences) + 1):
        if end == len(sequences) or sequences[end] != sequences[end - 1] + 1:
            run = sequences[start:end]
            runs += run if len(run) < 3 else [(run[0], len(run))]
            start = end
    return runs


def _sequences(runs: Sequence[Any]) -> tuple[int, ...]:
    sequences: list[int] = []
    for run in runs:
        if isinstance(run, int):
            sequences.append(run)
        else:
            first, length = run
            if not 0 < length <= 10_000:
                raise ValueError("a run of edits is longer than a log")
            sequences += range(first, first + length)
    return tuple(sequences)
