"""What the pages of a session have shown already, in a form that is small and outlives catalogue, model and process."""

import functools
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

SESSION_LIMIT = 2000
"""Most tracks of the pages of one session together."""

TRACK_BYTES = 6
"""Of a track's fingerprint. Two of the 2000 tracks of the longest session share one, so that the later would be passed over, in
one session of 140 million."""

ARTIST_BYTES = 5
"""Of an artist's fingerprint."""

_REMEMBERED = 65_536
"""Fingerprints that are kept: the same tracks are recommended again and again."""


@functools.lru_cache(_REMEMBERED)
def track_fingerprint(track_id: str) -> bytes:
    """TRACK_BYTES of a hash of the id."""
    return hashlib.blake2b(track_id.encode(), digest_size=TRACK_BYTES, person=b"leitmotif.track").digest()


@functools.lru_cache(_REMEMBERED)
def artist_fingerprint(artist: str) -> bytes:
    """ARTIST_BYTES of a hash of the name."""
    return hashlib.blake2b(artist.encode(), digest_size=ARTIST_BYTES, person=b"leitmotif.artist").digest()


@dataclass(frozen=True)
class SentTracks:
    """The tracks of the pages before, as fingerprints: ids of 128 characters would take a quarter of a megabyte."""

    tracks: tuple[bytes, ...] = ()
    """In the order in which they were sent."""
    artists: tuple[bytes, ...] = ()
    """Of those tracks that have an artist; kept only where a list is limited by artist."""

    def __len__(self) -> int:
        return len(self.tracks)

    def with_more(self, track_ids: Iterable[str], artists: Iterable[str]) -> "SentTracks":
        """What has been sent after one more page; `artists` are names, not empty."""
        return SentTracks(
            (*self.tracks, *map(track_fingerprint, track_ids)),
            (*self.artists, *map(artist_fingerprint, artists)),
        )


NOTHING_SENT = SentTracks()
"""Before the first page."""
