"""Loads "lastfm-2k": HetRec 2011's Last.fm listening and tags, with audio descriptors of the artists.

Cantador, Brusilovsky and Kuflik, "2nd Workshop on Information Heterogeneity and Fusion in Recommender Systems" (HetRec),
RecSys 2011. Non-commercial use; cite Last.fm and HetRec 2011. Items are artists.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from leitmotif_services.workshop.listening.interaction_core import interaction_core
from leitmotif_services.workshop.listening.listening_data import ListeningData, Tagging
from leitmotif_services.workshop.listening.loading_report import FaultLedger, LoadedListening, report_on
from leitmotif_services.workshop.listening.table_rows import LARGEST_COUNT, TableError, csv_rows, decimal_number

NAME = "lastfm-2k"

USER_ITEMS = 10
ITEM_USERS = 3
"""The iterative core of the protocol "lastfm-2k-audio"."""

DESCRIPTORS = (
    "acousticness", "danceability", "energy", "instrumentalness", "liveness", "loudness", "speechiness", "tempo", "valence",
    "mode",
)  # fmt: skip
AUDIO_NAMES = (*DESCRIPTORS, "key_cos", "key_sin")
"""A key is a place on the circle of twelve pitch classes: B (11) is as near to C (0) as C sharp (1) is."""

FIRST_YEAR, LAST_YEAR = 2002, 2011
"""Last.fm began in 2002 and the data was gathered in 2011: tags of other years are faults."""

_PITCH_CLASSES = 12
_LOUDEST_DB = 20.0
_QUIETEST_DB = -100.0
_FASTEST_BPM = 1000.0


def load(path: Path) -> LoadedListening:
    """Read the folder of `artists.dat`, `user_artists.dat`, `tags.dat`, `user_taggedartists.dat`, `artist_audio_features.csv`.

    Artists without audio descriptors are dropped, then people with fewer than USER_ITEMS artists and artists with fewer than
    ITEM_USERS people, in turns. Tags are compared in lower case without surrounding spaces. Assignments of people who are
    not in the core count too, with user -1. TableError for a file that is missing, not in its encoding or without its
    columns; a row at fault is left out and told.
    """
    ledger = FaultLedger()
    names = _artists(path, ledger)
    audio = _audio(path, names, ledger)
    listening = _listening(path, names, ledger)
    heard = [pair for pair in listening if pair[1] in audio]
    for artist in sorted({artist for _, artist in listening} - set(audio)):
        ledger.name("", "artists without audio descriptors", names[artist])
    if not heard:
        raise TableError(f"{path}: nobody listened to an artist with audio descriptors")
    return _assembled(path, names, audio, listening, ledger)


def _assembled(
    path: Path,
    names: dict[int, str],
    audio: dict[int, tuple[float, ...]],
    listening: dict[tuple[int, int], float],
    ledger: FaultLedger,
) -> LoadedListening:
    from scipy.sparse import coo_array

    pairs = [(user, artist, count) for (user, artist), count in listening.items() if artist in audio]
    users = np.array(sorted({user for user, _, _ in pairs}), np.int64)
    artists = np.array(sorted({artist for _, artist, _ in pairs}), np.int64)
    rows = np.searchsorted(users, [user for user, _, _ in pairs])
    columns = np.searchsorted(artists, [artist for _, artist, _ in pairs])
    values = np.array([count for _, _, count in pairs], np.float64)
    counts = coo_array((values, (rows, columns)), shape=(len(users), len(artists))).tocsr()
    kept_users, kept_items = interaction_core(counts, user_items=USER_ITEMS, item_users=ITEM_USERS)
    for user in np.delete(users, kept_users):
        ledger.name("", f"people with fewer than {USER_ITEMS} artists that are left", str(user))
    for artist in np.delete(artists, kept_items):
        ledger.name("", f"artists with fewer than {ITEM_USERS} people that are left", names[int(artist)])
    if not len(kept_users):
        raise TableError(f"{path}: nobody listened to {USER_ITEMS} artists with {ITEM_USERS} people each")
    counts = counts[kept_users][:, kept_items].tocsr()
    counts.sort_indices()
    users, artists = users[kept_users], artists[kept_items]
    data = ListeningData(
        name=NAME,
        user_ids=tuple(str(user) for user in users),
        item_ids=tuple(str(artist) for artist in artists),
        item_names=tuple(names[int(artist)] for artist in artists),
        artists=tuple(str(artist) for artist in artists),
        counts=counts,
        tagging=_tagging(path, names, users.tolist(), artists.tolist(), ledger),
        audio=np.array([audio[int(artist)] for artist in artists], np.float64),
        audio_names=AUDIO_NAMES,
    )
    return LoadedListening(data, report_on(data, ledger))


def _artists(path: Path, ledger: FaultLedger) -> dict[int, str]:
    file = "artists.dat"
    names: dict[int, str] = {}
    for row, (identifier, name) in _rows(path / file, ("id", "name"), "utf-8"):
        artist = _whole(identifier)
        if artist is None or not name:
            ledger.row(file, row, "the id is no whole number, or the name is empty", identifier)
        elif artist in names:
            ledger.row(file, row, "the artist came before", identifier)
        else:
            names[artist] = name
    return names


def _listening(path: Path, names: dict[int, str], ledger: FaultLedger) -> dict[tuple[int, int], float]:
    file = "user_artists.dat"
    listening: dict[tuple[int, int], float] = {}
    for row, (user_id, artist_id, weight) in _rows(path / file, ("userID", "artistID", "weight"), "latin-1"):
        user, artist, count = _whole(user_id), _whole(artist_id), decimal_number(weight)
        if user is None or artist is None:
            ledger.row(file, row, "an id is no whole number", f"{user_id} {artist_id}")
        elif artist not in names:
            ledger.row(file, row, "the artist is not in artists.dat", artist_id)
        elif not 0.0 < count <= LARGEST_COUNT:
            ledger.row(file, row, f"the count is no number above 0 and at most {LARGEST_COUNT:.0f}", weight)
        elif (user, artist) in listening:
            ledger.row(file, row, "the person and the artist came before", f"{user_id} {artist_id}")
        else:
            listening[user, artist] = count
    return listening


def _tagging(path: Path, names: dict[int, str], users: list[int], artists: list[int], ledger: FaultLedger) -> Tagging:
    """Assignments to the artists that are left; tags without any are dropped."""
    tag_names, file = _tags(path, ledger), "user_taggedartists.dat"
    person = {user: position for position, user in enumerate(users)}
    place = {artist: position for position, artist in enumerate(artists)}
    seen: set[tuple[int, int, str]] = set()
    kept: list[tuple[int, int, str]] = []
    used: set[str] = set()
    for row, (user_id, artist_id, tag_id, year) in _rows(path / file, ("userID", "artistID", "tagID", "year"), "latin-1"):
        user, artist, tag = _whole(user_id), _whole(artist_id), tag_names.get(_whole(tag_id))
        when = _whole(year)
        if user is None or artist is None or artist not in names:
            ledger.row(file, row, "an id is no whole number, or the artist is not in artists.dat", f"{user_id} {artist_id}")
        elif tag is None:
            ledger.row(file, row, "the tag is not in tags.dat", tag_id)
        elif when is None or not FIRST_YEAR <= when <= LAST_YEAR:
            ledger.row(file, row, f"the year is not in {FIRST_YEAR} to {LAST_YEAR}", year)
        elif (user, artist, tag) in seen:
            ledger.row(file, row, "the person gave the artist the same tag before", f"{user_id} {artist_id} {tag}")
        else:
            seen.add((user, artist, tag))
            used.add(tag)
            if artist in place:
                kept.append((person.get(user, -1), place[artist], tag))
    ledger.names("tags.dat", "tags that nobody uses", sorted(set(tag_names.values()) - used))
    tags = tuple(sorted({tag for _, _, tag in kept}))
    ledger.names("", "tags that no artist that is left carries", sorted(used - set(tags)))
    position = {tag: number for number, tag in enumerate(tags)}
    entries = sorted((item, position[tag], user) for user, item, tag in kept)
    return Tagging(
        tags=tags,
        users=np.array([user for _, _, user in entries], np.int64),
        items=np.array([item for item, _, _ in entries], np.int64),
        tag=np.array([tag for _, tag, _ in entries], np.int64),
        weights=np.ones(len(entries)),
    )


def _tags(path: Path, ledger: FaultLedger) -> dict[int | None, str]:
    file = "tags.dat"
    tags: dict[int | None, str] = {}
    for row, (identifier, name) in _rows(path / file, ("tagID", "tagValue"), "latin-1"):
        tag, folded = _whole(identifier), " ".join(name.split()).lower()
        if tag is None or not folded:
            ledger.row(file, row, "the id is no whole number, or the name is empty", identifier)
        elif tag in tags:
            ledger.row(file, row, "the tag came before", identifier)
        else:
            tags[tag] = folded
    return tags


def _audio(path: Path, names: dict[int, str], ledger: FaultLedger) -> dict[int, tuple[float, ...]]:
    """(12,) descriptors by artist, in the order of AUDIO_NAMES."""
    file = "artist_audio_features.csv"
    audio: dict[int, tuple[float, ...]] = {}
    for row, values in csv_rows(path / file, required=("artistID", *DESCRIPTORS, "key"), on_fault=ledger.of(file)):
        artist = _whole(values["artistID"])
        descriptors = {name: decimal_number(values[name]) for name in (*DESCRIPTORS, "key")}
        wrong = [name for name, value in descriptors.items() if not _possible(name, value)]
        if artist is None or artist not in names:
            ledger.row(file, row, "the artist is not in artists.dat", values["artistID"])
        elif wrong:
            ledger.row(file, row, "a descriptor is no number or out of its range", f"{wrong[0]} is {values[wrong[0]]!r}")
        elif artist in audio:
            ledger.row(file, row, "the artist came before", values["artistID"])
        else:
            angle = 2.0 * math.pi * descriptors["key"] / _PITCH_CLASSES
            audio[artist] = (*(descriptors[name] for name in DESCRIPTORS), math.cos(angle), math.sin(angle))
    return audio


def _possible(name: str, value: float) -> bool:
    """NaN is never possible."""
    if name == "loudness":
        return _QUIETEST_DB <= value <= _LOUDEST_DB
    if name == "tempo":
        return 0.0 <= value <= _FASTEST_BPM
    if name == "key":
        return 0.0 <= value < _PITCH_CLASSES
    return 0.0 <= value <= 1.0


def _rows(path: Path, columns: tuple[str, ...], encoding: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Row number and the values of `columns` of a tab-separated file; a row that is too short has empty values."""
    try:
        with path.open(encoding=encoding, newline="\n") as file:
            header = next(file, "").rstrip("\r\n").split("\t")
            missing = [name for name in columns if name not in header]
            if missing:
                raise TableError(f"{path.name}: the first row must name {', '.join(columns)}; {missing[0]} is missing")
            places = [header.index(name) for name in columns]
            for row, line in enumerate(file, start=2):
                cells = line.rstrip("\r\n").split("\t")
                yield row, tuple(cells[place].strip() if place < len(cells) else "" for place in places)
    except UnicodeDecodeError as error:
        raise TableError(f"{path.name}: is not {encoding} text") from error
    except OSError as error:
        raise TableError(f"{path.name}: cannot be read: {error.strerror}") from error


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None
