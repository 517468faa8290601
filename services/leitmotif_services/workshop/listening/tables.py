"""Loads listening data from tables, CSV or Parquet: interactions, and what is known of the tracks, their tags and their sound."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.prototypes.model_arrays import MAGNITUDE_LIMIT
from leitmotif_services.workshop.listening.checked_rows import (
    INTERACTION_COLUMNS,
    TAG_COLUMNS,
    UNKNOWN_TRACK,
    checked_interactions,
    checked_tags,
)
from leitmotif_services.workshop.listening.interaction_core import interaction_core
from leitmotif_services.workshop.listening.listening_data import ListeningData, Tagging
from leitmotif_services.workshop.listening.loading_report import FaultLedger, LoadedListening, report_on
from leitmotif_services.workshop.listening.table_rows import OnFault, Row, TableError, csv_rows, decimal_number, text_problem
from leitmotif_services.workshop.listening.track_fields import fields_by_track, year_of

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Doubles = NDArray[np.float64]
Positions = NDArray[np.int64]

NAME = "tables"
USER_ITEMS = 5
ITEM_USERS = 3
"""The iterative core that `load_folder` keeps: fewer tell too little to measure by."""

_PARQUET = ".parquet"
_SUFFIXES = (".csv", _PARQUET)


@dataclass(frozen=True)
class TableFiles:
    """Where the tables lie; only interactions are needed."""

    interactions: Path
    """user_id, track_id, and count, or each row counts 1."""
    tracks: Path | None = None
    """track_id, and title and artist where known. With it, a track that it does not name is unknown."""
    tags: Path | None = None
    """track_id, tag, and where known weight, or each row weighs 1, and user_id, or the row is everybody's."""
    features: Path | None = None
    """track_id, and a number in every other column: an audio embedding, or descriptors."""


def load_folder(folder: Path) -> LoadedListening:
    """Read interactions, tracks, tags and features, each with the suffix .csv or .parquet, from a folder.

    Keeps people with USER_ITEMS tracks and tracks with ITEM_USERS people. Errors as for `load`.
    """
    found = {name: _file(folder, name) for name in ("interactions", "tracks", "tags", "features")}
    interactions = found["interactions"]
    if interactions is None:
        raise TableError(f"{folder}: holds neither interactions.csv nor interactions.parquet")
    files = TableFiles(interactions, found["tracks"], found["tags"], found["features"])
    return load(files, user_items=USER_ITEMS, item_users=ITEM_USERS)


def load(files: TableFiles, *, user_items: int = 1, item_users: int = 0) -> LoadedListening:
    """Read the tables; a row at fault is left out and told.

    People with fewer than `user_items` tracks and tracks with fewer than `item_users` people are dropped in turns. With the
    defaults every track that has a row of its own, or that somebody heard, stays. Tags are compared in lower case without
    surrounding spaces. TableError for a file that cannot be used, or where nobody is left; ModuleNotFoundError for a Parquet
    file without pyarrow.
    """
    ledger = FaultLedger()
    rows = _track_rows(files.tracks, ledger)
    tracks = None if rows is None else {track: (row.get("title", ""), row.get("artist", "")) for track, row in rows.items()}
    listening = _interactions(files.interactions, tracks, ledger)
    if tracks is None:
        tracks = {track: ("", "") for _, track in sorted(listening, key=lambda pair: pair[1])}
    counts, users, items = _core(listening, tracks, user_items, item_users, ledger)
    audio, audio_names = _features(files.features, tracks, items, ledger)
    if not users:
        raise TableError(f"{files.interactions.name}: {_nobody(len(listening), user_items, item_users)}")
    data = ListeningData(
        name=NAME,
        user_ids=users,
        item_ids=items,
        item_names=tuple(tracks[item][0] or item for item in items),
        artists=tuple(tracks[item][1] or item for item in items),
        counts=counts,
        tagging=_tagging(files.tags, tracks, users, items, ledger),
        audio=audio,
        audio_names=audio_names,
        fields={} if rows is None else fields_by_track({item: rows[item] for item in items}),
    )
    return LoadedListening(data, report_on(data, ledger))


def _rows(path: Path, required: tuple[str, ...], on_fault: OnFault) -> Iterator[Row]:
    """The rows of a CSV or Parquet file, by its suffix."""
    if path.suffix.lower() == _PARQUET:
        from leitmotif_services.workshop.listening.pyarrow_table_rows import parquet_rows

        return parquet_rows(path, required=required)
    return csv_rows(path, required=required, on_fault=on_fault)


def _nobody(pairs: int, user_items: int, item_users: int) -> str:
    if not pairs:
        return "no row is usable"
    return f"nobody has {user_items} tracks that {item_users} people each have"


def _track_rows(path: Path | None, ledger: FaultLedger) -> dict[str, dict[str, str]] | None:
    """Cells by column, by id."""
    if path is None:
        return None
    tracks: dict[str, dict[str, str]] = {}
    for row, values in _rows(path, ("track_id",), ledger.of(path.name)):
        track = values["track_id"]
        if problem := text_problem("track_id", track) or year_of(values.get("year", ""))[1]:
            ledger.row(path.name, row, problem)
        elif track in tracks:
            ledger.row(path.name, row, "the track came before", track)
        else:
            tracks[track] = values
    return tracks


def _interactions(path: Path, tracks: Mapping[str, tuple[str, str]] | None, ledger: FaultLedger) -> dict[tuple[str, str], float]:
    on_fault = ledger.of(path.name)
    rows = checked_interactions(
        _rows(path, INTERACTION_COLUMNS, on_fault),
        lambda track: (track, UNKNOWN_TRACK if tracks is not None and track not in tracks else ""),
        on_fault,
    )
    return {(user, track): count for user, track, count in rows}


