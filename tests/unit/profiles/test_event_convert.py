import numpy as np
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from leitmotif.api.common.v1.vectors_pb2 import FloatMatrix
from leitmotif.api.profiles.v1 import profiles_pb2 as pb
from leitmotif_services.profiles.event_convert import event_message, events_of, matrix_of
from leitmotif_services.profiles.taste.history import Event, EventType

LAST_US = 253_402_300_799_999_999

ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True)
events = st.builds(
    Event,
    event_id=ids,
    track_id=ids,
    type=st.sampled_from(list(EventType)),
    occurred_at_us=st.integers(-62_135_596_800_000_000, LAST_US),
    share_heard=st.one_of(st.none(), st.floats(0.0, 1.0)),
)


@given(events)
def test_events_go_both_ways(event: Event) -> None:
    assert events_of([event_message(event)], now_us=LAST_US) == [event]


def test_every_type_of_the_proto_has_its_domain_value() -> None:
    named = {f"EVENT_TYPE_{kind.name}": kind.value for kind in EventType}
    assert {name: value for name, value in pb.EventType.items() if value} == named


def test_an_event_without_a_time_or_of_the_future_happened_now() -> None:
    message = pb.Event(event_id="e", track_id="t", type=pb.EVENT_TYPE_SAVE)
    assert events_of([message], now_us=123) == [Event("e", "t", EventType.SAVE, 123, None)]
    message.occurred_at.FromMicroseconds(124)
    assert events_of([message], now_us=123)[0].occurred_at_us == 123
    assert events_of([message], now_us=125)[0].occurred_at_us == 124


def test_nanoseconds_are_cut_to_microseconds() -> None:
    message = pb.Event(event_id="e", track_id="t", type=1, occurred_at=Timestamp(seconds=-1, nanos=999_999_999))
    assert events_of([message], now_us=0)[0].occurred_at_us == -1


def test_a_matrix_is_row_major() -> None:
    values = np.arange(6, dtype="<f4")
    assert matrix_of(FloatMatrix(values=values.tobytes(), dimension=3), rows=2).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert matrix_of(FloatMatrix(), rows=0).shape[0] == 0
