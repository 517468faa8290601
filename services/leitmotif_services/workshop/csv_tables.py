"""Reads interactions and tags from CSV files. A row at fault is left out and told by its number; a file at fault is refused."""

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from leitmotif_services.workshop.dataset import Interactions

LARGEST_COUNT = 10_000_000.0
"""A listening count above this is a fault in the data."""

_TEXT_LIMIT = 200
_ROW_LIMIT = 50_000_000


class TableError(Exception):
    """A CSV file that cannot be used at all; the text names the file and says why."""


@dataclass(frozen=True)
class RowFault:
    """A row that was left out."""

    file: str
    row: int
    """From 1, the header being row 1."""
    reason: str


@dataclass(frozen=True)
class InteractionTable:
    """What an interactions file held. `interactions` is None when no row was usable."""

    interactions: Interactions | None
    faults: tuple[RowFault, ...]


@dataclass(frozen=True)
class TagTable:
    """What a tags file held: tag → weight by track position."""

    tags: Mapping[int, Mapping[str, float]]
    faults: tuple[RowFault, ...]


def read_interactions(path: Path, tracks: Mapping[str, int | None]) -> InteractionTable:
    """Read user_id,track_id,count (further columns are ignored; without a count each row counts 1).

    `tracks`: position by reference (see `names_by_reference`). Left out, each with its reason: unknown or ambiguous tracks,
    counts that are no number, not finite, not positive or above LARGEST_COUNT, empty user ids, and a pair of person and
    track that came before. TableError for a file that is not UTF-8 CSV with that header.
    """
    faults: list[RowFault] = []
    counts: dict[tuple[str, int], float] = {}
    for row, values in _rows(path, required=("user_id", "track_id")):
        user = values["user_id"]
        problem = _text_problem("user_id", user)
        track, track_problem = _track(values["track_id"], tracks)
        count, count_problem = _positive("count", values.get("count", "1"), LARGEST_COUNT)
        problem = problem or track_problem or count_problem
        if not problem and (user, track) in counts:
            problem = f"user {user!r} and track {values['track_id']!r} came before"
        if problem:
            faults.append(RowFault(path.name, row, problem))
        else:
            counts[user, track] = count
    if not counts:
        return InteractionTable(None, tuple(faults))
    user_ids = tuple(sorted({user for user, _ in counts}))
    place = {user: position for position, user in enumerate(user_ids)}
    entries = sorted((place[user], track, count) for (user, track), count in counts.items())
    users, positions, plays = zip(*entries, strict=True)
    interactions = Interactions(user_ids, np.array(users, np.int64), np.array(positions, np.int64), np.array(plays, np.float32))
    return InteractionTable(interactions, tuple(faults))


def read_tags(path: Path, tracks: Mapping[str, int | None]) -> TagTable:
    """Read track_id,tag,weight (further columns are ignored; without a weight each row weighs 1); faults as for interactions.

    Tags are compared and kept in lower case, without surrounding spaces.
    """
    faults: list[RowFault] = []
    tags: dict[int, dict[str, float]] = {}
    for row, values in _rows(path, required=("track_id", "tag")):
        tag = " ".join(values["tag"].split()).lower()
        problem = _text_problem("tag", tag)
        track, track_problem = _track(values["track_id"], tracks)
        weight, weight_problem = _positive("weight", values.get("weight", "1"), LARGEST_COUNT)
        problem = problem or track_problem or weight_problem
        if not problem and tag in tags.get(track, {}):
            problem = f"tag {tag!r} of track {values['track_id']!r} came before"
        if problem:
            faults.append(RowFault(path.name, row, problem))
        else:
            tags.setdefault(track, {})[tag] = weight
    return TagTable(tags, tuple(faults))


def _rows(path: Path, *, required: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Row number and values by column of each row; rows of another length are given to the caller as empty values."""
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


def _track(reference: str, tracks: Mapping[str, int | None]) -> tuple[int, str]:
    if reference not in tracks:
        return -1, f"track {reference[:80]!r} is not among the tracks"
    position = tracks[reference]
    if position is None:
        return -1, f"track {reference[:80]!r} names more than one file; use the path or the id"
    return position, ""


def _positive(name: str, text: str, maximum: float) -> tuple[float, str]:
    try:
        value = float(text)
    except ValueError:
        return 0.0, f"{name} {text[:40]!r} is not a number"
    if not math.isfinite(value) or not 0.0 < value <= maximum:
        return 0.0, f"{name} is {text[:40]}, not above 0 and at most {maximum:g}"
    return value, ""


def _text_problem(name: str, text: str) -> str:
    if not text:
        return f"{name} is empty"
    if len(text) > _TEXT_LIMIT or not text.isprintable():
        return f"{name} has control characters or more than {_TEXT_LIMIT} characters"
    return ""
