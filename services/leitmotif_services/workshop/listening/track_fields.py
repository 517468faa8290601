"""What a table of tracks tells beside titles and artists: the year, and fields of an operator's own."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from leitmotif_services.prototypes.bundle_records import FIELDS_LIMIT, NUMBER_LIMIT, TEXT_LIMIT, TRACK_FIELDS
from leitmotif_services.prototypes.track import FIELD_NAME

LATEST_YEAR = 9999


@dataclass(frozen=True)
class TrackFields:
    """Of one track."""

    year: int | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)


NO_FIELDS = TrackFields()


def year_of(text: str) -> tuple[int | None, str]:
    """The year, and what is wrong with it: empty for a whole number, or for nothing."""
    number = _number(text)
    if not text:
        return None, ""
    if number is None or number != int(number) or abs(number) > LATEST_YEAR:
        return None, f"year {text[:40]!r} is not a year"
    return int(number), ""


def fields_by_track(rows: Mapping[str, Mapping[str, str]]) -> dict[str, TrackFields]:
    """By track id, of the cells of its row by column; the years must have been checked.

    A further column whose name is of the form of a field's ("bpm", "release_day") is a field: of numbers where every cell that is
    not empty is one, else of texts. Of more columns than a track may have fields, the first in alphabetical order count.
    """
    names = sorted({name for cells in rows.values() for name in cells if FIELD_NAME.fullmatch(name) and name not in TRACK_FIELDS})
    names = names[:FIELDS_LIMIT]
    numeric = {name for name in names if all(_number(cells[name]) is not None for cells in rows.values() if cells.get(name))}
    found = {}
    for track, cells in rows.items():
        given = {name: cells[name] for name in names if cells.get(name)}
        found[track] = TrackFields(
            year=year_of(cells.get("year", ""))[0],
            texts={name: text[:TEXT_LIMIT] for name, text in given.items() if name not in numeric},
            numbers={name: float(text) for name, text in given.items() if name in numeric},
        )
    return found


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and abs(number) <= NUMBER_LIMIT else None
