"""Loads a bundle: every file is verified before anything of it is used, and nothing in it is ever unpickled."""

import errno
import hashlib
import json
import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from leitmotif_services.prototypes import manifest as bundle
from leitmotif_services.prototypes.bundle_records import check_prototypes, check_tracks, parse_prototypes, parse_tracks
from leitmotif_services.prototypes.catalogue import Catalogue
from leitmotif_services.prototypes.expression import Expression
from leitmotif_services.prototypes.manifest import FileEntry, Manifest, corrupt, parse_manifest
from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.model_arrays import check_shapes, check_values, stated_lengths
from leitmotif_services.prototypes.model_kinds import KINDS, ModelKind
from leitmotif_services.prototypes.prototype import Prototype
from leitmotif_services.prototypes.search.exact_index import ExactIndex
from leitmotif_services.prototypes.search.faiss_index_building import IndexSettings
from leitmotif_services.prototypes.search.faiss_index_files import IndexFileError, build_index, read_index
from leitmotif_services.prototypes.search.index import Index
from leitmotif_services.prototypes.search.index_record import RECORD_BYTES_LIMIT, least_recall
from leitmotif_services.prototypes.search.scoring import Scoring
from leitmotif_services.runtime.errors import Reason, ServiceError

EXACT_BELOW_TRACKS = 1000
"""With the index "auto", smaller catalogues are searched exactly: FAISS gains nothing on them."""

RECALL_FLOOR = 0.99
"""With the index "auto", an index that was measured to find less is not used: the catalogue is searched exactly."""

MAPPED_FROM_BYTES = 64 << 20
"""A file of arrays as large as this stays on disk: the rows of tracks are read where and when a search needs them."""

RECORDS_BYTES_LIMIT = 4 << 30
"""Largest catalogue or prototypes file: it is read into memory whole."""

_ROWS_AT_ONCE = 65_536


def load_bundle(folder: Path, *, index: str = "auto", filterable: Iterable[str] = ()) -> ServedModel:
    """The model of a bundle. `index`: "exact", "faiss", or "auto" for the choice by size. `filterable`: further fields of tracks
    that filters may test.

    BUNDLE_CORRUPT (metadata: file) when a file is missing, truncated, altered, not listed, not a regular file or at odds
    with the rest; BUNDLE_SCHEMA_UNKNOWN when the manifest is of another schema, or the
    model of a kind that is not in KINDS. Reads every byte of the folder, for the checksums and the checks of its values:
    blocking. What it keeps in memory is less: large arrays are mapped, embeddings always.
    """
    manifest = read_manifest(folder)
    kind = _kind(manifest)
    _check_listing(folder, manifest)
    for path, entry in manifest.files.items():
        _verify(folder, path, entry)

    names = [path.removeprefix(bundle.SNIPPETS + "/") for path in manifest.files if path.startswith(bundle.SNIPPETS + "/")]
    with _blamed(bundle.PROTOTYPES):
        prototypes = tuple(parse_prototypes(_read(folder, bundle.PROTOTYPES, RECORDS_BYTES_LIMIT)))
        check_prototypes(prototypes, names, manifest.track_count)
        _check_count("prototypes", len(prototypes), manifest.prototype_count)
    with _blamed(bundle.CATALOGUE):
        tracks = parse_tracks(_read(folder, bundle.CATALOGUE, RECORDS_BYTES_LIMIT))
        check_tracks(tracks)
        _check_count("tracks", len(tracks), manifest.track_count)
    with _blamed(bundle.ARRAYS):
        arrays = _read_arrays(folder / bundle.ARRAYS, kind, manifest, prototypes)
        scoring = kind.scoring(arrays, manifest.edit_gain)
    exact = ExactIndex(scoring)
    return ServedModel(
        manifest=manifest,
        folder=folder,
        catalogue=Catalogue(tracks, filterable=filterable),
        prototypes=prototypes,
        prototype_positions={prototype.prototype_id: position for position, prototype in enumerate(prototypes)},
        scoring=scoring,
        expression=Expression(arrays["affinities"], [prototype.expressed_rank for prototype in prototypes]),
        exact=exact,
        index=_index(folder, manifest, scoring, exact, index),
        embeddings=mapped_array(folder / bundle.ARRAYS, "embeddings"),
        catalogue_revision=manifest.catalogue_revision,
        bundle_prototypes=prototypes,
        constants=kind.constants(arrays),
    )


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a bundle's folder, itself verified; the files that it lists are not touched."""
    manifest = parse_manifest(_read(folder, bundle.MANIFEST, bundle.MANIFEST_BYTES_LIMIT))
    if manifest.model_version != folder.name:
        raise corrupt(bundle.MANIFEST, f"is of model version {manifest.model_version}, its folder is {folder.name}")
    return manifest


def read_snippet(model: ServedModel, name: str) -> bytes:
    """The audio of a snippet, verified again: the file was read long after the rest, if ever."""
    path = f"{bundle.SNIPPETS}/{name}"
    content = _read(model.folder, path, bundle.SNIPPET_BYTES_LIMIT)
    if hashlib.sha256(content).hexdigest() != model.manifest.files[path].sha256:
        raise corrupt(path, "does not match its checksum")
    return content


def mapped_array(path: Path, name: str) -> NDArray[np.float32]:
    """An array of a file of arrays, read from the file where and when it is used. The file must stay as it is meanwhile."""
    with path.open("rb") as file:
        header_bytes = int.from_bytes(file.read(8), "little")
        stored = json.loads(file.read(header_bytes))[name]
    start, _ = stored["data_offsets"]
    mapped = np.memmap(path, "<f4", "r", offset=8 + header_bytes + start, shape=tuple(stored["shape"]))
    return mapped.view(np.ndarray)  # the subclass makes every small operation on it slower


