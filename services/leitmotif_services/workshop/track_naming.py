"""Ids, titles and artists of tracks that come as files."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import PurePath

_ID_LENGTH = 128
_SHOWN_LENGTH = 256


def track_id_of(name: str) -> str:
    """The id of a file's name without its suffix: letters lose their accents, all else that an id may not hold becomes "-".

    A name without a single letter or digit gives "track".
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    slug = re.sub(r"[^A-Za-z0-9._]+", "-", plain)
    slug = re.sub(r"-*\.-*$|^[^A-Za-z0-9]+|[-_.]+$", "", slug)
    return slug[:_ID_LENGTH].rstrip("-_.") or "track"


def unique_ids(names: Sequence[str]) -> list[str]:
    """`track_id_of` each name; the second of the same id (case ignored, as some file systems do) ends in "-2", and so on."""
    taken: set[str] = set()
    ids = []
    for name in names:
        wanted = track_id_of(name)
        candidate, number = wanted, 1
        while candidate.casefold() in taken:
            number += 1
            ending = f"-{number}"
            candidate = wanted[: _ID_LENGTH - len(ending)] + ending
        taken.add(candidate.casefold())
        ids.append(candidate)
    return ids


def title_and_artist(stem: str, file_title: str, file_artist: str) -> tuple[str, str]:
    """What to call a track: the file's own tags first, else a name of the form "Artist - Title", else the name as it is."""
    stem = readable(stem)
    artist, separator, title = stem.partition(" - ")
    if not separator:
        artist, separator, title = stem.partition("_-_")
    if not separator:
        artist, title = "", stem
    return shown_text(file_title) or shown_text(title) or stem[:_SHOWN_LENGTH], shown_text(file_artist) or shown_text(artist)


def readable(name: str) -> str:
    """A name of the file system, its bytes that are not UTF-8 (surrogates, as Python reads them) replaced by U+FFFD."""
    return "".join("\N{REPLACEMENT CHARACTER}" if "\ud800" <= character <= "\udfff" else character for character in name)


def shown_text(text: str) -> str:
    """One line without control characters, underscores read as spaces where there are no spaces, at most 256 characters."""
    line = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    if " " not in line:
        line = line.replace("_", " ").strip()
    return line[:_SHOWN_LENGTH]


def names_by_reference(paths: Iterable[PurePath], ids: Sequence[str]) -> dict[str, int | None]:
    """How a CSV may refer to each file: its id, its path, its file name, its name without suffix → its position.

    None where two files share the reference, so that it names neither.
    """
    found: dict[str, int | None] = {}
    for position, path in enumerate(paths):
        for reference in {path.as_posix(), path.name, path.stem}:
            found[reference] = None if reference in found else position
    return found | {track_id: position for position, track_id in enumerate(ids)}
