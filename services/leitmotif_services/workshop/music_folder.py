"""Finds the audio files of a folder."""

import heapq
import os
from dataclasses import dataclass
from pathlib import Path

from leitmotif_services.prototypes import manifest as bundle
from leitmotif_services.workshop.track_naming import unique_ids

SUFFIXES = (
    *(".flac", ".mp3", ".oga", ".ogg", ".opus", ".rf64", ".wav", ".wave"),
    *(
        ".aac",
        ".aif",
        ".aifc",
        ".aiff",
        ".alac",
        ".au",
        ".caf",
        ".m4a",
        ".m4b",
        ".mka",
        ".mkv",
        ".snd",
        ".weba",
        ".webm",
        ".wma",
        ".wv",
    ),
)
"""What the names of audio files end in, case ignored. Matroska may hold a film; that is seen, and told, when it is decoded."""

NAMED_OTHERS = 20
"""Files with other names that are told one by one."""

LARGEST_FILE_BYTES = 48 << 20
"""A larger file is not read; the audio service has the same bound."""


_BUNDLE_FILES = frozenset({bundle.MANIFEST, bundle.ARRAYS})
"""A folder that holds both is a bundle; a manifest alone may be anything's."""


@dataclass(frozen=True)
class MusicFile:
    """An audio file, by its name; `problem` says why it cannot be used, empty when nothing is known against it."""

    path: Path
    track_id: str
    problem: str


@dataclass(frozen=True)
class MusicFolder:
    """The audio files below a folder, ordered by path."""

    files: tuple[MusicFile, ...]
    other_files: int
    """How many there are besides."""
    other_names: tuple[Path, ...]
    """The first NAMED_OTHERS of those, by path."""
    unreadable: tuple[tuple[Path, str], ...]
    """Folders that could not be listed, and why."""
    suffixes: tuple[str, ...] = SUFFIXES


def find_music(folder: Path, *, models_root: Path | None = None) -> MusicFolder:
    """All audio files below `folder`, recursively.

    Hidden files and folders, links to folders, and bundles are passed over; so is `models_root` where it lies below `folder`:
    the snippets in there are no tracks.
    """
    paths: list[Path] = []
    others: list[Path] = []
    errors: list[OSError] = []
    left_out = None if models_root is None else models_root.resolve()
    for parent, folders, names in os.walk(folder, onerror=errors.append):
        if set(names) >= _BUNDLE_FILES:
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not name.startswith(".") and (Path(parent) / name).resolve() != left_out)
        for name in names:
            if name.startswith("."):
                continue
            if name.lower().endswith(SUFFIXES):
                paths.append(Path(parent) / name)
            else:
                others.append(Path(parent) / name)
    paths.sort(key=lambda path: path.relative_to(folder).as_posix())
    ids = unique_ids([path.stem for path in paths])
    files = tuple(MusicFile(path, track_id, _problem(path)) for path, track_id in zip(paths, ids, strict=True))
    unreadable = tuple((Path(error.filename), f"the folder cannot be read: {error.strerror}") for error in errors)
    named = tuple(heapq.nsmallest(NAMED_OTHERS, others, key=lambda path: path.relative_to(folder).as_posix()))
    return MusicFolder(files, len(others), named, unreadable)


def _problem(path: Path) -> str:
    try:
        size = path.stat().st_size
    except OSError as error:
        return f"the file cannot be read: {error.strerror}"
    if not path.is_file():
        return "it is not a regular file"
    if size > LARGEST_FILE_BYTES:
        return f"the file has {size} bytes; at most {LARGEST_FILE_BYTES} are read"
    return ""
