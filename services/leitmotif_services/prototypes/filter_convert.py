"""Filter messages → domain."""

import math

from leitmotif.api.prototypes.v1 import catalogue_pb2 as pb2
from leitmotif_services.prototypes.live_catalogue.filters import (
    MAX_CONDITIONS,
    MAX_DEPTH,
    All,
    Any,
    FieldIn,
    FieldRange,
    Filter,
    Not,
    contradicted_field,
)
from leitmotif_services.runtime.errors import Reason, ServiceError, invalid_field
from leitmotif_services.runtime.validation import checked_text

MAX_TOGETHER = 64
MAX_VALUES = 1000
MAX_NAME_CHARACTERS = 64
MAX_VALUE_CHARACTERS = 2000


def filter_of(message: pb2.Filter, path: str = "filter") -> Filter:
    """The filter of a message that stands at `path` in its request.

    FIELD_INVALID where it asks for nothing, for too much, or for a range that no number lies in; FILTER_CONTRADICTORY
    (metadata: field) where no track can pass.
    """
    converted = _Conversion().converted(message, path, depth=1)
    if (contradicted := contradicted_field(converted)) is not None:
        raise ServiceError(
            Reason.FILTER_CONTRADICTORY, f"{path} asks of {contradicted} what no track can have", field=contradicted
        )
    return converted


class _Conversion:
    """Counts conditions while it converts one filter."""

    def __init__(self) -> None:
        self._conditions = 0

    def converted(self, message: pb2.Filter, path: str, *, depth: int) -> Filter:
        if depth > MAX_DEPTH:
            raise invalid_field(path, f"must be at most {MAX_DEPTH} levels deep")
        kind = message.WhichOneof("kind")
        if kind == "field":
            self._conditions += 1
            if self._conditions > MAX_CONDITIONS:
                raise invalid_field(path, f"must not be one of more than {MAX_CONDITIONS} conditions")
            return _condition(message.field, f"{path}.field")
        if kind == "all":
            return All(self._together(message.all, f"{path}.all", depth))
        if kind == "any":
            return Any(self._together(message.any, f"{path}.any", depth))
        if kind == "not":
            # "not" is a keyword, so the generated attribute is out of reach by name.
            return Not(self.converted(getattr(message, "not"), f"{path}.not", depth=depth + 1))
        raise invalid_field(path, "must be one of field, all, any, not")

    def _together(self, message: pb2.FilterList, path: str, depth: int) -> tuple[Filter, ...]:
        if not 1 <= len(message.filters) <= MAX_TOGETHER:
            raise invalid_field(f"{path}.filters", f"must have 1 to {MAX_TOGETHER} entries, has {len(message.filters)}")
        return tuple(
            self.converted(part, f"{path}.filters[{index}]", depth=depth + 1) for index, part in enumerate(message.filters)
        )


def _condition(message: pb2.FieldCondition, path: str) -> FieldIn | FieldRange:
    name = checked_text(f"{path}.field", message.field, maximum=MAX_NAME_CHARACTERS)
    test = message.WhichOneof("test")
    if test == "one_of":
        values = message.one_of.values
        if not 1 <= len(values) <= MAX_VALUES:
            raise invalid_field(f"{path}.one_of.values", f"must have 1 to {MAX_VALUES} entries, has {len(values)}")
        for index, value in enumerate(values):
            if not 1 <= len(value) <= MAX_VALUE_CHARACTERS:
                raise invalid_field(
                    f"{path}.one_of.values[{index}]", f"must have 1 to {MAX_VALUE_CHARACTERS} characters, has {len(value)}"
                )
        return FieldIn(name, tuple(sorted(set(values))), path)
    if test == "range":
        minimum = message.range.minimum if message.range.HasField("minimum") else -math.inf
        maximum = message.range.maximum if message.range.HasField("maximum") else math.inf
        for end, number in (("minimum", minimum), ("maximum", maximum)):
            if math.isnan(number):
                raise invalid_field(f"{path}.range.{end}", "must not be NaN")
        if minimum > maximum or minimum == math.inf or maximum == -math.inf:
            raise invalid_field(f"{path}.range", f"holds no number: {minimum:g} to {maximum:g}")
        return FieldRange(name, minimum, maximum, path)
    raise invalid_field(path, "must be one of one_of, range")
