"""The bytes of the logs: an edit is an entry of its own, events come in blocks of up to 128.

The events of a block are kept by columns and deflated, ids even by columns of characters, since most of an id is like the others.
A log's last block is open: it is written anew with the next events, until it is full and sealed. A sealed block holds digests of
its event ids, by which the store forgets them when the block leaves the log.

    byte 0        schema version
    byte 1        1 for a sealed block, 0 for an open one
    bytes 2-3     events in it, big-endian, as the following
    bytes 4-5     events at its beginning that the log keeps no longer
    bytes 6-13    sequence of its first event
    8 each        digest of each event id, when sealed
    the rest      deflated columns

Entries of schema 1, which is one msgpack array for each edit or event, may precede in the same log.
"""

import struct
import zlib
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any

import msgpack
import numpy as np

from leitmotif_services.profiles.store.encoded_value import (
    SCHEMA,
    SCHEMA_BEFORE,
    long_number,
    other_schema,
    packed,
    readable,
    short_number,
)
from leitmotif_services.profiles.store.profile_store import LoggedEvent
from leitmotif_services.profiles.taste.control import NEUTRAL, Control, ControlAction, ControlChange
from leitmotif_services.profiles.taste.history import Event, EventType
from leitmotif_services.profiles.taste.profile import Edit

BLOCK_EVENTS = 128
"""Events in a sealed block."""

_DIGEST_BYTES = 8
_BLOCK_HEAD = struct.Struct(">BBHHQ")
_DEFLATE_LEVEL = 6
_FILLER = "\0"


def encode_edit(edit: Edit) -> bytes:
    """The schema comes first and the sequence second, which is where a log is searched by."""
    changes = [
        part
        for change in edit.changes
        for part in (change.prototype_id, int(change.action), None if change.amount is None else short_number(change.amount))
    ]
    # Found and left by an edit that was logged under schema 1, where an answer keeps it.
    touched = [part for each, before in edit.before.items() for part in (each, _flat(before), _flat(edit.after[each]))]
    return packed((SCHEMA, edit.sequence, changes, edit.actor, edit.reason, edit.made_at_us, touched))


def decode_edit(value: bytes) -> Edit:
    """The edit of `encode_edit`, of this release or the one before."""
    return readable("an entry of an edit log", lambda: decoded_edit(value))


def decoded_edit(value: bytes) -> Edit:
    """As `decode_edit`, but errors are those of the decoding."""
    schema, *rest = msgpack.unpackb(value, use_list=False)
    if schema == SCHEMA_BEFORE:
        return _edit_before(*rest)
    if schema != SCHEMA:
        raise other_schema(schema)
    sequence, changes, actor, reason, made_at_us, touched = rest
    return Edit(
        sequence=sequence,
        changes=tuple(
            ControlChange(prototype_id, ControlAction(action), None if amount is None else long_number(amount))
            for prototype_id, action, amount in zip(changes[::3], changes[1::3], changes[2::3], strict=True)
        ),
        actor=actor,
        reason=reason,
        made_at_us=made_at_us,
        before={each: _control(flat) for each, flat in zip(touched[::3], touched[1::3], strict=True)},
        after={each: _control(flat) for each, flat in zip(touched[::3], touched[2::3], strict=True)},
    )


def _edit_before(sequence: int, changes: Any, actor: str, reason: str, made_at_us: int, touched: Any) -> Edit:
    return Edit(
        sequence=sequence,
        changes=tuple(ControlChange(prototype_id, ControlAction(action), amount) for prototype_id, action, amount in changes),
        actor=actor,
        reason=reason,
        made_at_us=made_at_us,
        before={prototype_id: Control(edit, muted) for prototype_id, edit, muted, _, _ in touched},
        after={prototype_id: Control(edit, muted) for prototype_id, _, _, edit, muted in touched},
    )


def _flat(control: Control) -> Any:
    if control == NEUTRAL:
        return None
    edit = short_number(control.edit)
    return edit if control == Control(control.edit) else (edit, control.muted, control.pinned)


def _control(flat: Any) -> Control:
    if flat is None:
        return NEUTRAL
    if isinstance(flat, tuple):
        edit, muted, pinned = flat
        return Control(long_number(edit), muted, pinned)
    return Control(long_number(flat))


def event_digest(event_id: str) -> bytes:
    """What a store knows a logged event of a sealed block by; two ids share one with a probability of 2^-64."""
    return blake2b(event_id.encode(), digest_size=_DIGEST_BYTES).digest()


def event_blocks(entries: Sequence[LoggedEvent]) -> list[bytes]:
    """Entries without gaps in their sequences as blocks; the last one is open unless it is full."""
    return [_encode_block(entries[first : first + BLOCK_EVENTS]) for first in range(0, len(entries), BLOCK_EVENTS)]


