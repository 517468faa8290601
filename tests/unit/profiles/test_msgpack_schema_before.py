"""Bytes that the release before wrote, as it wrote them, read by this one."""

import pytest

from leitmotif_services.profiles.store.msgpack_logs import decode_edit, decode_events, event_blocks
from leitmotif_services.profiles.store.msgpack_profiles import decode_answer, decode_profile, encode_profile
from leitmotif_services.profiles.store.msgpack_spaces import decode_space
from leitmotif_services.profiles.store.profile_store import LoggedEvent
from leitmotif_services.profiles.taste.control import NEUTRAL, Control, ControlAction, ControlChange
from leitmotif_services.profiles.taste.history import Event, EventType
from leitmotif_services.profiles.taste.profile import Edit, Profile, Version
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace
from leitmotif_services.runtime.errors import Reason, ServiceError

SPACE = "920194a463616c6da46c6f7564a466617374a3736164"
PROFILE = (
    "010000000000000001006e6f6e6365ff01781a72ea9da26d31c420000000000000d43f00000000000007400000000000"
    "00c03f000000cccccce83fcb401100000000000003c40401000300c410666666666666e6bf000000000000f8bfc40200"
    "0003920102910303cf00060a24181e4000cf00060a24181e400a"
)
EDITS = (
    (
        "9701019193a46c6f756401cb3fd3333333333333a475736572ac6d6f7265206f662074686973cf00060a24181e400191"
        "95a46c6f7564cb0000000000000000c2cb3fd3333333333333c2"
    ),
    (
        "9701029393a463616c6d04c093a373616403cbbff800000000000093a46c6f756402cb3ff0000000000000a773757070"
        "6f7274a0cf00060a24181e40059395a463616c6dcb0000000000000000c2cb0000000000000000c395a3736164cb0000"
        "000000000000c2cbbff8000000000000c295a46c6f7564cb3fd3333333333333c2cbbfe6666666666666c2"
    ),
    ("9701039193a373616406c0a475736572a0cf00060a24181e40099195a3736164cbbff8000000000000c2cb0000000000000000c2"),
)
EVENTS = (
    "970101a26531a2743101cb3fb999999999999acf00060a2418202240",
    "970102a26532a2743205c0fb",
    "970103a26533a2743102c0cf0005af3107a40000",
)
ANSWER = (
    "9401c406646967657374c47a010000000000000001006e6f6e6365ff01781a72ea9da26d31c420000000000000d43f00"
    "00000000000740000000000000c03f000000cccccce83fcb401100000000000003c40401000300c410666666666666e6"
    "bf000000000000f8bfc402000003920102910303cf00060a24181e4000cf00060a24181e400ac48b9701029393a46361"
    "6c6d04c093a373616403cbbff800000000000093a46c6f756402cb3ff0000000000000a7737570706f7274a0cf00060a"
    "24181e40059395a463616c6dcb0000000000000000c2cb0000000000000000c395a3736164cb0000000000000000c2cb"
    "bff8000000000000c295a46c6f7564cb3fd3333333333333c2cbbfe6666666666666c2"
)


def assert_is_the_profile(profile: Profile) -> None:
    assert profile.model_version == "m1"
    assert profile.history.weighted_sum.tolist() == [0.3125, 2.875, 0.125, pytest.approx(0.775, abs=1e-7)]
    assert (profile.history.magnitude, profile.history.event_count) == (4.25, 3)
    assert profile.version == Version(1, b"\x00nonce\xff\x01")
    assert profile.controls == {0: Control(0.0, True), 1: Control(-0.7), 3: Control(-1.5)}
    assert (profile.last_edit, profile.undoable, profile.redoable, profile.last_event) == (3, (1, 2), (3,), 3)
    assert (profile.created_at_us, profile.updated_at_us) == (1_700_000_000_000_000, 1_700_000_000_000_010)


def test_a_profile_is_read_and_its_log_is_to_tell_the_rest() -> None:
    profile = decode_profile("u", bytes.fromhex(PROFILE))
    assert_is_the_profile(profile)
    assert profile.settled is None
    assert (profile.carried, profile.exclusion_count, profile.active_preset) == ({}, 0, None)
    # Nothing is known of its events' times but that they are over: none of them may decay at once.
    assert profile.history.reference_us == profile.updated_at_us
    assert_is_the_profile(decode_profile("u", encode_profile(profile)))


def test_edits_are_read() -> None:
    first, second, third = (decode_edit(bytes.fromhex(value)) for value in EDITS)
    boost = ControlChange("loud", ControlAction.BOOST, 0.3)
    assert first == Edit(1, (boost,), "user", "more of this", 1_700_000_000_000_001, {"loud": NEUTRAL}, {"loud": Control(0.3)})
    assert second.changes == (
        ControlChange("calm", ControlAction.MUTE),
        ControlChange("sad", ControlAction.SET, -1.5),
        ControlChange("loud", ControlAction.REDUCE, 1.0),
    )
    assert second.before == {"calm": NEUTRAL, "sad": NEUTRAL, "loud": Control(0.3)}
    assert second.after == {"calm": Control(0.0, True), "sad": Control(-1.5), "loud": Control(-0.7)}
    assert (third.sequence, third.actor, third.changes) == (3, "user", (ControlChange("sad", ControlAction.RESET),))


def test_events_are_read_and_so_is_a_log_of_both() -> None:
    expected = [
        LoggedEvent(1, Event("e1", "t1", EventType.PLAY, 1_700_000_000_123_456, 0.1)),
        LoggedEvent(2, Event("e2", "t2", EventType.SKIP, -5, None)),
        LoggedEvent(3, Event("e3", "t1", EventType.LIKE, 1_600_000_000_000_000, None)),
    ]
    values = [bytes.fromhex(value) for value in EVENTS]
    assert decode_events(values) == expected
    later = [LoggedEvent(4, Event("e4", "t9", EventType.SAVE, 7)), LoggedEvent(5, Event("e5", "t8", EventType.PLAY, 8, 0.5))]
    assert decode_events([*values, *event_blocks(later)]) == [*expected, *later]


def test_a_kept_answer_and_a_space_are_read() -> None:
    answer = decode_answer("u", bytes.fromhex(ANSWER))
    assert answer.fingerprint == b"digest"
    assert_is_the_profile(answer.profile)
    assert answer.edit == decode_edit(bytes.fromhex(EDITS[1]))
    space = decode_space("m1", bytes.fromhex(SPACE))
    assert space == PrototypeSpace("m1", ("calm", "loud", "fast", "sad"))
    assert (space.labels, space.directions) == ((), None)


def test_its_damage_is_noticed() -> None:
    value = bytes.fromhex(PROFILE)
    for position in range(17, len(value)):
        damaged = bytearray(value)
        damaged[position] ^= 1
        with pytest.raises(ServiceError) as refused:
            decode_profile("u", bytes(damaged))
        assert refused.value.reason is Reason.STORED_VALUE_UNREADABLE
