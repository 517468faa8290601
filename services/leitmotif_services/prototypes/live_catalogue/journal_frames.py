"""The bytes of a journal's segment: frames, each with a checksum, of the batches that were written together.

    frame:  "LMJF", length of the payload (u32), CRC-32 of the rest (u32), bytes of the segment known to be on disk when it was
            written (u64), payload: batches
    batch:  length of the header (u32), length of the body (u32), header (JSON), body (embeddings, float32)

All numbers are little-endian. Damage at the end is what a crash leaves of a frame that nobody was answered for. Damage before a
whole frame that knows those bytes to have been on disk is another thing: something that was answered for is lost.
"""

import json
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from leitmotif_services.prototypes.bundle_records import track_of_record, track_record
from leitmotif_services.prototypes.live_catalogue.changes import Batch, Change, Delete, Upsert
from leitmotif_services.runtime.errors import Reason, ServiceError

MAGIC = b"LMJF"
_FRAME = struct.Struct("<4sII")
_ON_DISK = struct.Struct("<Q")
_BATCH = struct.Struct("<II")

PAYLOAD_LIMIT = 1 << 30
"""Longest payload of a frame, in bytes: none longer is written, and a length above it is damage."""


class DamagedFrameError(ValueError):
    """A frame that cannot be read, with the offset where it begins."""

    def __init__(self, offset: int, problem: str) -> None:
        super().__init__(problem)
        self.offset = offset


@dataclass(frozen=True)
class Frame:
    """A frame as it stands in a segment."""

    end: int
    """Offset behind it."""
    on_disk: int
    """Bytes of the segment that were known to be on disk when it was written."""
    batches: tuple[Batch, ...]


def encoded_batch(batch: Batch) -> bytes:
    """A batch as it stands in a payload."""
    bodies = []
    records: list[dict[str, Any]] = []
    for change in batch.changes:
        if isinstance(change, Upsert):
            records.append({"track": track_record(change.track), "heard_anew": change.heard_anew})
            bodies.append(change.embedding.astype("<f4"))
        else:
            records.append({"deleted": change.track_id})
    dimension = len(bodies[0]) if bodies else 0
    header = {"revision": batch.revision, "encoder_id": batch.encoder_id, "dimension": dimension, "changes": records}
    raw, body = json.dumps(header, ensure_ascii=False, allow_nan=False).encode(), b"".join(map(bytes, bodies))
    return _BATCH.pack(len(raw), len(body)) + raw + body


def payloads(batches: Sequence[Batch]) -> list[bytes]:
    """The payloads, as few as the limit allows, that hold the batches one after the other.

    LIMIT_EXCEEDED (metadata: limit, actual) for a batch that is longer than a payload may be.
    """
    found: list[list[bytes]] = []
    room = 0
    for encoded in map(encoded_batch, batches):
        if len(encoded) > PAYLOAD_LIMIT:
            raise ServiceError(
                Reason.LIMIT_EXCEEDED,
                f"the changes take {len(encoded)} bytes in the catalogue's journal; at most {PAYLOAD_LIMIT} are written at once",
                limit=PAYLOAD_LIMIT,
                actual=len(encoded),
            )
        if len(encoded) > room:
            found.append([])
            room = PAYLOAD_LIMIT
        found[-1].append(encoded)
        room -= len(encoded)
    return [b"".join(parts) for parts in found]


def frame_of(payload: bytes, on_disk: int) -> bytes:
    """The frame of a payload."""
    checked = _ON_DISK.pack(on_disk) + payload
    return _FRAME.pack(MAGIC, len(payload), zlib.crc32(checked)) + checked


def frames(segment: bytes, start: int) -> Iterator[Frame]:
    """The frames of a segment's bytes from an offset on; DamagedFrameError for the first that is not whole."""
    offset = start
    while offset < len(segment):
        payload, on_disk, end = _frame_at(segment, offset)
        try:
            batches = tuple(_batches(payload))
        except (ArithmeticError, KeyError, TypeError, ValueError, struct.error) as error:
            raise DamagedFrameError(offset, f"holds what no release wrote ({error})") from error
        yield Frame(end, on_disk, batches)
        offset = end


def vouched_behind(segment: bytes, offset: int) -> bool:
    """Whether a whole frame stands behind `offset` that knew the bytes at `offset` to be on disk."""
    place = segment.find(MAGIC, offset + 1)
    while place >= 0:
        try:
            _, on_disk, _ = _frame_at(segment, place)
        except DamagedFrameError:
            pass
        else:
            if on_disk > offset:
                return True
        place = segment.find(MAGIC, place + 1)
    return False


def _frame_at(segment: bytes, offset: int) -> tuple[bytes, int, int]:
    """Payload, bytes on disk, and offset behind the frame."""
    if offset + _FRAME.size > len(segment):
        raise DamagedFrameError(offset, "is cut off")
    magic, length, checksum = _FRAME.unpack_from(segment, offset)
    if magic != MAGIC or length > PAYLOAD_LIMIT:
        raise DamagedFrameError(offset, "does not begin as a frame does")
    start = offset + _FRAME.size
    end = start + _ON_DISK.size + length
    if end > len(segment):
        raise DamagedFrameError(offset, "is cut off")
    checked = segment[start:end]
    if zlib.crc32(checked) != checksum:
        raise DamagedFrameError(offset, "does not match its checksum")
    return checked[_ON_DISK.size :], _ON_DISK.unpack_from(checked)[0], end


def _batches(payload: bytes) -> Iterator[Batch]:
    offset = 0
    while offset < len(payload):
        header_length, body_length = _BATCH.unpack_from(payload, offset)
        start = offset + _BATCH.size
        offset = start + header_length + body_length
        if offset > len(payload):
            raise ValueError("a batch is cut off")
        header = json.loads(payload[start : start + header_length])
        dimension = int(header["dimension"])
        upserts = sum("track" in record for record in header["changes"])
        if body_length != 4 * dimension * upserts:
            raise ValueError("embeddings are cut off")
        embeddings = np.frombuffer(payload, "<f4", dimension * upserts, offset - body_length).astype(np.float32)
        yield Batch(
            int(header["revision"]),
            str(header["encoder_id"]),
            tuple(_changes(header["changes"], embeddings.reshape(upserts, dimension))),
        )


def _changes(records: Sequence[dict[str, Any]], embeddings: "np.ndarray[Any, np.dtype[np.float32]]") -> Iterator[Change]:
    rows = iter(embeddings)
    for record in records:
        if "track" in record:
            yield Upsert(track_of_record(record["track"]), next(rows), bool(record["heard_anew"]))
        else:
            yield Delete(str(record["deleted"]))
