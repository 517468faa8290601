"""The parts of an imported document that listening made: history and events."""

import math
from collections.abc import Mapping

import numpy as np

from leitmotif_services.profiles.taste.history import Event, EventType, History
from leitmotif_services.profiles.taste.profile import EVENT_LOG_LENGTH
from leitmotif_services.profiles.taste.prototype_space import MOST_PROTOTYPES, PrototypeSpace
from leitmotif_services.profiles.transfer.json_convert import DocumentPlace

MOST_SEQUENCE = 10**12
"""Of an edit or event: far from where a sequence is no longer exact in a float, and from what anybody reaches."""

MOST_AFFINITY = 1e6
"""As for affinities that events come with. A sum of weighted affinities is at most so many times the sum of the weights."""

MOST_EVENT_WEIGHT = 100.0
"""As for a service's settings."""

MOST_HISTORY_WEIGHT = MOST_AFFINITY * math.sqrt(MOST_EVENT_WEIGHT * MOST_SEQUENCE)
"""A history weight is a sum divided by the root of the sum of the weights."""

MOST_LABEL_CHARACTERS = 256

_MOST_SUM = MOST_AFFINITY * MOST_EVENT_WEIGHT * MOST_SEQUENCE
_ROUNDING = 1.0 + 1e-6
_TINY = 1e-290  # what has decayed below this is no longer exact enough to be compared


def read_history(place: DocumentPlace, model_version: str, last_event: int, now_us: int) -> tuple[PrototypeSpace, History]:
    """The history of schema 2, and the space of the prototypes that it lists."""
    fields = place.fields("event_count", "magnitude", "reference", "prototypes")
    prototype_ids: list[str] = []
    sums: list[float] = []
    magnitude = read_magnitude(fields, last_event)
    for entry in fields["prototypes"].items(minimum=1, maximum=MOST_PROTOTYPES):
        parts = entry.fields("prototype_id", "weighted_sum", "weight", optional=("label",))
        prototype_ids.append(parts["prototype_id"].identifier())
        sums.append(checked_sum(parts["weighted_sum"], parts["weighted_sum"].number(-_MOST_SUM, _MOST_SUM), magnitude))
        parts["weight"].number(-_MOST_SUM, _MOST_SUM)
        parts["label"].unless_null(lambda label: label.text(MOST_LABEL_CHARACTERS))
    if len(set(prototype_ids)) != len(prototype_ids):
        fields["prototypes"].refuse("must not repeat a prototype")
    event_count = fields["event_count"].value
    reference_us = fields["reference"].unless_null(DocumentPlace.time_us)
    if (reference_us is None) != (event_count == 0):
        fields["reference"].refuse("must be given where events count, and null where none does")
    # A reference that is still to come would make all listening until then count for nothing.
    history = History(frozen(sums), magnitude, event_count, min(reference_us or 0, now_us))
    return PrototypeSpace(model_version, tuple(prototype_ids)), history


def read_magnitude(fields: Mapping[str, DocumentPlace], last_event: int) -> float:
    """Σ d|c|, which the number of events bounds."""
    event_count = fields["event_count"].whole_number(0, last_event)
    return fields["magnitude"].number(0.0, MOST_EVENT_WEIGHT * event_count * _ROUNDING)


def checked_sum(place: DocumentPlace, weighted_sum: float, magnitude: float) -> float:
    """Σ d·c·a of one prototype, which Σ d|c| bounds."""
    bound = MOST_AFFINITY * magnitude * _ROUNDING + _TINY
    if abs(weighted_sum) > bound:
        place.refuse(f"must be at most {bound:g} in magnitude at this `magnitude`, is {place.value!r}")
    return weighted_sum


def frozen(sums: list[float]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The sums as they are kept: read-only."""
    values = np.array(sums, np.float64)
    values.flags.writeable = False
    return values


def read_events(place: DocumentPlace, now_us: int) -> list[Event]:
    """The event log, oldest first."""
    events = [_read_event(entry, now_us) for entry in place.items(maximum=EVENT_LOG_LENGTH)]
    if len({event.event_id for event in events}) != len(events):
        place.refuse("must not repeat an event_id")
    return events


def _read_event(place: DocumentPlace, now_us: int) -> Event:
    fields = place.fields("event_id", "track_id", "type", "share_heard", "occurred_at")
    return Event(
        event_id=fields["event_id"].identifier(),
        track_id=fields["track_id"].identifier(),
        type=fields["type"].named(EventType),
        occurred_at_us=min(fields["occurred_at"].time_us(), now_us),
        share_heard=fields["share_heard"].unless_null(lambda share: share.number(0.0, 1.0)),
    )
