"""Writes the FAISS index of a bundle and reads it again: one file for each part of each shard, and `index.json`."""

import errno
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from leitmotif_services.prototypes.search.column_extremes import ColumnExtremes
from leitmotif_services.prototypes.search.faiss_index import CodedRows, FaissIndex, FlatRows
from leitmotif_services.prototypes.search.faiss_index_building import IndexSettings, build_part
from leitmotif_services.prototypes.search.index import Index
from leitmotif_services.prototypes.search.index_record import (
    MOST_SHARDS,
    IndexRecord,
    PartRecord,
    ShardRecord,
    parse_record,
    render_record,
)
from leitmotif_services.prototypes.search.scoring import Part, Scoring
from leitmotif_services.prototypes.search.sharded_index import Shard, ShardedIndex, shard_bounds

RECORD_FILE = "index.json"

_ROWS_AT_ONCE = 65_536


def index_file(shard: int, part: int) -> str:
    """Name of the file for the part of that number, of `Scoring.parts`, of a shard."""
    return f"index{f'-{shard}' if shard else ''}{'-whole' if part else ''}.faiss"


class IndexFileError(ValueError):
    """What is wrong with a file of an index."""

    def __init__(self, file: str, problem: str) -> None:
        super().__init__(f"{file}: {problem}")
        self.file = file
        self.problem = problem


def write_index(scoring: Scoring, folder: Path, settings: IndexSettings | None = None) -> IndexRecord:
    """Build the index of a scoring and write its files into a folder. OSError when one cannot be written."""
    chosen = settings or IndexSettings()
    record = []
    for shard, (start, stop) in enumerate(_bounds(scoring, chosen)):
        some, parts = scoring.between(start, stop), {}
        for number, part in enumerate(scoring.parts):
            built = build_part(some, part, chosen, file=index_file(shard, number))
            try:
                faiss.write_index(built.rows.index, str(folder / built.record.file))
            except RuntimeError as error:
                raise OSError(errno.EIO, "FAISS cannot write the file", str(folder / built.record.file)) from error
            parts[part] = built.record
        record.append(ShardRecord(stop, parts))
    (folder / RECORD_FILE).write_bytes(render_record(record))
    return record


def build_index(scoring: Scoring, settings: IndexSettings | None = None) -> Index:
    """The index of a scoring, in memory alone."""
    chosen = settings or IndexSettings()
    shards = []
    for start, stop in _bounds(scoring, chosen):
        some = scoring.between(start, stop)
        rows = {part: build_part(some, part, chosen, file="").rows for part in scoring.parts}
        shards.append(Shard(FaissIndex(some, rows), start, stop))
    return _joined(scoring, shards)


def read_index(folder: Path, raw_record: bytes, scoring: Scoring) -> tuple[Index, IndexRecord]:
    """The index of a folder, given the bytes of its record. IndexFileError says what is wrong with which file."""
    try:
        record = parse_record(raw_record)
    except ValueError as error:
        raise IndexFileError(RECORD_FILE, str(error)) from error
    shards, start = [], 0
    for number, shard in enumerate(record):
        if not start < shard.stop <= len(scoring):
            raise IndexFileError(RECORD_FILE, f"a shard stops at {shard.stop}, of {len(scoring)} tracks")
        some = scoring.between(start, shard.stop)
        shards.append(Shard(FaissIndex(some, _read_parts(folder, number, shard.parts, some)), start, shard.stop))
        start = shard.stop
    if start != len(scoring):
        raise IndexFileError(RECORD_FILE, f"its shards hold {start} tracks, there are {len(scoring)}")
    return _joined(scoring, shards), record


def _bounds(scoring: Scoring, settings: IndexSettings) -> list[tuple[int, int]]:
    if not 1 <= settings.shards <= MOST_SHARDS:
        raise ValueError(f"{settings.shards} shards, 1 to {MOST_SHARDS} are allowed")
    return shard_bounds(len(scoring), settings.shards)


def _joined(scoring: Scoring, shards: list[Shard]) -> Index:
    if len(shards) == 1:
        return shards[0].index
    return ShardedIndex(scoring, shards, threads=min(len(shards), os.cpu_count() or 1))


def _read_parts(folder: Path, shard: int, parts: Mapping[Part, PartRecord], scoring: Scoring) -> dict[Part, FlatRows | CodedRows]:
    if set(parts) != set(scoring.parts):
        raise IndexFileError(RECORD_FILE, f"describes {sorted(parts)}, the model needs {sorted(scoring.parts)}")
    rows = {}
    for number, part in enumerate(scoring.parts):
        file = index_file(shard, number)
        if parts[part].file != file:
            raise IndexFileError(RECORD_FILE, f"names {parts[part].file!r:.80}")
        try:
            rows[part] = read_part(folder / file, part, parts[part], scoring)
        except ValueError as error:
            raise IndexFileError(file, str(error)) from error
    return rows


def read_part(path: Path, part: Part, record: PartRecord, scoring: Scoring) -> FlatRows | CodedRows:
    """The index of a part from its file; ValueError when FAISS cannot read it, or when it is none of the scoring's rows.

    Flat rows have to be those of the scoring, bit by bit. Coded rows have to be of its tracks, each of them once.
    """
    try:
        index: Any = faiss.read_index(str(path))
    except RuntimeError as error:
        raise ValueError("FAISS cannot read it") from error
    wanted: Any = {
        "flat": faiss.IndexFlatIP,
        "float32": faiss.IndexIVFFlat,
        "float16": faiss.IndexIVFScalarQuantizer,
        "int8": faiss.IndexIVFScalarQuantizer,
        "int4": faiss.IndexIVFPQFastScan,
    }[record.storage]
    if type(index) is not wanted:
        raise ValueError(f"must be an {wanted.__name__}, is {type(index).__name__}")
    columns = scoring.part_rows(part, np.arange(1)).shape[1]
    narrowest = columns if record.storage in ("flat", "float32", "int4") else -(-columns // 16) * 16
    if (index.ntotal, index.d) != (len(scoring), narrowest) or index.metric_type != faiss.METRIC_INNER_PRODUCT:
        raise ValueError(f"must hold {len(scoring)} rows of {narrowest}, holds {index.ntotal} of {index.d}")
    if record.storage == "flat":
        _check_rows(index, part, scoring)
        return FlatRows(index)
    if not 1 <= record.probes <= index.nlist:
        raise ValueError(f"has {index.nlist} lists, {record.probes} are to be looked into")
    _check_tracks(index, len(scoring))
    return CodedRows(index, record.probes, record.candidates, ColumnExtremes.of(scoring, part))


def _check_rows(index: Any, part: Part, scoring: Scoring) -> None:
    stored = faiss.rev_swig_ptr(index.get_xb(), index.ntotal * index.d).reshape(index.ntotal, index.d)
    for start in range(0, len(scoring), _ROWS_AT_ONCE):
        chosen = np.arange(start, min(start + _ROWS_AT_ONCE, len(scoring)))
        if not np.array_equal(stored[start : start + _ROWS_AT_ONCE], scoring.part_rows(part, chosen)):
            raise ValueError("its vectors are not those of the arrays")


def _check_tracks(index: Any, tracks: int) -> None:
    seen = np.zeros(tracks, np.bool_)
    for number in range(index.nlist):
        length = index.invlists.list_size(number)
        if not length:
            continue
        held = faiss.rev_swig_ptr(index.invlists.get_ids(number), length)
        if held.min() < 0 or held.max() >= tracks:
            raise ValueError(f"a list holds a track that is none of {tracks}")
        seen[held] = True
    if not seen.all():
        raise ValueError("its lists do not hold every track")
