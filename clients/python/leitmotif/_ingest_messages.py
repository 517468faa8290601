"""The stream of messages that brings a track and its audio. No network."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

from leitmotif._convert.catalogue import track_message_of
from leitmotif.api.gateway.v1 import gateway_pb2 as pb2
from leitmotif.types import AudioItem, PcmItem, Track

MESSAGE_BYTES = 256 << 10
"""Audio in one message."""

ID_LENGTH = 128
"""Longest id of a track."""

Progress = Callable[[int, int], object]
"""Called with the bytes that were sent, and all that are to be."""


def track_named(name: str) -> Track:
    """A track for a file of that name, under the id that `leitmotif ingest` gives it, so that a file replaces itself.

    A name of the form "Artist - Title" tells both.
    """
    stem = "".join("\N{REPLACEMENT CHARACTER}" if "\ud800" <= letter <= "\udfff" else letter for letter in Path(name).stem)
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode("ascii")
    slug = re.sub(r"-*\.-*$|^[^A-Za-z0-9]+|[-_.]+$", "", re.sub(r"[^A-Za-z0-9._]+", "-", plain))
    track_id = slug[:ID_LENGTH].rstrip("-_.") or "track"
    artist, separator, title = stem.partition(" - ")
    return Track(track_id, title.strip(), artist.strip()) if separator else Track(track_id, stem)


def ingest_messages(
    audio: AudioItem | PcmItem, track: Track, prototype_count: int, progress: Progress | None
) -> Iterator[pb2.IngestTrackRequest]:
    """`start`, then the audio in pieces; samples in whole frames."""
    start = pb2.IngestStart(track=track_message_of(track), prototype_count=prototype_count)
    step = MESSAGE_BYTES
    if isinstance(audio, PcmItem):
        content = audio.samples
        start.samples.sample_rate_hz = audio.sample_rate_hz
        start.samples.channels = audio.channels
        frame_bytes = 4 * max(1, audio.channels)
        step = max(1, MESSAGE_BYTES // frame_bytes) * frame_bytes
    else:
        content = audio.content
        start.file_bytes = len(content)
    yield pb2.IngestTrackRequest(start=start)
    for begin in range(0, len(content), step):
        piece = content[begin : begin + step]
        yield pb2.IngestTrackRequest(samples=piece) if isinstance(audio, PcmItem) else pb2.IngestTrackRequest(chunk=piece)
        if progress is not None:
            progress(begin + len(piece), len(content))
