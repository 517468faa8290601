import random
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leitmotif_services.profiles.store.msgpack_exclusions import decode_exclusions, encode_exclusions
from leitmotif_services.profiles.store.msgpack_logs import (
    BLOCK_EVENTS,
    decode_edit,
    decode_events,
    encode_edit,
    event_blocks,
    heard_tracks,
    id_bucket,
    id_marks,
    is_marked,
    open_events,
)
from leitmotif_services.profiles.store.msgpack_presets import decode_preset, encode_preset
from leitmotif_services.profiles.store.msgpack_spaces import decode_space, encode_space
from leitmotif_services.profiles.store.msgpack_values import SCHEMA
from leitmotif_services.profiles.store.profile_store import LoggedEvent
from leitmotif_services.profiles.taste.control import Control, ControlAction, ControlChange
from leitmotif_services.profiles.taste.exclusions import Exclusions, TimeRange
from leitmotif_services.profiles.taste.history import Event, EventType
from leitmotif_services.profiles.taste.presets import Preset, PresetControl
from leitmotif_services.profiles.taste.profile import Edit
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace
from leitmotif_services.runtime.errors import Reason, ServiceError

EDIT = Edit(
    sequence=7,
    changes=(
        ControlChange("calm", ControlAction.BOOST, 0.1 + 0.2),
        ControlChange("loud", ControlAction.MUTE),
        ControlChange("fast", ControlAction.PIN, 1.0 / 3.0),
    ),
    actor="user",
    reason="more of this",
    made_at_us=1_700_000_000_000_001,
)

EVENTS = st.builds(
    Event,
    st.text(min_size=1, max_size=20),
    st.text(min_size=1, max_size=20),
    st.sampled_from(EventType),
    # Years 1 to 9999.
    st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999),
    st.none() | st.floats(0.0, 1.0),
)


def logged(events: list[Event], first: int = 1) -> list[LoggedEvent]:
    return [LoggedEvent(sequence, event) for sequence, event in enumerate(events, first)]


def plays(count: int) -> list[Event]:
    return [Event(f"e{number}", f"t{number % 7}", EventType.PLAY, number * 1000) for number in range(count)]


def found(entry: LoggedEvent, marks: dict[bytes, bytes], oldest: int) -> bool:
    return is_marked(entry.event.event_id, marks.get(id_bucket(entry.event.event_id)), oldest)


def test_an_edit_survives() -> None:
    assert decode_edit(encode_edit(EDIT)) == EDIT
    before = Edit(1, EDIT.changes, "", "", 2, {"calm": Control(0.25)}, {"calm": Control(0.5, True, 0.1)})
    assert decode_edit(encode_edit(before)) == before


def test_an_edit_is_small() -> None:
    one = Edit(3, (ControlChange("prototype-12", ControlAction.BOOST, 0.25),), "user", "more of this", 1_700_000_000_000_001)
    assert len(encode_edit(one)) <= 52


@given(st.lists(EVENTS, min_size=1, max_size=12), st.integers(1, 10**12))
def test_events_survive_bit_for_bit(events: list[Event], first: int) -> None:
    entries = logged(events, first)
    (block,) = event_blocks(entries)
    assert decode_events([block]) == entries
    assert open_events(block) == entries


@pytest.mark.parametrize("count", [0, 1, BLOCK_EVENTS - 1, BLOCK_EVENTS, BLOCK_EVENTS + 1, 5 * BLOCK_EVENTS + 3])
def test_blocks_are_full_but_for_the_last(count: int) -> None:
    entries = logged(plays(count))
    blocks = event_blocks(entries)
    assert decode_events(blocks) == entries
    full = count // BLOCK_EVENTS * BLOCK_EVENTS
    marks = id_marks(entries)
    assert [entry for entry in entries if found(entry, marks, 0)] == entries[:full]
    if blocks:
        assert open_events(blocks[-1]) == entries[full:]
    assert open_events(None) == []


