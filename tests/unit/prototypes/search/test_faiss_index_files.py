"""Indexes are read as they were written, and refused when they are not those of the tracks."""

import json
from pathlib import Path

import faiss
import numpy as np
import pytest

from leitmotif_services.prototypes.search.exact_index import ExactIndex
from leitmotif_services.prototypes.search.faiss_index_building import IndexSettings
from leitmotif_services.prototypes.search.faiss_index_files import (
    RECORD_FILE,
    IndexFileError,
    index_file,
    read_index,
    write_index,
)
from leitmotif_services.prototypes.search.linear_scoring import LinearScoring
from leitmotif_services.workshop.bench_retrieval_catalogue import sample_catalogue, sample_profiles

TRACKS = 3000
CATALOGUE = sample_catalogue(TRACKS, 24, seed=2)


@pytest.fixture
def scoring() -> LinearScoring:
    return CATALOGUE.scoring()


@pytest.mark.parametrize("storage", ["auto", "flat", "float32", "float16", "int8", "int4"])
def test_what_is_read_finds_what_was_built(tmp_path: Path, scoring: LinearScoring, storage: str) -> None:
    record = write_index(scoring, tmp_path, IndexSettings(storage))
    index, read = read_index(tmp_path, (tmp_path / RECORD_FILE).read_bytes(), scoring)
    assert list(read) == list(record)
    assert all(part.storage == ("flat" if storage == "auto" else storage) for shard in read for part in shard.parts.values())
    for edited in (False, True):
        for profile in sample_profiles(CATALOGUE, 5, edited=edited, seed=1):
            query = scoring.query(profile)
            true = ExactIndex(scoring).search(query, 10, None)
            assert len(np.intersect1d(true, index.search(query, 10, None))) >= 9


def test_too_few_tracks_are_kept_as_they_are(tmp_path: Path) -> None:
    few = sample_catalogue(100, 8, seed=1).scoring()
    assert {part.storage for shard in write_index(few, tmp_path, IndexSettings("int4")) for part in shard.parts.values()} == {
        "flat"
    }


def test_a_storage_that_there_is_not(tmp_path: Path, scoring: LinearScoring) -> None:
    with pytest.raises(ValueError, match="none of auto, flat"):
        write_index(scoring, tmp_path, IndexSettings("int2"))


def other(tmp_path: Path, storage: str, tracks: int, prototypes: int) -> Path:
    folder = tmp_path / "other"
    folder.mkdir()
    write_index(sample_catalogue(tracks, prototypes, seed=3).scoring(), folder, IndexSettings(storage))
    return folder


@pytest.mark.parametrize("storage", ["flat", "int4", "float16"])
@pytest.mark.parametrize(("tracks", "prototypes"), [(TRACKS - 1, 24), (TRACKS, 40)])
def test_an_index_of_another_catalogue(
    tmp_path: Path, scoring: LinearScoring, storage: str, tracks: int, prototypes: int
) -> None:
    write_index(scoring, tmp_path, IndexSettings(storage))
    (other(tmp_path, storage, tracks, prototypes) / index_file(0, 1)).replace(tmp_path / index_file(0, 1))
    with pytest.raises(IndexFileError, match=r"must hold|needs") as refused:
        read_index(tmp_path, (tmp_path / RECORD_FILE).read_bytes(), scoring)
    assert refused.value.file == index_file(0, 1)


def test_flat_rows_of_another_catalogue(tmp_path: Path, scoring: LinearScoring) -> None:
    write_index(scoring, tmp_path, IndexSettings("flat"))
    (other(tmp_path, "flat", TRACKS, 24) / index_file(0, 0)).replace(tmp_path / index_file(0, 0))
    with pytest.raises(IndexFileError, match="not those of the arrays"):
        read_index(tmp_path, (tmp_path / RECORD_FILE).read_bytes(), scoring)


def test_another_storage_than_the_record_says(tmp_path: Path, scoring: LinearScoring) -> None:
    write_index(scoring, tmp_path, IndexSettings("float16"))
    (other(tmp_path, "flat", TRACKS, 24) / index_file(0, 0)).replace(tmp_path / index_file(0, 0))
    with pytest.raises(IndexFileError, match="must be an IndexIVFScalarQuantizer, is IndexFlatIP"):
        read_index(tmp_path, (tmp_path / RECORD_FILE).read_bytes(), scoring)


@pytest.mark.parametrize("wrong", [-1, TRACKS, 0])
def test_lists_that_do_not_hold_each_track_once(tmp_path: Path, scoring: LinearScoring, wrong: int) -> None:
    write_index(scoring, tmp_path, IndexSettings("float32"))
    index = faiss.read_index(str(tmp_path / index_file(0, 0)))
    place = next(number for number in range(index.nlist) if index.invlists.list_size(number))
    held = faiss.rev_swig_ptr(index.invlists.get_ids(place), index.invlists.list_size(place))
    held[0] = wrong if wrong else held[-1]
    faiss.write_index(index, str(tmp_path / index_file(0, 0)))
    with pytest.raises(IndexFileError, match=r"none of 3000|every track"):
        read_index(tmp_path, (tmp_path / RECORD_FILE).read_bytes(), scoring)


@pytest.mark.parametrize("change", [{"probes": 10**6}, {"file": "../index.faiss"}, {"storage": "int8"}])
def test_a_record_that_is_at_odds_with_the_files(tmp_path: Path, scoring: LinearScoring, change: dict[str, object]) -> None:
    write_index(scoring, tmp_path, IndexSettings("int4"))
    content = json.loads((tmp_path / RECORD_FILE).read_text())
    content["shards"][0]["parts"]["listening"] |= change
    with pytest.raises(IndexFileError):
        read_index(tmp_path, json.dumps(content).encode(), scoring)