def sealed_events(entries: Sequence[LoggedEvent]) -> Sequence[LoggedEvent]:
    """Those entries that `event_blocks` puts into sealed blocks."""
    return entries[: len(entries) // BLOCK_EVENTS * BLOCK_EVENTS]


def open_events(value: bytes | None) -> list[LoggedEvent]:
    """The events of an open block, which later ones are written with; none for a sealed block, an entry of schema 1 or no log."""
    return decode_events([value]) if value is not None and value[:2] == bytes((SCHEMA, 0)) else []


def decode_events(values: Iterable[bytes]) -> list[LoggedEvent]:
    """The events of a log's entries, of this release or the one before."""
    return readable("an event log", lambda: [entry for value in values for entry in _decode_block(value)])


def heard_tracks(entries: Iterable[LoggedEvent]) -> tuple[str, ...]:
    """Track ids, the one with the latest event first; of equal times the one recorded last."""
    latest: dict[str, tuple[int, int]] = {}
    for sequence, event in entries:
        when = (event.occurred_at_us, sequence)
        known = latest.get(event.track_id)
        if known is None or known < when:
            latest[event.track_id] = when
    return tuple(sorted(latest, key=lambda track_id: latest[track_id], reverse=True))


def _encode_block(entries: Sequence[LoggedEvent]) -> bytes:
    events = [entry.event for entry in entries]
    times_us = np.array([event.occurred_at_us for event in events], np.int64)
    steps = np.diff(times_us)
    unit_us = max(1, int(np.gcd.reduce(steps))) if len(steps) else 1
    # By byte planes: the high bytes of steps are alike, and deflate to nothing.
    planes = (steps // unit_us).astype("<i8").view(np.uint8).reshape(-1, 8).T.tobytes()
    columns = packed(
        (
            entries[0].sequence,
            _column([event.event_id for event in events]),
            _column([event.track_id for event in events]),
            bytes(event.type for event in events),
            [None if event.share_heard is None else short_number(event.share_heard) for event in events],
            int(times_us[0]),
            unit_us,
            planes,
        )
    )
    sealed = len(entries) == BLOCK_EVENTS
    head = _BLOCK_HEAD.pack(SCHEMA, sealed, len(entries), 0, entries[0].sequence)
    digests = b"".join(event_digest(event.event_id) for event in events) if sealed else b""
    return head + digests + zlib.compress(columns, _DEFLATE_LEVEL)


def _decode_block(value: bytes) -> list[LoggedEvent]:
    if value[:1] != bytes((SCHEMA,)):
        return [_event_before(value)]
    _, sealed, count, forgotten, first = _BLOCK_HEAD.unpack_from(value)
    start = _BLOCK_HEAD.size + (_DIGEST_BYTES * count if sealed else 0)
    checked_first, event_ids, track_ids, types, shares, time_us, unit_us, planes = msgpack.unpackb(_inflated(value[start:]))
    if first != checked_first or not forgotten <= count <= BLOCK_EVENTS:
        raise ValueError("the head of a block does not fit its events")
    steps = np.frombuffer(planes, np.uint8).reshape(8, -1).T.copy().view("<i8")[:, 0] * unit_us
    times_us = [time_us, *(time_us + np.cumsum(steps)).tolist()]
    event_ids, track_ids = _texts(event_ids, count), _texts(track_ids, count)
    entries = [
        LoggedEvent(
            sequence,
            Event(event_id, track_id, EventType(kind), time_us, None if share is None else long_number(share)),
        )
        for sequence, event_id, track_id, kind, share, time_us in zip(
            range(first, first + count), event_ids, track_ids, types, shares, times_us, strict=True
        )
    ]
    return entries[forgotten:]


def _column(texts: Sequence[str]) -> str | list[str]:
    """Texts as one, first characters first, shorter ones filled up with zeros; as they are where that would be no gain."""
    width = max(map(len, texts))
    if width * len(texts) > 2 * sum(map(len, texts)) or any(_FILLER in text for text in texts):
        return list(texts)
    filled = "".join(text.ljust(width, _FILLER) for text in texts)
    return "".join(filled[place::width] for place in range(width))


def _texts(column: str | list[str], count: int) -> list[str]:
    """The texts of `_column`."""
    if isinstance(column, list):
        return column
    if len(column) % count:
        raise ValueError("a column of a block has no place for each event")
    return [column[number::count].rstrip(_FILLER) for number in range(count)]


def _inflated(value: bytes) -> bytes:
    inflate = zlib.decompressobj()
    columns = inflate.decompress(value, 1 << 20)
    if not inflate.eof or inflate.unused_data:
        raise ValueError("a block is cut short or too long")
    return columns


def _event_before(value: bytes) -> LoggedEvent:
    schema, *rest = msgpack.unpackb(value)
    if schema != SCHEMA_BEFORE:
        raise other_schema(schema)
    sequence, event_id, track_id, kind, share_heard, occurred_at_us = rest
    return LoggedEvent(sequence, Event(event_id, track_id, EventType(kind), occurred_at_us, share_heard))
