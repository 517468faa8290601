import struct
import zlib

import msgpack
import numpy as np
import pytest

from leitmotif_services.profiles.store.msgpack_encoding import (
    SCHEMA,
    VERSION_HEAD_BYTES,
    decode_answer,
    decode_edit,
    decode_event,
    decode_heard,
    decode_profile,
    decode_space,
    encode_answer,
    encode_edit,
    encode_event,
    encode_profile,
    encode_space,
    version_head,
)
from leitmotif_services.profiles.store.profile_store import Answer, LoggedEvent
from leitmotif_services.profiles.taste.control import ControlAction, ControlChange
from leitmotif_services.profiles.taste.history import DAY_US, Event, EventType
from leitmotif_services.profiles.taste.profile import Edit, Profile
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace
from leitmotif_services.runtime.errors import Reason, ServiceError

PROTOTYPES = 128


def listener(*, events: int = 50, edits: int = 10) -> tuple[Profile, Edit]:
    random = np.random.default_rng(3)
    space = PrototypeSpace("2f6e0c6d9a4b4f0e", tuple(f"prototype-{index}" for index in range(PROTOTYPES)))
    profile = Profile.empty("u", space, 1_700_000_000_000_000)
    affinities = random.random((events, PROTOTYPES), np.float32)
    history = profile.history.with_events([1.0] * events, affinities, range(events), DAY_US)
    profile = profile.with_events(history, events)
    for number in range(edits):
        action = ControlAction.MUTE if number % 5 == 4 else ControlAction.BOOST
        amount = None if action is ControlAction.MUTE else 0.1 * (number + 1)
        change = ControlChange(f"prototype-{number * 12}", action, amount)
        profile, edit = profile.edited([change], space, actor="user", reason="more of this", now_us=1_700_000_000_000_001)
    return profile.stamped(b"\x00nonce\xff\x01", 1_700_000_000_000_002), edit


def assert_equal_profiles(actual: Profile, expected: Profile) -> None:
    assert actual.history.weighted_sum.tobytes() == expected.history.weighted_sum.tobytes()
    assert (actual.history.magnitude, actual.history.event_count) == (expected.history.magnitude, expected.history.event_count)
    for name in ("user_id", "model_version", "version", "controls", "undoable", "redoable", "last_edit", "last_event"):
        assert getattr(actual, name) == getattr(expected, name), name
    assert (actual.created_at_us, actual.updated_at_us) == (expected.created_at_us, expected.updated_at_us)


def test_a_profile_survives_bit_for_bit() -> None:
    profile, edit = listener()
    undone = profile.undone(edit, PrototypeSpace(profile.model_version, tuple(f"prototype-{i}" for i in range(PROTOTYPES))))
    for case in (profile, undone, Profile.empty("u", PrototypeSpace("m", ("only",)), 0)):
        assert_equal_profiles(decode_profile("u", encode_profile(case)), case)


def test_a_profile_is_small() -> None:
    profile, _ = listener()
    assert len(encode_profile(profile)) <= 2048


def test_the_head_names_the_version() -> None:
    profile, _ = listener()
    assert encode_profile(profile)[:VERSION_HEAD_BYTES] == version_head(profile.version)


def test_log_entries_survive() -> None:
    _, edit = listener()
    assert decode_edit(encode_edit(edit)) == edit
    for event in (
        Event("e1", "t1", EventType.PLAY, 1_700_000_000_123_456, 0.1),
        Event("e2", "t2", EventType.SKIP, -5, None),
    ):
        assert decode_event(encode_event(7, event)) == LoggedEvent(7, event)


def test_answers_and_spaces_survive() -> None:
    profile, edit = listener()
    answer = decode_answer("u", encode_answer(Answer(b"digest", profile, edit)))
    assert (answer.fingerprint, answer.edit) == (b"digest", edit)
    assert_equal_profiles(answer.profile, profile)
    space = PrototypeSpace("m1", ("a", "b"))
    assert decode_space("m1", encode_space(space)) == space


def test_heard_tracks_are_sorted_by_time_then_by_recording() -> None:
    assert decode_heard({b"old": b"9:100", b"new": b"1:300", b"tie-a": b"3:200", b"tie-b": b"4:200"}) == (
        "new",
        "tie-b",
        "tie-a",
        "old",
    )


def refused(value: bytes) -> str:
    with pytest.raises(ServiceError) as error:
        decode_profile("u", value)
    assert error.value.reason is Reason.STORED_VALUE_UNREADABLE
    return error.value.message


def test_any_flipped_byte_is_noticed() -> None:
    profile, _ = listener()
    value = encode_profile(profile)
    for position in (0, *range(VERSION_HEAD_BYTES, len(value), 37)):
        damaged = bytearray(value)
        damaged[position] ^= 0x10
        refused(bytes(damaged))


def test_any_truncation_is_noticed() -> None:
    profile, _ = listener()
    value = encode_profile(profile)
    for length in range(0, len(value), 101):
        refused(value[:length])


@pytest.mark.parametrize("value", [b"", b"x" * 400, b"{}", b"\xff" * 30])
def test_foreign_values_are_refused(value: bytes) -> None:
    refused(value)


def test_a_newer_schema_is_refused_by_its_number() -> None:
    profile, _ = listener()
    assert f"schema is {SCHEMA + 1}" in refused(bytes([SCHEMA + 1]) + encode_profile(profile)[1:])


def test_a_control_beyond_the_last_prototype_is_refused() -> None:
    profile, _ = listener()
    body = list(msgpack.unpackb(encode_profile(profile)[VERSION_HEAD_BYTES + 4 :]))
    body[6] = struct.pack("<H", PROTOTYPES)  # muted
    packed = msgpack.packb(body)
    refused(version_head(profile.version) + struct.pack(">I", zlib.crc32(packed)) + packed)


@pytest.mark.parametrize("value", [b"", b"\x90", msgpack.packb([SCHEMA]), msgpack.packb([SCHEMA + 1, 1]), msgpack.packb("text")])
def test_unreadable_log_entries_are_refused(value: bytes) -> None:
    for decode in (decode_edit, decode_event):
        with pytest.raises(ServiceError) as error:
            decode(value)
        assert error.value.reason is Reason.STORED_VALUE_UNREADABLE
