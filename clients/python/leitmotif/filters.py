"""Which tracks to keep, said in Python.

    from leitmotif.filters import F

    jazz = F.tag("jazz", "bebop") & (F.year >= 1960) & ~F.artist("Anon")
    client.recommend("ada", filter=jazz)

`&` keeps what both keep, `|` what either keeps, `~` what the filter does not keep. Python's `and`, `or`, `not` and chained
comparisons cannot be taught to, and raise; `F.year.between(1960, 1969)` stands for the latter. A track without a field never
passes a test of it. The server knows which fields there are, and refuses others by name.
"""

import math
from dataclasses import dataclass


class Filter:
    """Keeps some tracks of the catalogue."""

    __slots__ = ()

    def __and__(self, other: "Filter") -> "Filter":
        return AllOf((*_parts(self, AllOf), *_parts(other, AllOf)))

    def __or__(self, other: "Filter") -> "Filter":
        return AnyOf((*_parts(self, AnyOf), *_parts(other, AnyOf)))

    def __invert__(self) -> "Filter":
        return self.negated if isinstance(self, Not) else Not(self)

    def __bool__(self) -> bool:
        raise TypeError("a filter has no truth value: combine filters with &, | and ~, and take between() for a range")


@dataclass(frozen=True, slots=True)
class OneOf(Filter):
    """Keeps tracks whose text field is one of the values, or one of whose tags is; case counts."""

    field: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InRange(Filter):
    """Keeps tracks whose number lies in the range, both ends included; None for no end."""

    field: str
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, slots=True)
class AllOf(Filter):
    """Keeps tracks that every one of the filters keeps."""

    filters: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class AnyOf(Filter):
    """Keeps tracks that at least one of the filters keeps."""

    filters: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Not(Filter):
    """Keeps tracks that the other filter does not keep."""

    negated: Filter


@dataclass(frozen=True, slots=True)
class TextField:
    """A field that holds a text, or several as "tags" does."""

    name: str

    def __call__(self, *values: str) -> Filter:
        """Keeps tracks whose text is one of the values."""
        if not values:
            raise TypeError(f"a filter by {self.name} needs at least one value")
        return OneOf(self.name, values)


@dataclass(frozen=True, slots=True)
class NumberField:
    """A field that holds a number, to be compared with numbers."""

    name: str

    def between(self, minimum: float, maximum: float) -> Filter:
        """Keeps tracks whose number lies in the range, both ends included."""
        return InRange(self.name, minimum, maximum)

    def __ge__(self, minimum: float) -> Filter:
        return InRange(self.name, minimum=minimum)

    def __le__(self, maximum: float) -> Filter:
        return InRange(self.name, maximum=maximum)

    def __gt__(self, bound: float) -> Filter:
        return InRange(self.name, minimum=math.nextafter(bound, math.inf))

    def __lt__(self, bound: float) -> Filter:
        return InRange(self.name, maximum=math.nextafter(bound, -math.inf))


class Fields:
    """The fields of a track; `F` is all of them."""

    tag = TextField("tags")
    artist = TextField("artist")
    year = NumberField("year")
    duration_s = NumberField("duration_s")

    @staticmethod
    def text(name: str) -> TextField:
        """A further field that holds a text, such as "language": `F.text("language")("fr")`."""
        return TextField(name)

    @staticmethod
    def number(name: str) -> NumberField:
        """A further field that holds a number, such as "bpm": `F.number("bpm").between(118, 124)`."""
        return NumberField(name)


F = Fields()
"""Where filters begin."""


def _parts(part: Filter, kind: type[AllOf] | type[AnyOf]) -> tuple[Filter, ...]:
    """What a filter of that kind is made of, so that a & b & c is one list of three rather than lists in lists."""
    return part.filters if isinstance(part, kind) else (part,)
