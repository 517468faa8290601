"""Writes the FAISS index of a bundle and reads it again: one file a part, and `index.json` with what was measured of each."""

import errno
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from leitmotif_services.prototypes.search.faiss_index import CodedRows, FaissIndex, FlatRows
from leitmotif_services.prototypes.search.faiss_index_building import IndexSettings, build_part, columns_spread
from leitmotif_services.prototypes.search.index_record import IndexRecord, PartRecord, parse_record, render_record
from leitmotif_services.prototypes.search.scoring import Part, Scoring

FILES: Mapping[int, str] = {0: "index.faiss", 1: "index-whole.faiss"}
"""The file of each of `Scoring.parts`."""

RECORD_FILE = "index.json"

_ROWS_AT_ONCE = 65_536


class IndexFileError(ValueError):
    """What is wrong with a file of an index."""

    def __init__(self, file: str, problem: str) -> None:
        super().__init__(f"{file}: {problem}")
        self.file = file
        self.problem = problem


def write_index(scoring: Scoring, folder: Path, settings: IndexSettings | None = None) -> IndexRecord:
    """Build the index of a scoring and write its files into a folder. OSError when one cannot be written."""
    record: dict[Part, PartRecord] = {}
    for number, part in enumerate(scoring.parts):
        built = build_part(scoring, part, settings or IndexSettings(), file=FILES[number])
        try:
            faiss.write_index(built.rows.index, str(folder / built.record.file))
        except RuntimeError as error:
            raise OSError(errno.EIO, "FAISS cannot write the file", str(folder / built.record.file)) from error
        record[part] = built.record
    (folder / RECORD_FILE).write_bytes(render_record(record))
    return record


def build_index(scoring: Scoring, settings: IndexSettings | None = None) -> FaissIndex:
    """The index of a scoring, in memory alone."""
    chosen = settings or IndexSettings()
    return FaissIndex(scoring, {part: build_part(scoring, part, chosen, file="").rows for part in scoring.parts})


def read_index(folder: Path, raw_record: bytes, scoring: Scoring) -> tuple[FaissIndex, IndexRecord]:
    """The index of a folder, given the bytes of its record. IndexFileError says what is wrong with which file."""
    try:
        record = parse_record(raw_record)
    except ValueError as error:
        raise IndexFileError(RECORD_FILE, str(error)) from error
    if set(record) != set(scoring.parts):
        raise IndexFileError(RECORD_FILE, f"describes {sorted(record)}, the model needs {sorted(scoring.parts)}")
    rows = {}
    for number, part in enumerate(scoring.parts):
        if record[part].file != FILES[number]:
            raise IndexFileError(RECORD_FILE, f"names {record[part].file!r:.80}")
        try:
            rows[part] = read_part(folder / FILES[number], part, record[part], scoring)
        except ValueError as error:
            raise IndexFileError(FILES[number], str(error)) from error
    return FaissIndex(scoring, rows), record


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
    return CodedRows(index, record.probes, record.candidates, columns_spread(scoring, part))


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
