import json
from datetime import UTC, datetime

from leitmotif.cli.json_values import json_value
from leitmotif.types import Event, EventType, Model


def test_types_become_what_json_holds():
    event = Event("t", EventType.LIKE, None, datetime(2024, 5, 1, 12, tzinfo=UTC), "e")
    assert json.loads(json.dumps(json_value(event))) == {
        "track_id": "t",
        "type": "like",
        "share_heard": None,
        "occurred_at": "2024-05-01T12:00:00+00:00",
        "event_id": "e",
    }


def test_numbers_that_json_cannot_hold_are_null():
    model = Model("m", "k", "e", 1, 1, None, {"good": 0.5, "bad": float("nan"), "worse": float("inf")}, True)
    assert json_value(model)["metrics"] == {"good": 0.5, "bad": None, "worse": None}
