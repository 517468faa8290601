"""Rows of CSV files and checks of their values, shared by everything that reads tables."""

import csv
import math
from collections.abc import Iterator
from pathlib import Path

LARGEST_COUNT = 10_000_000.0
"""A listening count above this is a fault in the data."""

_TEXT_LIMIT = 200
_ROW_LIMIT = 50_000_000


class TableError(Exception):
    """A table that cannot be used at all; the text names the file and says why."""


def csv_rows(path: Path, *, required: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Row number (the header is row 1) and values by column; the cells that a short row lacks are empty.

    TableError for a file that cannot be read, is not UTF-8 CSV, lacks a required column or names one twice.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = [name.strip() for name in next(reader, [])]
            missing = [name for name in required if name not in header]
            if missing:
                raise TableError(
                    f"{path.name}: the first row must name the columns {', '.join(required)}; {missing[0]} is missing"
                )
            if len(set(header)) != len(header):
                raise TableError(f"{path.name}: a column is named twice in the first row")
            for number, cells in enumerate(reader, start=2):
                if number > _ROW_LIMIT:
                    raise TableError(f"{path.name}: has more than {_ROW_LIMIT} rows")
                if not cells:
                    continue
                padded = [*cells, *[""] * (len(header) - len(cells))]
                yield number, {name: cell.strip() for name, cell in zip(header, padded, strict=False)}
    except UnicodeDecodeError as error:
        raise TableError(f"{path.name}: is not UTF-8 text") from error
    except csv.Error as error:
        raise TableError(f"{path.name}: is not CSV: {error}") from error
    except OSError as error:
        raise TableError(f"{path.name}: cannot be read: {error.strerror}") from error


def positive_number(name: str, text: str, maximum: float) -> tuple[float, str]:
    """The value, and what is wrong with it: empty for a number above 0 and at most `maximum`."""
    try:
        value = float(text)
    except ValueError:
        return 0.0, f"{name} {text[:40]!r} is not a number"
    if not math.isfinite(value) or not 0.0 < value <= maximum:
        return 0.0, f"{name} is {text[:40]}, not above 0 and at most {maximum:g}"
    return value, ""


def text_problem(name: str, text: str) -> str:
    """What is wrong with an id or a tag; empty when nothing is."""
    if not text:
        return f"{name} is empty"
    if len(text) > _TEXT_LIMIT or not text.isprintable():
        return f"{name} has control characters or more than {_TEXT_LIMIT} characters"
    return ""
