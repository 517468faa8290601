"""Filters: which tracks to keep. Plain values, compared by what they ask for; `fields` tells which tracks pass."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field

MAX_DEPTH = 8
"""Most levels of a filter; a single condition has one."""

MAX_CONDITIONS = 256
"""Most conditions of a filter, in all."""

MANY_VALUED = frozenset({"tags"})
"""Fields of which a track has any number of values; of any other it has at most one."""


@dataclass(frozen=True, slots=True)
class FieldIn:
    """Tracks that have one of these texts in a text field."""

    field: str
    values: tuple[str, ...]
    """Ascending, without repeats, at least one."""
    path: str = dataclass_field(default="filter", compare=False, repr=False)
    """Where the condition stands in its request."""


@dataclass(frozen=True, slots=True)
class FieldRange:
    """Tracks whose number in a number field lies between two ends, both included."""

    field: str
    minimum: float
    """-inf for no end."""
    maximum: float
    """inf for no end; at least `minimum`."""
    path: str = dataclass_field(default="filter", compare=False, repr=False)
    """Where the condition stands in its request."""


@dataclass(frozen=True, slots=True)
class All:
    """Tracks that every one keeps."""

    filters: tuple["Filter", ...]
    """At least one."""


@dataclass(frozen=True, slots=True)
class Any:
    """Tracks that at least one keeps."""

    filters: tuple["Filter", ...]
    """At least one."""


@dataclass(frozen=True, slots=True)
class Not:
    """Tracks that another does not keep."""

    filter: "Filter"


Condition = FieldIn | FieldRange
Filter = Condition | All | Any | Not


def contradicted_field(tested: Filter) -> str | None:
    """A field that the filter asks of what no track can have; None where none was found.

    Found is what stands in one `All`, or in `All`s within it: a filter and its own opposite, a condition and the opposite of a
    wider one, ranges of one field that do not meet, texts of a field with one value that have none in common. An `Any` is
    contradictory when each of its filters is.
    """
    if isinstance(tested, All):
        return _contradicted_in_all(list(_together(tested)))
    if isinstance(tested, Any):
        contradicted = [contradicted_field(part) for part in tested.filters]
        return contradicted[0] if all(found is not None for found in contradicted) else None
    return None


def _together(tested: All) -> Iterator[Filter]:
    """What has to hold at once: the parts of an `All`, with those of each `All` within it in its place."""
    for part in tested.filters:
        if isinstance(part, All):
            yield from _together(part)
        else:
            yield part


def _contradicted_in_all(parts: Sequence[Filter]) -> str | None:
    for part in parts:
        if (found := contradicted_field(part)) is not None:
            return found
    excluded = [part.filter for part in parts if isinstance(part, Not)]
    for part in parts:
        for other in excluded:
            if _implies(part, other):
                return _field_of(part)
    return _apart([part for part in parts if isinstance(part, FieldIn | FieldRange)])


def _implies(narrow: Filter, wide: Filter) -> bool:
    """Whether every track that passes `narrow` passes `wide`, as far as that is plain to see."""
    if isinstance(narrow, FieldIn) and isinstance(wide, FieldIn):
        return narrow.field == wide.field and set(narrow.values) <= set(wide.values)
    if isinstance(narrow, FieldRange) and isinstance(wide, FieldRange):
        return narrow.field == wide.field and wide.minimum <= narrow.minimum and narrow.maximum <= wide.maximum
    return narrow == wide


def _apart(conditions: Sequence[Condition]) -> str | None:
    """The first field whose conditions leave it no value."""
    ends: dict[str, tuple[float, float]] = {}
    texts: dict[str, set[str]] = {}
    for condition in conditions:
        name = condition.field
        if isinstance(condition, FieldRange):
            low, high = ends.get(name, (condition.minimum, condition.maximum))
            ends[name] = max(low, condition.minimum), min(high, condition.maximum)
            if ends[name][0] > ends[name][1]:
                return name
        elif name not in MANY_VALUED:
            texts[name] = texts.get(name, set(condition.values)) & set(condition.values)
            if not texts[name]:
                return name
    return None


def _field_of(tested: Filter) -> str:
    """The field of the first condition."""
    if isinstance(tested, Not):
        return _field_of(tested.filter)
    if isinstance(tested, All | Any):
        return _field_of(tested.filters[0])
    return tested.field