def test_marks_of_forgotten_events_do_not_count() -> None:
    entries = logged(plays(BLOCK_EVENTS), first=1000)
    marks = id_marks(entries)
    for oldest in (0, 1000, 1050, 1127, 1128):
        marked = [
            entry for entry in entries if is_marked(entry.event.event_id, marks.get(id_bucket(entry.event.event_id)), oldest)
        ]
        assert marked == [entry for entry in entries if entry.sequence >= oldest]
    # Found across the border of two marks, or of another sequence before, is not found.
    one = marks[id_bucket("e5")]
    assert not is_marked("e5", b"\0" + one, 0)
    assert is_marked("e5", b"\0" * 13 + one, 0)


def test_events_are_small() -> None:
    chosen = random.Random(1)
    time_us = 1_760_000_000_000_000
    events = []
    for number in range(50):
        time_us += chosen.randrange(30_000, 4_000_000) * 1000
        track_id = f"track-{chosen.randrange(100_000):06}"
        events.append(Event(f"phone-{number:06}", track_id, chosen.choice(list(EventType)), time_us, chosen.choice((None, 0.98))))
    (block,) = event_blocks(logged(events))
    assert len(block) <= 14 * len(events)


def test_heard_tracks_are_sorted_by_time_then_by_recording() -> None:
    entries = logged(
        [
            Event("a", "new", EventType.PLAY, 300),
            Event("b", "old", EventType.PLAY, 100),
            Event("c", "tie-a", EventType.PLAY, 200),
            Event("d", "tie-b", EventType.PLAY, 200),
            Event("e", "new", EventType.PLAY, 50),
        ]
    )
    assert heard_tracks(entries) == ("new", "tie-b", "tie-a", "old")


def refused(decode: Any, *arguments: Any) -> None:
    with pytest.raises(ServiceError) as error:
        decode(*arguments)
    assert error.value.reason is Reason.STORED_VALUE_UNREADABLE


@pytest.mark.parametrize(
    "value", [b"", b"\x90", b"\x02", msgpack.packb([SCHEMA]), msgpack.packb([SCHEMA + 1, 1]), msgpack.packb("text"), b"\x03" * 40]
)
def test_unreadable_log_entries_are_refused(value: bytes) -> None:
    refused(decode_edit, value)
    refused(decode_events, [value])


def test_no_damage_to_a_block_gives_other_events() -> None:
    entries = logged(plays(30))
    (block,) = event_blocks(entries)
    for position in (0, 1, 2, *range(5, len(block))):  # bytes 3 and 4 change when events are forgotten
        damaged = bytearray(block)
        damaged[position] ^= 0x21
        try:
            assert decode_events([bytes(damaged)]) == entries  # a bit that deflating left unused
        except ServiceError as error:
            assert error.reason is Reason.STORED_VALUE_UNREADABLE
            continue
        assert position > len(block) - 6
    for length in range(len(block)):
        refused(decode_events, [block[:length]])
    refused(decode_events, [block + b"\0"])


def test_what_is_beside_a_profile_survives_and_its_damage_is_noticed() -> None:
    exclusions = Exclusions(
        frozenset({"t1", "t2"}), frozenset({"Ä"}), frozenset({"t3"}), frozenset({"B"}), frozenset({TimeRange(None, 5)})
    )
    preset = Preset("focus", "Focus", {"calm": PresetControl(0.3), "loud": PresetControl(-4.0, True)}, 9)
    space = PrototypeSpace("m1", ("a", "b"), ("A", "B"))
    for value, decode, expected in (
        (encode_exclusions(exclusions), lambda value: decode_exclusions("u", value), exclusions),
        (encode_preset(preset), decode_preset, preset),
        (encode_space(space), lambda value: decode_space("m1", value), space),
    ):
        assert decode(value) == expected
        refused(decode, bytes([SCHEMA + 1]) + value[1:])
        refused(decode, b"")
        for position in range(1, len(value)):
            damaged = bytearray(value)
            damaged[position] ^= 0x08
            refused(decode, bytes(damaged))
            refused(decode, value[:position])