def write_arrays(arrays: Mapping[str, NDArray[np.float32]], path: Path) -> None:
    """Write the arrays of a model to a file. OSError when it cannot be written."""
    try:
        save_file({name: np.ascontiguousarray(values) for name, values in arrays.items()}, path)
    except SafetensorError as error:
        raise OSError(errno.EIO, str(error), str(path)) from error
    path.chmod(0o644)  # the library's own mode would keep out a service that runs as another user


def file_entry(folder: Path, path: str) -> FileEntry:
    """Checksum and size of a file of the folder, as it is now."""
    with _opened(folder, path) as file:
        return FileEntry(hashlib.file_digest(file, "sha256").hexdigest(), os.fstat(file.fileno()).st_size)


def _kind(manifest: Manifest) -> ModelKind:
    kind = KINDS.get(manifest.kind)
    if kind is None:
        raise ServiceError(
            Reason.BUNDLE_SCHEMA_UNKNOWN,
            f"the bundle holds a model of kind {manifest.kind!r}, this release serves {', '.join(KINDS)}",
            kind=manifest.kind,
        )
    return kind


def _index(folder: Path, manifest: Manifest, scoring: Scoring, exact: ExactIndex, wanted: str) -> Index:
    """What searches go to: as `wanted`, or by size and by the recall that was measured when the index was built."""
    if wanted == "exact" or (wanted == "auto" and len(scoring) < EXACT_BELOW_TRACKS):
        return exact
    if bundle.INDEX_RECORD not in manifest.files:  # of an earlier release, whose index holds rows of another form
        return build_index(scoring, IndexSettings("flat"))
    with _blamed(bundle.INDEX_RECORD):
        raw = _read(folder, bundle.INDEX_RECORD, RECORD_BYTES_LIMIT)
    try:
        found, record = read_index(folder, raw, scoring)
    except IndexFileError as error:
        raise corrupt(error.file, error.problem) from error
    if wanted == "auto" and least_recall(record) < RECALL_FLOOR:
        return exact
    return found


def _read_arrays(
    path: Path, kind: ModelKind, manifest: Manifest, prototypes: Sequence[Prototype]
) -> dict[str, NDArray[np.float32]]:
    """Checked arrays by name, without the embeddings: those are checked in passing and left in the file."""
    stated = stated_lengths(prototypes, tracks=manifest.track_count, dimension=manifest.dimension)
    arrays = {}
    with safe_open(path, framework="numpy") as file:
        stored = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        expected = kind.axes(prototypes)
        check_shapes(expected, stated, {name: (tuple(part.get_shape()), str(part.get_dtype())) for name, part in stored.items()})
        mapped = path.stat().st_size >= MAPPED_FROM_BYTES
        for name, axes in expected.items():
            if axes[0] == "tracks":
                for start in range(0, manifest.track_count, _ROWS_AT_ONCE):
                    check_values(name, stored[name][start : min(start + _ROWS_AT_ONCE, manifest.track_count)])
                if name != "embeddings":
                    arrays[name] = mapped_array(path, name) if mapped else file.get_tensor(name)
            else:
                arrays[name] = file.get_tensor(name)
                check_values(name, arrays[name])
    return arrays


def _check_listing(folder: Path, manifest: Manifest) -> None:
    """Refuse whatever lies in the folder beside the listed files: nobody vouches for it."""
    for parent in (folder, folder / bundle.SNIPPETS):
        if not parent.is_dir():
            continue
        for entry in parent.iterdir():
            path = entry.relative_to(folder).as_posix()
            if path == bundle.SNIPPETS and entry.is_dir() and not entry.is_symlink():
                continue
            if path != bundle.MANIFEST and path not in manifest.files:
                raise corrupt(path, "is not listed in the manifest")


def _verify(folder: Path, path: str, entry: FileEntry) -> None:
    actual = file_entry(folder, path)
    if actual.size_bytes != entry.size_bytes:
        raise corrupt(path, f"has {actual.size_bytes} bytes, the manifest says {entry.size_bytes}")
    if actual.sha256 != entry.sha256:
        raise corrupt(path, "does not match its checksum")


def _read(folder: Path, path: str, limit_bytes: int) -> bytes:
    with _opened(folder, path) as file:
        if (size_bytes := os.fstat(file.fileno()).st_size) > limit_bytes:
            raise corrupt(path, f"has {size_bytes} bytes, {limit_bytes} are allowed")
        return file.read()


@contextmanager
def _opened(folder: Path, path: str) -> Iterator[BufferedReader]:
    """The file opened for reading; BUNDLE_CORRUPT unless it is a regular file and reached through no symbolic link."""
    whole = folder / path
    try:
        if whole.parent.is_symlink():
            raise corrupt(path, "lies behind a symbolic link")
        # Without O_NONBLOCK, opening a named pipe would wait for a writer.
        descriptor = os.open(whole, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise corrupt(path, "is missing" if isinstance(error, FileNotFoundError) else "cannot be opened as a file") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise corrupt(path, "is not a regular file")
    with os.fdopen(descriptor, "rb") as file:
        yield file


@contextmanager
def _blamed(path: str) -> Iterator[None]:
    """Turn what a reader finds wrong with a file into BUNDLE_CORRUPT that names it."""
    try:
        yield
    except (OSError, SafetensorError, ValueError) as error:
        raise corrupt(path, str(error)) from error


def _check_count(name: str, actual: int, stated: int) -> None:
    if actual != stated:
        raise ValueError(f"holds {actual} {name}, the manifest says {stated}")
