"""Tracks and prototypes as the JSON records of a bundle, and the checks that they must pass on either side.

Everything raises ValueError with a text that names the record; the writer lets it pass, the reader turns it into BUNDLE_CORRUPT.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from functools import cache
from typing import Any, get_args

from leitmotif_services.prototypes.expression import least_expressed_rank
from leitmotif_services.prototypes.manifest import is_snippet_name
from leitmotif_services.prototypes.prototype import Exemplar, Fidelity, Prototype, Source
from leitmotif_services.prototypes.track import FIELD_NAME, Track

TEXT_LIMIT = 2000
"""Longest title, artist, label, description or tag, in characters."""

TAGS_LIMIT = 1000
"""Most tags of one track."""

TRACK_FIELDS = frozenset(field.name for field in fields(Track))
"""Names that no further field may have."""

NUMBER_LIMIT = 1e15
"""Largest magnitude of a number in a further field."""

FIELDS_LIMIT = 64
"""Most further fields of one track, `texts` and `numbers` together."""

EXEMPLARS_LIMIT = 100
"""Most exemplars of one prototype."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_LATER_FIELDS: dict[str, Any] = {"year": None, "texts": {}, "numbers": {}}
"""Fields of a track that schema 2 did not have, with what stands for them."""


def render_tracks(tracks: Iterable[Track]) -> bytes:
    """One JSON object a line."""
    return "".join(_line(track_record(track)) for track in tracks).encode("ascii")


def track_record(track: Track) -> dict[str, Any]:
    """A track as a JSON object."""
    return {
        "track_id": track.track_id,
        "title": track.title,
        "artist": track.artist,
        "duration_s": track.duration_s,
        "tags": list(track.tags),
        "year": track.year,
        "texts": dict(track.texts),
        "numbers": dict(track.numbers),
    }


def track_of_record(record: Any) -> Track:
    """The track of `track_record`, checked; ValueError or TypeError says what is wrong with it."""
    track = _track(record)
    check_track(track)
    return track


def parse_tracks(raw: bytes) -> list[Track]:
    """The tracks of `render_tracks`; ValueError names the line at fault."""
    tracks: list[Track] = []
    try:  # not `_named` around each line: of a million, that takes seconds
        for line in raw.splitlines():
            tracks.append(_track(_parsed(line)))  # noqa: PERF401 - how many there are names the line at fault
    except (OverflowError, TypeError, ValueError) as error:
        raise ValueError(f"line {len(tracks) + 1}: {error}") from error
    return tracks


def render_prototypes(prototypes: Iterable[Prototype]) -> bytes:
    """A JSON array, one prototype a line."""
    lines = [_line(asdict(prototype)).rstrip("\n") for prototype in prototypes]
    return ("[\n" + ",\n".join(lines) + "\n]\n").encode("ascii")


def parse_prototypes(raw: bytes) -> list[Prototype]:
    """The prototypes of `render_prototypes`; ValueError names the one at fault."""
    with _named("the file"):
        records = _list(_parsed(raw))
    prototypes = []
    for position, record in enumerate(records):
        with _named(f"prototype {position}"):
            prototypes.append(_prototype(record))
    return prototypes


def check_tracks(tracks: Sequence[Track]) -> None:
    """Refuse ids that are malformed or repeated, texts that are no text, lengths that are no length."""
    for position, track in enumerate(tracks):
        with _named(f"track {position}"):
            check_track(track)
    _check_unique("track_id", [track.track_id for track in tracks])


def check_prototypes(prototypes: Sequence[Prototype], snippet_names: Iterable[str], track_count: int) -> None:
    """Refuse what `check_tracks` refuses, exemplars whose snippet is not among `snippet_names`, and a wrong `expressed_rank`.

    Of `track_count` ≥ 1 tracks the top decile always expresses a prototype, and exactly the top decile a discovered one.
    """
    available = frozenset(snippet_names)
    for position, prototype in enumerate(prototypes):
        with _named(f"prototype {position}"):
            _check_prototype(prototype, available)
            least = least_expressed_rank(track_count)
            most = track_count if prototype.source == "tag" else least
            _check_number("expressed_rank", prototype.expressed_rank, minimum=least, maximum=most)
    _check_unique("prototype_id", [prototype.prototype_id for prototype in prototypes])


def check_track(track: Track) -> None:
    """Refuse a malformed id, texts that are no text, numbers that are none, and further fields with names that are taken."""
    _check_id("track_id", track.track_id)
    _check_number("duration_s", track.duration_s, minimum=0.0)
    _check_text("title", track.title)
    _check_text("artist", track.artist)
    _check_many("tags", track.tags, TAGS_LIMIT)
    for tag in track.tags:
        _check_text("tag", tag)
    if track.year is not None:
        _check_number("year", track.year, minimum=-(2**31), maximum=2**31 - 1)
    _check_many("further fields", [*track.texts, *track.numbers], FIELDS_LIMIT)
    for name in (*track.texts, *track.numbers):
        if not FIELD_NAME.fullmatch(name) or name in TRACK_FIELDS:
            raise ValueError(f"{name!r:.80} is no name of a further field")
    if shared := sorted(track.texts.keys() & track.numbers.keys()):
        raise ValueError(f"{shared[0]} is both text and number")
    for name, text in track.texts.items():
        _check_text(name, text)
    for name, number in track.numbers.items():
        _check_number(name, number, minimum=-NUMBER_LIMIT, maximum=NUMBER_LIMIT)