def _core(
    listening: Mapping[tuple[str, str], float],
    tracks: Mapping[str, tuple[str, str]],
    user_items: int,
    item_users: int,
    ledger: FaultLedger,
) -> tuple["csr_array", tuple[str, ...], tuple[str, ...]]:
    """Counts, people and tracks; tracks in the order of their table."""
    from scipy.sparse import coo_array

    users, items = sorted({user for user, _ in listening}), list(tracks)
    row = {user: position for position, user in enumerate(users)}
    column = {item: position for position, item in enumerate(items)}
    places = ([row[user] for user, _ in listening], [column[item] for _, item in listening])
    counts = coo_array((list(listening.values()), places), shape=(len(users), len(items)), dtype=np.float64).tocsr()
    kept_users, kept_items = interaction_core(counts, user_items=user_items, item_users=item_users)
    ledger.names(
        "", f"people with fewer than {user_items} tracks that are left", [users[user] for user in _others(len(users), kept_users)]
    )
    ledger.names(
        "", f"tracks with fewer than {item_users} people that are left", [items[item] for item in _others(len(items), kept_items)]
    )
    left = counts[kept_users][:, kept_items].tocsr()
    left.sort_indices()
    return left, tuple(users[user] for user in kept_users), tuple(items[item] for item in kept_items)


def _others(count: int, kept: Positions) -> list[int]:
    others: list[int] = np.setdiff1d(np.arange(count), kept).tolist()
    return others


def _tagging(
    path: Path | None, tracks: Mapping[str, tuple[str, str]], users: tuple[str, ...], items: tuple[str, ...], ledger: FaultLedger
) -> Tagging:
    assigned: dict[tuple[int, str, str], float] = {}
    place = {item: position for position, item in enumerate(items)}
    person = {user: position for position, user in enumerate(users)}
    unused: set[str] = set()
    file = path.name if path else ""
    on_fault = ledger.of(file)
    rows = checked_tags(
        _rows(path, TAG_COLUMNS, on_fault) if path else (),
        lambda track: (track, "" if track in tracks else UNKNOWN_TRACK),
        on_fault,
        by_person=True,
    )
    for track, tag, user, weight in rows:
        if user and user not in person:
            ledger.note(file, "tags are used though they are of people without listening that is left", f"{user}: {tag}")
        if track in place:
            assigned[place[track], tag, user] = weight
        else:
            unused.add(tag)
    tags = tuple(sorted({tag for _, tag, _ in assigned}))
    ledger.names("", "tags that no track that is left carries", sorted(unused - set(tags)))
    number = {tag: position for position, tag in enumerate(tags)}
    entries = sorted((item, number[tag], person.get(user, -1), weight) for (item, tag, user), weight in assigned.items())
    return Tagging(
        tags=tags,
        users=np.array([user for _, _, user, _ in entries], np.int64),
        items=np.array([item for item, _, _, _ in entries], np.int64),
        tag=np.array([tag for _, tag, _, _ in entries], np.int64),
        weights=np.array([weight for _, _, _, weight in entries], np.float64),
    )


def _features(
    path: Path | None, tracks: Mapping[str, tuple[str, str]], items: tuple[str, ...], ledger: FaultLedger
) -> tuple[Doubles, tuple[str, ...]]:
    """(N, F) and the names of the columns; a row with a value that is no finite number leaves its track without any."""
    if path is None:
        return np.zeros((len(items), 0)), ()
    names: tuple[str, ...] = ()
    known: dict[str, list[float]] = {}
    first_wrong = ""
    for row, values in _rows(path, ("track_id",), ledger.of(path.name)):
        track = values.pop("track_id")
        numbers = {name: decimal_number(text) for name, text in values.items()}
        wrong = [name for name, number in numbers.items() if not abs(number) <= MAGNITUDE_LIMIT]
        names = names or tuple(values)
        if track not in tracks:
            ledger.row(path.name, row, UNKNOWN_TRACK, track)
        elif wrong:
            first_wrong = (
                first_wrong or f"row {row}: {_wrong_feature(numbers[wrong[0]])}: {wrong[0]} is {values[wrong[0]][:40]!r}"
            )
            ledger.row(path.name, row, _wrong_feature(numbers[wrong[0]]), f"{wrong[0]} is {values[wrong[0]][:40]!r}")
        elif track in known:
            ledger.row(path.name, row, "the track came before", track)
        else:
            known[track] = list(numbers.values())
    if first_wrong and not known:
        raise TableError(f"{path.name}: no row is usable; {first_wrong}")
    for item in items:
        if item not in known:
            ledger.note(path.name, "tracks have no features, and stay without audio", item)
    nothing = [math.nan] * len(names)
    audio = np.array([known.get(item, nothing) for item in items], np.float64).reshape(len(items), len(names))
    return audio, names


def _wrong_feature(number: float) -> str:
    if math.isfinite(number):
        return f"a feature is beyond ±{MAGNITUDE_LIMIT:g}: give it in other units"
    return "a feature is no finite number"


def _file(folder: Path, name: str) -> Path | None:
    found = [path for suffix in _SUFFIXES if (path := folder / f"{name}{suffix}").exists()]
    if len(found) > 1:
        raise TableError(f"{folder}: holds both {found[0].name} and {found[1].name}")
    return found[0] if found else None
