"""The bytes of audio that calls have brought and that wait or are worked on, within a budget."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from leitmotif_services.audio.pcm import AudioSource, PcmAudio
from leitmotif_services.runtime.errors import Reason, ServiceError


class HeldContent:
    """Counts what is held; the bound on calls alone would let each bring a message of the largest size."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self.held_bytes = 0

    @contextmanager
    def hold(self, sources: Sequence[AudioSource], retry_after_s: float) -> Iterator[None]:
        """Count `sources` inside the block. OVERLOADED when they do not fit now, LIMIT_EXCEEDED when they never will."""
        size = sum(map(size_bytes, sources))
        if size > self._max_bytes:
            raise ServiceError(
                Reason.LIMIT_EXCEEDED,
                f"the call brings {size} bytes of audio; at most {self._max_bytes} are held: send fewer items in a call",
                limit=self._max_bytes,
                actual=size,
            )
        if self.held_bytes + size > self._max_bytes:
            raise ServiceError(
                Reason.OVERLOADED,
                f"other calls hold {self.held_bytes} of {self._max_bytes} bytes; {size} more do not fit",
                retry_after_s=retry_after_s,
                limit=self._max_bytes,
            )
        self.held_bytes += size
        try:
            yield
        finally:
            self.held_bytes -= size


def size_bytes(source: AudioSource) -> int:
    """Of the audio as it was sent."""
    return len(source.samples if isinstance(source, PcmAudio) else source)