def _check_prototype(prototype: Prototype, snippets: frozenset[str]) -> None:
    _check_id("prototype_id", prototype.prototype_id)
    _check_text("label", prototype.label)
    _check_text("description", prototype.description)
    if not prototype.label:
        raise ValueError("label is empty")
    if prototype.source not in get_args(Source):
        raise ValueError(f"source is {prototype.source!r:.40}")
    if fidelity := prototype.fidelity:
        _check_number("roc_auc", fidelity.roc_auc, minimum=0.0, maximum=1.0)
        _check_number("average_precision", fidelity.average_precision, minimum=0.0, maximum=1.0)
        _check_number("positives", fidelity.positives, minimum=0, maximum=2**31 - 1)
    _check_many("exemplars", prototype.exemplars, EXEMPLARS_LIMIT)
    for exemplar in prototype.exemplars:
        _check_exemplar(exemplar, snippets)


def _check_exemplar(exemplar: Exemplar, snippets: frozenset[str]) -> None:
    _check_id("exemplar's track_id", exemplar.track_id)
    _check_text("exemplar's title", exemplar.title)
    _check_text("exemplar's artist", exemplar.artist)
    for name in ("start_s", "duration_s", "affinity"):
        _check_number(f"exemplar's {name}", getattr(exemplar, name), minimum=0.0)
    if exemplar.snippet and not is_snippet_name(exemplar.snippet):
        raise ValueError(f"snippet {exemplar.snippet!r:.80} is no name of a snippet")
    if exemplar.snippet and exemplar.snippet not in snippets:
        raise ValueError(f"snippet {exemplar.snippet!r:.80} is missing")


def _track(record: Any) -> Track:
    values = _values(_LATER_FIELDS | record if isinstance(record, dict) else record, Track)
    if values["year"] is not None and type(values["year"]) is not int:
        raise ValueError(f"year is {values['year']!r:.40}")
    texts, numbers = _mapping(values["texts"], str), _mapping(values["numbers"], float)
    return Track(**values | {"tags": tuple(_list(values["tags"])), "texts": texts, "numbers": numbers})


def _prototype(record: Any) -> Prototype:
    values = _values(record, Prototype)
    fidelity = None if values["fidelity"] is None else Fidelity(**_values(values["fidelity"], Fidelity))
    exemplars = tuple(Exemplar(**_values(exemplar, Exemplar)) for exemplar in _list(values["exemplars"]))
    return Prototype(**values | {"fidelity": fidelity, "exemplars": exemplars})


def _values(record: Any, kind: type) -> dict[str, Any]:
    """The record when its keys are the fields of the dataclass `kind`, with values of their plain types."""
    if not isinstance(record, dict):
        raise TypeError(f"{record!r:.40} is not an object")
    declared = _declared(kind)
    if record.keys() != declared.keys():
        raise ValueError(f"has the keys {sorted(record)}, not {sorted(declared)}")
    values = {}
    for name, value in record.items():
        expected = declared[name]
        if expected is float and type(value) is int:
            values[name] = float(value)
        elif expected in (str, float, int, bool) and type(value) is not expected:
            raise ValueError(f"{name} is {value!r:.40}")
        else:
            values[name] = value
    return values


@cache
def _declared(kind: type) -> dict[str, Any]:
    return {field.name: field.type for field in fields(kind)}


def _mapping(value: Any, kind: type) -> dict[str, Any]:
    """An object whose values are all text, or all numbers."""
    if not isinstance(value, dict):
        raise TypeError(f"{value!r:.40} is not an object")
    mapping = {name: float(each) if kind is float and type(each) is int else each for name, each in value.items()}
    for name, each in mapping.items():
        if type(each) is not kind:
            raise ValueError(f"{name} is {each!r:.40}")
    return mapping


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r:.40} is not a list")
    return value


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except RecursionError as error:
        raise ValueError("is nested too deeply") from error


@contextmanager
def _named(name: str) -> Iterator[None]:
    try:
        yield
    except (OverflowError, TypeError, ValueError) as error:
        raise ValueError(f"{name}: {error}") from error


def _line(record: dict[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=True, allow_nan=False) + "\n"


def _check_id(name: str, value: str) -> None:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise ValueError(f"{name} {value!r:.40} is not 1 to 128 letters, digits, '.', '_' or '-' after a letter or digit")


def _check_text(name: str, value: str) -> None:
    if not isinstance(value, str) or len(value) > TEXT_LIMIT:
        raise ValueError(f"{name} {value!r:.40} is not text of at most {TEXT_LIMIT} characters")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{name} {value!r:.40} is not valid Unicode") from error


def _check_number(name: str, value: float, *, minimum: float, maximum: float = 1e12) -> None:
    if not (math.isfinite(value) and minimum <= value <= maximum):
        raise ValueError(f"{name} is {value}, not {minimum:g} to {maximum:g}")


def _check_many(name: str, values: Sequence[object], limit: int) -> None:
    if len(values) > limit:
        raise ValueError(f"has {len(values)} {name}, {limit} are allowed")


def _check_unique(name: str, values: Sequence[str]) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise ValueError(f"{name} {value!r} is repeated")
        seen.add(value)
