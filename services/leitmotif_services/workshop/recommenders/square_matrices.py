"""Refuses models that hold a number for every two items, where they would fill the memory: before they do."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from leitmotif_services.runtime.environment import EnvironmentReader

PREFIX = "LEITMOTIF_WORKSHOP_"
SETTING = f"{PREFIX}SQUARE_MATRICES_GIB"
"""What a person sets to allow more, or less."""

_DEFAULT_SHARE = 0.5
"""Of the machine's memory."""
_GIB = 2**30
_LARGEST_GIB = 1e6


class TooManyItemsError(Exception):
    """A model with a number for every two items is larger than what it may take of the memory. Passes between processes."""

    def __init__(self, what: str, items: int, needed_bytes: int, limit_bytes: int) -> None:
        super().__init__(what, items, needed_bytes, limit_bytes)
        self.what = what
        self.items = items
        self.needed_bytes = needed_bytes
        self.limit_bytes = limit_bytes

    def __str__(self) -> str:
        needed, limit = f"{_gib(self.needed_bytes)} ({self.needed_bytes} bytes)", _gib(self.limit_bytes)
        return (
            f"{self.what} of {self.items:,} items needs {needed}, since it holds a number for every two of them; "
            f"the limit is {limit}, which {SETTING} sets"
        )


@dataclass(frozen=True)
class SquareMatrixLimit:
    """How much memory the square matrices of one model may take."""

    limit_bytes: int

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> "SquareMatrixLimit":
        """SETTING in GiB; half of the machine's memory by default. ConfigurationError where it is no such number."""
        reader = EnvironmentReader(PREFIX, environ)
        default = round(_DEFAULT_SHARE * _physical_bytes() / _GIB, 3)
        gib = reader.number("SQUARE_MATRICES_GIB", default=default, minimum=0.0, maximum=_LARGEST_GIB)
        reader.finish()
        return cls(int(gib * _GIB))

    def check(self, items: int, *, what: str, matrices: int = 1) -> None:
        """TooManyItemsError where `matrices` at once of (`items`, `items`) float64 are more than the limit.

        `what`: the model, as the subject of a sentence.
        """
        needed_bytes = 8 * items * items * matrices
        if needed_bytes > self.limit_bytes:
            raise TooManyItemsError(what, items, needed_bytes, self.limit_bytes)


def check_square(items: int, *, what: str, matrices: int = 1) -> None:
    """`SquareMatrixLimit.check` with the limit that is set."""
    SquareMatrixLimit.from_environment().check(items, what=what, matrices=matrices)


def _physical_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _gib(count: int) -> str:
    return f"{count / _GIB:,.1f} GiB"
