"""Rows of CSV files and checks of their values, shared by everything that reads tables."""

import csv
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path

LARGEST_COUNT = 10_000_000.0
"""A listening count above this is a fault in the data."""

Row = tuple[int, dict[str, str]]
"""Row number, the header being row 1, and texts by column."""

OnFault = Callable[[int, str, str], None]
"""Told a row's number, the kind of its fault, and what stood there (empty where that says no more)."""

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}

_TEXT_LIMIT = 200
_ROW_LIMIT = 50_000_000


class TableError(Exception):
    """A table that cannot be used at all; the text names the file and says why."""


def csv_rows(path: Path, *, required: tuple[str, ...], on_fault: OnFault) -> Iterator[Row]:
    """The rows of a CSV file; the cells that a short row lacks are empty.

    A row with more cells than the header has names is at fault, unless what is too much is empty: a title with a comma in it
    moves every cell behind it. TableError for a file that cannot be read, is not UTF-8 CSV, lacks a required column or names one
    twice.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = [name.strip() for name in next(reader, [])]
            missing = [name for name in required if name not in header]
            if missing:
                raise TableError(f"{path.name}: {_missing(required, missing[0], header)}")
            if len(set(header)) != len(header):
                raise TableError(f"{path.name}: a column is named twice in the first row")
            for number, cells in enumerate(reader, start=2):
                if number > _ROW_LIMIT:
                    raise TableError(f"{path.name}: has more than {_ROW_LIMIT} rows")
                if not cells:
                    continue
                if any(cell.strip() for cell in cells[len(header) :]):
                    on_fault(number, f"the row has more cells than the {len(header)} names of the header", f"{len(cells)} cells")
                    continue
                padded = [*cells, *[""] * (len(header) - len(cells))]
                yield number, {name: cell.strip() for name, cell in zip(header, padded[: len(header)], strict=True)}
    except UnicodeDecodeError as error:
        raise TableError(f"{path.name}: is not UTF-8 text") from error
    except csv.Error as error:
        raise TableError(f"{path.name}: is not CSV: {error}") from error
    except OSError as error:
        raise TableError(f"{path.name}: cannot be read: {error.strerror}") from error


def decimal_number(text: str) -> float:
    """The number of a cell; NaN for what is none. 1_000, 0x10 and the digits of other scripts are none, whatever Python makes of
    them; a number too large for a float is infinite.
    """
    return float(text) if _NUMBER.fullmatch(text) else math.nan


def positive_number(text: str) -> tuple[float, str]:
    """The value, and what is wrong with it: empty for a number above 0 and at most LARGEST_COUNT."""
    value = decimal_number(text)
    if not 0.0 < value <= LARGEST_COUNT:
        return 0.0, f"no number above 0 and at most {LARGEST_COUNT:.0f}"
    return value, ""


def text_problem(name: str, text: str) -> str:
    """What is wrong with an id or a tag; empty when nothing is."""
    if not text:
        return f"{name} is empty"
    if len(text) > _TEXT_LIMIT or not text.isprintable():
        return f"{name} has control characters or more than {_TEXT_LIMIT} characters"
    return ""


def _missing(required: tuple[str, ...], name: str, header: list[str]) -> str:
    between = next((mark for mark in _SEPARATORS if len(header) == 1 and mark in header[0]), "")
    if between:
        return f"the cells must be separated by commas, not {_SEPARATORS[between]}"
    return f"the first row must name the columns {', '.join(required)}; {name} is missing"
