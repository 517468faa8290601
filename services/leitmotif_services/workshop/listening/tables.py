"""Loads listening data from tables, CSV or Parquet: interactions, and what is known of the tracks, their tags and their sound."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.workshop.listening.interaction_core import interaction_core
from leitmotif_services.workshop.listening.listening_data import ListeningData, Tagging
from leitmotif_services.workshop.listening.loading_report import FaultLedger, LoadedListening, report_on
from leitmotif_services.workshop.listening.table_rows import (
    LARGEST_COUNT,
    TableError,
    csv_rows,
    positive_number,
    text_problem,
)
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
        raise TableError(f"{files.interactions.name}: no row is usable, or nobody has {user_items} tracks")
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


def table_rows(path: Path, *, required: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Row number and texts by column of a CSV or Parquet file, by its suffix."""
    if path.suffix.lower() == _PARQUET:
        from leitmotif_services.workshop.listening.pyarrow_table_rows import parquet_rows

        return parquet_rows(path, required=required)
    return csv_rows(path, required=required)


def _track_rows(path: Path | None, ledger: FaultLedger) -> dict[str, dict[str, str]] | None:
    """Cells by column, by id."""
    if path is None:
        return None
    tracks: dict[str, dict[str, str]] = {}
    for row, values in table_rows(path, required=("track_id",)):
        track = values["track_id"]
        if problem := text_problem("track_id", track) or year_of(values.get("year", ""))[1]:
            ledger.row(path.name, row, problem)
        elif track in tracks:
            ledger.row(path.name, row, "the track came before", track)
        else:
            tracks[track] = values
    return tracks


def _interactions(path: Path, tracks: Mapping[str, tuple[str, str]] | None, ledger: FaultLedger) -> dict[tuple[str, str], float]:
    listening: dict[tuple[str, str], float] = {}
    for row, values in table_rows(path, required=("user_id", "track_id")):
        user, track = values["user_id"], values["track_id"]
        count, count_problem = positive_number("count", values.get("count", "1"), LARGEST_COUNT)
        if problem := text_problem("user_id", user) or text_problem("track_id", track):
            ledger.row(path.name, row, problem)
        elif tracks is not None and track not in tracks:
            ledger.row(path.name, row, "the track is not among the tracks", track)
        elif count_problem:
            ledger.row(path.name, row, f"the count is no number above 0 and at most {LARGEST_COUNT:.0f}", count_problem)
        elif (user, track) in listening:
            ledger.row(path.name, row, "the person and the track came before", f"{user} {track}")
        else:
            listening[user, track] = count
    return listening


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
    seen: set[tuple[str, str, str]] = set()
    unused: set[str] = set()
    for row, values in table_rows(path, required=("track_id", "tag")) if path else ():
        track, tag, user = values["track_id"], " ".join(values["tag"].split()).lower(), values.get("user_id", "")
        weight, weight_problem = positive_number("weight", values.get("weight", "1"), LARGEST_COUNT)
        file = path.name if path else ""
        if problem := text_problem("tag", tag):
            ledger.row(file, row, problem)
        elif track not in tracks:
            ledger.row(file, row, "the track is not among the tracks", track)
        elif weight_problem:
            ledger.row(file, row, f"the weight is no number above 0 and at most {LARGEST_COUNT:.0f}", weight_problem)
        elif (user, track, tag) in seen:
            ledger.row(file, row, "the track had the same tag before", f"{track} {tag}")
        else:
            seen.add((user, track, tag))
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
    for row, values in table_rows(path, required=("track_id",)):
        track = values.pop("track_id")
        numbers = {name: _number(text) for name, text in values.items()}
        wrong = [name for name, number in numbers.items() if not math.isfinite(number)]
        names = names or tuple(values)
        if track not in tracks:
            ledger.row(path.name, row, "the track is not among the tracks", track)
        elif wrong:
            ledger.row(path.name, row, "a feature is no finite number", f"{wrong[0]} is {values[wrong[0]]!r}")
        elif track in known:
            ledger.row(path.name, row, "the track came before", track)
        else:
            known[track] = list(numbers.values())
    without = [item for item in items if item not in known]
    ledger.names(path.name, "tracks without features stay, and have no audio", without)
    nothing = [math.nan] * len(names)
    audio = np.array([known.get(item, nothing) for item in items], np.float64).reshape(len(items), len(names))
    return audio, names


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _file(folder: Path, name: str) -> Path | None:
    found = [path for suffix in _SUFFIXES if (path := folder / f"{name}{suffix}").exists()]
    if len(found) > 1:
        raise TableError(f"{folder}: holds both {found[0].name} and {found[1].name}")
    return found[0] if found else None
