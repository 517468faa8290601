import math
import struct
import zlib
from collections.abc import Callable
from dataclasses import fields, replace

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from leitmotif_services.profiles.store.msgpack_profiles import (
    VERSION_FIRST,
    VERSION_LAST,
    decode_answer,
    decode_profile,
    decode_sums,
    encode_answer,
    encode_profile,
    encode_sums,
    version_bytes,
)
from leitmotif_services.profiles.store.msgpack_values import SCHEMA, long_number, short_number
from leitmotif_services.profiles.store.profile_store import Answer
from leitmotif_services.profiles.taste.control import Control, ControlAction, ControlChange
from leitmotif_services.profiles.taste.history import DAY_US
from leitmotif_services.profiles.taste.presets import ActivePreset, PresetControl
from leitmotif_services.profiles.taste.profile import Edit, Profile
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace
from leitmotif_services.runtime.errors import Reason, ServiceError

PROTOTYPES = 128
BODY = VERSION_LAST + 1 + 4


def listener(*, events: int = 50, edits: int = 10) -> tuple[Profile, Edit]:
    random = np.random.default_rng(3)
    space = PrototypeSpace("2f6e0c6d9a4b4f0e", tuple(f"prototype-{index}" for index in range(PROTOTYPES)))
    profile = Profile.empty("u", space, 1_700_000_000_000_000)
    affinities = random.random((events, PROTOTYPES), np.float32)
    history = profile.history.with_events([1.0] * events, affinities, [number * DAY_US for number in range(events)], DAY_US)
    profile = profile.with_events(history, events)
    for number in range(edits):
        action = ControlAction.MUTE if number % 5 == 4 else ControlAction.BOOST
        amount = None if action is ControlAction.MUTE else 0.1 * (number + 1)
        change = ControlChange(f"prototype-{number * 12}", action, amount)
        profile, edit = profile.edited([change], space, actor="user", reason="more of this", now_us=1_700_000_000_000_001)
    return profile.stamped(b"\x00nonce\xff\x01", 1_700_000_000_000_002), edit


def assert_equal_profiles(actual: Profile, expected: Profile) -> None:
    largest = np.abs(expected.history.weighted_sum).max()
    np.testing.assert_allclose(actual.history.weighted_sum, expected.history.weighted_sum, rtol=0.0, atol=1e-12 * 2 * largest)
    for name in ("magnitude", "event_count", "reference_us"):
        assert getattr(actual.history, name) == getattr(expected.history, name)
    assert vars(actual).keys() == {each.name for each in fields(Profile)}
    for name in vars(expected).keys() - {"history"}:
        assert getattr(actual, name) == getattr(expected, name), name


def test_a_profile_survives() -> None:
    profile, _ = listener()
    full = replace(
        profile,
        controls={0: Control(0.1 + 0.2, True, 1.0 / 3.0), 127: Control(-4.0)},
        undoable=(1, 2, 3, 7, 9, 10),
        redoable=(8, 6, 5, 4),
        settled={5: Control(0.125)},
        carried={"old": "new"},
        exclusion_count=5,
        active_preset=ActivePreset("focus", 0.5, None, {"prototype-1": PresetControl(0.3, True)}),
    )
    for case in (profile, full, replace(full, settled=None), Profile.empty("u", PrototypeSpace("m", ("only",)), 0)):
        assert_equal_profiles(decode_profile("u", encode_profile(case)), case)


def test_what_was_read_is_written_as_it_was() -> None:
    profile, _ = listener()
    value = encode_profile(profile)
    assert encode_profile(decode_profile("u", value)) == value


@given(arrays(np.float64, st.integers(1, 40), elements=st.floats(-1e12, 1e12)))
def test_sums_are_off_by_next_to_nothing_and_then_stay(sums: np.ndarray) -> None:
    kept = decode_sums(*encode_sums(sums))
    largest = np.abs(sums).max()
    assert np.abs(kept - sums).max() <= 2.0**-39 * largest or largest < 1e-60
    assert encode_sums(kept) == encode_sums(sums)
    assert decode_sums(*encode_sums(kept)).tobytes() == kept.tobytes()


