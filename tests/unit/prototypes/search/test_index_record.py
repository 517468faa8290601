"""What `index.json` holds, and what of it is refused."""

import dataclasses
import json

import pytest

from leitmotif_services.prototypes.search.index_record import PartRecord, ShardRecord, least_recall, parse_record, render_record
from leitmotif_services.prototypes.search.scoring import Part

PART = PartRecord("index.faiss", "int4", 64, 1024, 0.9975, 0.97, 48)


def test_it_is_read_as_it_was_written() -> None:
    parts = {Part.LISTENING: PART, Part.WHOLE: dataclasses.replace(PART, file="index-whole.faiss", recall=1.0)}
    record = (ShardRecord(40, parts), ShardRecord(81, {Part.WHOLE: dataclasses.replace(PART, recall=0.5)}))
    assert parse_record(render_record(record)) == record
    assert least_recall(record) == 0.5


@pytest.mark.parametrize(
    "change",
    [
        {"storage": "int3"},
        {"probes": 0},
        {"probes": True},
        {"candidates": 0},
        {"candidates": "9"},
        {"recall": 1.5},
        {"recall": float("nan")},
        {"least_recall": -0.1},
        {"profiles": -1},
        {"file": None},
        {"more": 1},
    ],
)
def test_a_part_that_is_none(change: dict[str, object]) -> None:
    content = json.loads(render_record([ShardRecord(9, {Part.WHOLE: PART})]))
    content["shards"][0]["parts"]["whole"] |= change
    with pytest.raises(ValueError, match=r"needs|is|too small|between|none of"):
        parse_record(json.dumps(content).encode())


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{}",
        b'{"version": 2, "shards": []}',
        b'{"version": 1, "shards": []}',
        b'{"version": 1, "shards": [3]}',
        b"\xff",
    ],
)
def test_a_file_that_is_none(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"record|part|codec|JSON|Expecting|Part"):
        parse_record(raw)
