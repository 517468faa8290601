"""JSON values as checked values, each with the path that an error names it by, such as "json.events[3].share_heard"."""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Any, NoReturn, TypeVar

from leitmotif_services.profiles.transfer.strict_json import JsonObject
from leitmotif_services.runtime.errors import invalid_field
from leitmotif_services.runtime.validation import checked_id, checked_length, checked_text

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

T = TypeVar("T")
Kind = TypeVar("Kind", bound=IntEnum)

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|\+00:00)", re.ASCII)
_SURROGATE = re.compile("[\ud800-\udfff]")
_SHOWN = 40


class DocumentPlace:
    """A value in a document, and where it is.

    Every method gives the value as one kind of thing, or raises FIELD_INVALID (LIMIT_EXCEEDED for a list that is too long).
    """

    __slots__ = ("_key", "_parent", "value")

    def __init__(self, value: Any, parent: "DocumentPlace | None" = None, key: str = "json") -> None:
        self.value = value
        self._parent = parent
        self._key = key

    @property
    def path(self) -> str:
        """Of the whole way from the document."""
        return self._key if self._parent is None else self._parent.path + self._key

    def refuse(self, description: str) -> NoReturn:
        """Raise FIELD_INVALID for this place."""
        raise invalid_field(self.path, description)

    def fields(self, *required: str, optional: tuple[str, ...] = ()) -> Mapping[str, "DocumentPlace"]:
        """The fields of an object, which has all of `required`, and none but those and `optional`; an absent one is as null."""
        value = self.value
        if not isinstance(value, JsonObject):
            self.refuse(f"must be an object, is {self._shown()}")
        if value.repeated:
            self._field(value.repeated[0]).refuse("must be given once")
        if unknown := value.keys() - set(required) - set(optional):
            self._field(min(unknown)).refuse("is no part of the schema")
        for name in required:
            if name not in value:
                self._field(name).refuse("is required")
        return {name: self._field(name) for name in (*required, *optional)}

    def entries(self, *, minimum: int, maximum: int) -> Mapping[str, "DocumentPlace"]:
        """The entries of an object whose keys are ids."""
        value = self.value
        if not isinstance(value, JsonObject):
            self.refuse(f"must be an object, is {self._shown()}")
        if value.repeated:
            self._field(value.repeated[0]).refuse("must be given once")
        checked_length(self.path, list(value), minimum=minimum, maximum=maximum)
        return {checked_id(f"a key of {self.path}", key): self._field(key) for key in value}

    def _field(self, name: str) -> "DocumentPlace":
        # Whatever a stranger calls a key must be sayable in an error.
        shown = name if name.isidentifier() and name.isascii() and len(name) <= _SHOWN else ascii(name[:_SHOWN])
        return DocumentPlace(self.value.get(name), self, f".{shown}")

    def items(self, *, maximum: int, minimum: int = 0) -> Iterator["DocumentPlace"]:
        """The entries of a list."""
        if not isinstance(self.value, list):
            self.refuse(f"must be a list, is {self._shown()}")
        checked_length(self.path, self.value, minimum=minimum, maximum=maximum)
        return (DocumentPlace(value, self, f"[{index}]") for index, value in enumerate(self.value))

    def unless_null(self, read: Callable[["DocumentPlace"], T]) -> T | None:
        """What `read` makes of this place, None where it is null."""
        return None if self.value is None else read(self)

    def identifier(self) -> str:
        """A well-formed id."""
        return checked_id(self.path, self._text())

    def text(self, maximum: int) -> str:
        """Text of at most `maximum` characters, without control characters."""
        value = self._text()
        if _SURROGATE.search(value):
            self.refuse("must not contain half a surrogate pair")
        return checked_text(self.path, value, maximum=maximum)

    def number(self, minimum: float, maximum: float) -> float:
        """A number within the bounds."""
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.refuse(f"must be a number, is {self._shown()}")
        if not minimum <= value <= maximum:  # true for NaN too
            self.refuse(f"must be {minimum:g} to {maximum:g}, is {value!r}")
        return float(value)

    def whole_number(self, minimum: int, maximum: int) -> int:
        """A whole number within the bounds, written without fraction or exponent."""
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int):
            self.refuse(f"must be a whole number, is {self._shown()}")
        if not minimum <= value <= maximum:
            self.refuse(f"must be {minimum} to {maximum}, is {value}")
        return value

    def flag(self) -> bool:
        """True or false."""
        if not isinstance(self.value, bool):
            self.refuse(f"must be true or false, is {self._shown()}")
        return self.value

    def named(self, kinds: type[Kind]) -> Kind:
        """The member of an enum whose name this is, in lower case."""
        value = self._text()
        if value != value.lower() or value.upper() not in kinds.__members__:
            self.refuse(f"must be one of {', '.join(name.lower() for name in kinds.__members__)}; is {self._shown()}")
        return kinds[value.upper()]

    def time_us(self) -> int:
        """A time in ISO 8601, UTC, of the years 1 to 9999, in microseconds since 1970."""
        value = self._text()
        try:
            if not _TIME.fullmatch(value):
                raise ValueError
            time = datetime.fromisoformat(value)
        except ValueError:
            self.refuse(f"must be a time such as 2024-01-31T12:00:00.000000+00:00, is {self._shown()}")
        return (time - EPOCH) // timedelta(microseconds=1)

    def _text(self) -> str:
        if not isinstance(self.value, str):
            self.refuse(f"must be text, is {self._shown()}")
        return self.value

    def _shown(self) -> str:
        match self.value:
            case None:
                return "absent or null"
            case dict():
                return "an object"
            case list():
                return "a list"
            case str(text):
                return ascii(text[:_SHOWN]) + ("…" if len(text) > _SHOWN else "")
            case float(number) if not math.isfinite(number):
                return "not finite"
            case other:
                return repr(other)


def iso_time(microseconds: int) -> str:
    """What `time_us` reads."""
    return (EPOCH + timedelta(microseconds=microseconds)).isoformat(timespec="microseconds")