def test_a_sum_at_the_edge_of_an_exponent_survives() -> None:
    # The largest rounds up to 1, which needs an exponent more.
    sums = np.array([math.nextafter(1.0, 0.0), -(1.0 - 2.0**-37), 2.0**-38])
    assert decode_sums(*encode_sums(sums)).tolist() == [1.0, -(1.0 - 2.0**-37), 2.0**-38]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_never_written(bad: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        encode_sums(np.array([1.0, bad]))


@given(st.floats(-4.0, 4.0) | st.integers(-4000, 4000).map(lambda number: number / 1000) | st.sampled_from((-0.0, 1e300)))
def test_short_numbers_survive_bit_for_bit(value: float) -> None:
    packed = msgpack.packb(short_number(value))
    assert struct.pack("<d", long_number(msgpack.unpackb(packed))) == struct.pack("<d", value)


def test_a_profile_is_small() -> None:
    assert len(encode_profile(listener()[0])) <= 900


def test_a_long_log_takes_no_room_in_the_profile() -> None:
    profile, _ = listener()
    full = replace(profile, undoable=tuple(range(101, 301)))
    assert len(encode_profile(full)) - len(encode_profile(profile)) < 16


def test_the_head_names_the_version() -> None:
    profile, _ = listener()
    assert encode_profile(profile)[VERSION_FIRST : VERSION_LAST + 1] == version_bytes(profile.version)


def test_answers_survive() -> None:
    profile, edit = listener()
    answer = decode_answer("u", encode_answer(Answer(b"digest", profile, edit)))
    assert (answer.fingerprint, answer.edit) == (b"digest", edit)
    assert_equal_profiles(answer.profile, profile)


def refused(value: bytes, decode: Callable[[str, bytes], object] = decode_profile) -> str:
    with pytest.raises(ServiceError) as error:
        decode("u", value)
    assert error.value.reason is Reason.STORED_VALUE_UNREADABLE
    return error.value.message


def test_any_flipped_byte_is_noticed() -> None:
    value = encode_profile(listener()[0])
    for position in (0, *range(VERSION_LAST + 1, len(value), 37)):
        damaged = bytearray(value)
        damaged[position] ^= 0x10
        refused(bytes(damaged))


def test_any_truncation_is_noticed() -> None:
    value = encode_profile(listener()[0])
    for length in range(0, len(value), 101):
        refused(value[:length])


@pytest.mark.parametrize("value", [b"", b"x" * 400, b"{}", b"\xff" * 30])
def test_foreign_values_are_refused(value: bytes) -> None:
    refused(value)
    refused(value, decode_answer)


def test_a_newer_schema_is_refused_by_its_number() -> None:
    profile, edit = listener()
    assert f"schema is {SCHEMA + 1}" in refused(bytes([SCHEMA + 1]) + encode_profile(profile)[1:])
    answer = list(msgpack.unpackb(encode_answer(Answer(b"", profile, edit))))
    assert f"schema is {SCHEMA + 1}" in refused(msgpack.packb([SCHEMA + 1, *answer[1:]]), decode_answer)


@pytest.mark.parametrize(
    "controls", [[[PROTOTYPES, 1000], [], []], [[], [PROTOTYPES], []], [[], [], [-1, 0.5]], [[1], [], []], [[], [], ["x", 1.0]]]
)
def test_controls_of_no_prototype_are_refused(controls: list[list[object]]) -> None:
    value = encode_profile(listener()[0])
    body = list(msgpack.unpackb(value[BODY:]))
    body[6] = controls
    packed = msgpack.packb(body)
    refused(value[: VERSION_LAST + 1] + struct.pack(">I", zlib.crc32(packed)) + packed)


def test_an_endless_run_of_edits_is_refused() -> None:
    value = encode_profile(listener()[0])
    body = list(msgpack.unpackb(value[BODY:]))
    body[12] = [[1, 1 << 40]]
    packed = msgpack.packb(body)
    refused(value[: VERSION_LAST + 1] + struct.pack(">I", zlib.crc32(packed)) + packed)
