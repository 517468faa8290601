import math
from dataclasses import replace

import numpy as np
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from leitmotif.api.common.v1.vectors_pb2 import FloatMatrix
from leitmotif.api.profiles.v1 import profiles_pb2 as pb
from leitmotif_services.profiles.convert import (
    changes_of,
    conditions_of,
    edit_message,
    event_message,
    events_of,
    matrix_of,
    profile_message,
    space_of,
    vector_message,
)
from leitmotif_services.profiles.taste.control import Control, ControlAction, ControlChange
from leitmotif_services.profiles.taste.history import Event, EventType
from leitmotif_services.profiles.taste.profile import Edit, Profile
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace
from leitmotif_services.profiles.use_cases.outcomes import Viewed
from leitmotif_services.runtime.errors import Reason, ServiceError

SPACE = PrototypeSpace("m1", ("calm", "loud", "fast"))

ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True)
events = st.builds(
    Event,
    event_id=ids,
    track_id=ids,
    type=st.sampled_from(list(EventType)),
    occurred_at_us=st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999),
    share_heard=st.one_of(st.none(), st.floats(0.0, 1.0)),
)
changes = st.one_of(
    st.builds(ControlChange, ids, st.sampled_from([ControlAction.BOOST, ControlAction.REDUCE]), st.floats(1e-9, 4.0)),
    st.builds(ControlChange, ids, st.just(ControlAction.SET), st.floats(-4.0, 4.0)),
    st.builds(ControlChange, ids, st.sampled_from([ControlAction.MUTE, ControlAction.UNMUTE, ControlAction.RESET])),
)


@given(events)
def test_events_go_both_ways(event: Event) -> None:
    assert events_of([event_message(event)], now_us=0) == [event]


@given(st.lists(changes, min_size=1, max_size=5))
def test_changes_go_both_ways(steps: list[ControlChange]) -> None:
    edit = Edit(7, tuple(steps), "user", "why", 1_700_000_000_000_001, {}, {})
    message = edit_message(edit, in_force=(7,))
    assert changes_of(message.changes) == steps
    assert (message.sequence, message.actor, message.reason, message.undone) == (7, "user", "why", False)
    assert message.made_at.ToMicroseconds() == edit.made_at_us
    assert edit_message(edit, in_force=()).undone


def test_every_enum_value_of_the_proto_has_its_domain_value() -> None:
    for enum, domain in ((pb.EventType, EventType), (pb.ControlAction, ControlAction)):
        prefix = {EventType: "EVENT_TYPE_", ControlAction: "CONTROL_ACTION_"}[domain]
        assert {name: value for name, value in enum.items() if value} == {prefix + value.name: value.value for value in domain}


def test_an_event_without_a_time_happened_now() -> None:
    message = pb.Event(event_id="e", track_id="t", type=pb.EVENT_TYPE_SAVE)
    assert events_of([message], now_us=123) == [Event("e", "t", EventType.SAVE, 123, None)]


def test_nanoseconds_are_cut_to_microseconds() -> None:
    message = pb.Event(event_id="e", track_id="t", type=1, occurred_at=Timestamp(seconds=-1, nanos=999_999_999))
    assert events_of([message], now_us=0)[0].occurred_at_us == -1


def test_a_matrix_is_row_major() -> None:
    values = np.arange(6, dtype="<f4")
    assert matrix_of(FloatMatrix(values=values.tobytes(), dimension=3), rows=2).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert matrix_of(FloatMatrix(), rows=0).shape[0] == 0


def test_a_space_keeps_its_order() -> None:
    request = pb.RegisterPrototypeSpaceRequest(model_version="m1", prototype_ids=SPACE.prototype_ids)
    assert space_of(request) == SPACE
    assert space_of(request).position("fast") == 2


def profile_with_controls() -> Profile:
    profile = Profile.empty("u", SPACE, 0)
    profile = profile.with_events(profile.history.with_events([1.0], np.array([[1.0, -2.0, 0.5]], np.float32), [0], 0), 1)
    steps = [ControlChange("calm", ControlAction.BOOST, 0.1), ControlChange("loud", ControlAction.MUTE)]
    profile, _ = profile.edited(steps, SPACE, actor="", reason="", now_us=0)
    return profile.stamped(b"12345678", 1_700_000_000_000_001)


def test_a_profile_as_a_person_reads_it() -> None:
    message = profile_message(Viewed(profile_with_controls(), SPACE))
    rows = [(entry.prototype_id, entry.history, entry.edit, entry.muted, entry.weight) for entry in message.weights]
    assert rows == [
        ("calm", 1.0, 0.1, False, 1.1),
        ("loud", -2.0, 0.0, True, 0.0),
        ("fast", 0.5, 0.0, False, 0.5),
    ]
    assert (message.user_id, message.model_version, message.event_count) == ("u", "m1", 1)
    assert (message.can_undo, message.can_redo) == (True, False)
    assert message.updated_at.ToMicroseconds() == 1_700_000_000_000_001
    # The names are copied from a shared template; writing weights must not reach it.
    blank = profile_message(Viewed(Profile.empty("v", SPACE, 0), SPACE))
    assert [(entry.history, entry.edit, entry.muted, entry.weight) for entry in blank.weights] == [(0.0, 0.0, False, 0.0)] * 3


def test_a_profile_as_scores_read_it() -> None:
    vector = vector_message(profile_with_controls())
    assert np.frombuffer(vector.history, "<f4").tolist() == [1.0, -2.0, 0.5]
    assert np.frombuffer(vector.edits, "<f4").tolist() == [np.float32(0.1), 0.0, 0.0]
    assert list(vector.muted) == [1]
    only_muted = vector_message(replace(Profile.empty("u", SPACE, 0), controls={2: Control(0.0, True)}))
    assert (only_muted.edits, list(only_muted.muted)) == (b"", [2])


def test_a_request_is_told_from_another() -> None:
    change = pb.ControlChange(prototype_id="calm", action=1)
    same = [conditions_of(pb.EditProfileRequest(user_id="u", changes=[change], request_id="r")) for _ in range(2)]
    assert same[0] == same[1]
    others = [
        pb.EditProfileRequest(user_id="u", changes=[change, change], request_id="r"),
        pb.EditProfileRequest(user_id="u", changes=[change], request_id="r", etag="1"),
        pb.UndoEditRequest(user_id="u", request_id="r"),
        pb.RedoEditRequest(user_id="u", request_id="r"),
    ]
    fingerprints = {same[0].fingerprint, *(conditions_of(other).fingerprint for other in others)}
    assert len(fingerprints) == 5
    assert conditions_of(pb.UndoEditRequest(user_id="u")).fingerprint == b""


@pytest.mark.parametrize("amount", [math.nan, math.inf, 0.0, -1.0, 5.0])
def test_an_amount_out_of_bounds_is_named(amount: float) -> None:
    good = pb.ControlChange(prototype_id="calm", action=1)
    with pytest.raises(ServiceError) as refused:
        changes_of([good, pb.ControlChange(prototype_id="calm", action=1, amount=amount)])
    assert refused.value.reason is Reason.FIELD_INVALID
    assert refused.value.violations[0].field == "changes[1].amount"
