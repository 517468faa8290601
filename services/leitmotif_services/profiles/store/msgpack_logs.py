"""The bytes of the logs: an edit is an entry of its own, events come in blocks of up to 128.

The events of a block are kept by columns and deflated, ids even by columns of characters, since most of an id is like the others.
A log's last block is open: it is written anew with the next events, until it is full and sealed. Event ids of sealed blocks are
looked up by marks: 7 bytes of a digest and 6 of the event's sequence, in 256 buckets by another byte of the digest.

    byte 0        schema version
    bytes 1-2     events in the block, big-endian, as the following
    bytes 3-4     events at its beginning that the log keeps no longer
    bytes 5-12    sequence of its first event
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

from leitmotif_services.profiles.store.msgpack_values import (
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
_SEQUENCE_BYTES = 6
_MARK_BYTES = _DIGEST_BYTES - 1 + _SEQUENCE_BYTES
_BLOCK_HEAD = struct.Struct(">BHHQ")
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


def event_blocks(entries: Sequence[LoggedEvent]) -> list[bytes]:
    """Entries without gaps in their sequences as blocks; the last one is open unless it is full."""
    return [_encode_block(entries[first : first + BLOCK_EVENTS]) for first in range(0, len(entries), BLOCK_EVENTS)]


def id_marks(entries: Sequence[LoggedEvent]) -> dict[bytes, bytes]:
    """Marks of the events that `event_blocks` puts into sealed blocks, oldest first, by bucket."""
    marks: dict[bytes, bytes] = {}
    for sequence, event in entries[: len(entries) // BLOCK_EVENTS * BLOCK_EVENTS]:
        bucket, mark = _mark(event.event_id)
        marks[bucket] = marks.get(bucket, b"") + mark + sequence.to_bytes(_SEQUENCE_BYTES, "big")
    return marks


def id_bucket(event_id: str) -> bytes:
    """Where the mark of an event id is. Begins with a byte that no id holds."""
    return _mark(event_id)[0]


def is_marked(event_id: str, marks: bytes | None, oldest: int) -> bool:
    """Whether an event id is in its bucket, at the sequence `oldest` or later. Two ids are alike with a probability of 2^-64."""
    if marks is None:
        return False
    _, mark = _mark(event_id)
    at = marks.find(mark)
    while at >= 0:
        start = at + len(mark)
        if at % _MARK_BYTES == 0 and int.from_bytes(marks[start : start + _SEQUENCE_BYTES], "big") >= oldest:
            return True
        at = marks.find(mark, at + 1)
    return False


def _mark(event_id: str) -> tuple[bytes, bytes]:
    digest = blake2b(event_id.encode(), digest_size=_DIGEST_BYTES).digest()
    return b"\0" + digest[:1], digest[1:]


def open_events(value: bytes | None) -> list[LoggedEvent]:
    """The events of an open block, which later ones are written with; none for a sealed block, an entry of schema 1 or no log."""
    if value is None or value[:1] != bytes((SCHEMA,)) or value[1:3] == BLOCK_EVENTS.to_bytes(2, "big"):
        return []
    return decode_events([value])


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
    return _BLOCK_HEAD.pack(SCHEMA, len(entries), 0, entries[0].sequence) + zlib.compress(columns, _DEFLATE_LEVEL)


def _decode_block(value: bytes) -> list[LoggedEvent]:
    if value[:1] != bytes((SCHEMA,)):
        return [_event_before(value)]
    _, count, forgotten, first = _BLOCK_HEAD.unpack_from(value)
    checked_first, event_ids, track_ids, types, shares, time_us, unit_us, planes = msgpack.unpackb(
        _inflated(value[_BLOCK_HEAD.size :])
    )
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
