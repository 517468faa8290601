"""What the service tells of its work, for whoever watches it: once a call, never once a sample."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from leitmotif_services.runtime.errors import Reason, ServiceError


@dataclass(frozen=True)
class CallWork:
    """Where the time of a call that was worked on went; all in seconds of wall-clock time but for `embedded_s`."""

    items: int
    queue_s: float
    """Until its first item was taken up."""
    decode_s: Sequence[float]
    """Of each item that was taken up. One that was refused counts whole: it is decoding that refuses."""
    compute_s: Sequence[float]
    """Of each item that was embedded."""
    embedded_s: float
    """Audio that was embedded, in seconds of playing time."""
    failures: Sequence[Reason]
    """Of the items that were not embedded."""


@dataclass(frozen=True)
class TextWork:
    """A call of EmbedTexts; times in seconds of wall-clock time."""

    phrases: int
    """That were embedded."""
    queue_s: float
    tokenize_s: float
    compute_s: float
    failures: Sequence[Reason]
    """Of the phrases that were not embedded."""


class EmbeddingMetrics(Protocol):
    """Told of every call as it ends. Must be quick and must not fail."""

    def worked(self, work: CallWork) -> None:
        """A call of EmbedTracks was answered."""

    def streamed(self, embedded_s: float) -> None:
        """A stream has got so much further, in seconds of playing time."""

    def read(self, work: TextWork) -> None:
        """A call of EmbedTexts was answered."""

    def refused(self, reason: Reason) -> None:
        """A call was refused as a whole."""

    def dropped(self) -> None:
        """A call left the queue without having been begun: its deadline passed, or its caller went."""

    def decoder_restarted(self, cause: str) -> None:
        """A decoding process ended before its time, and another takes its place. From any thread."""


class NoMetrics:
    """Nobody watches."""

    def worked(self, work: CallWork) -> None:
        pass

    def streamed(self, embedded_s: float) -> None:
        pass

    def read(self, work: TextWork) -> None:
        pass

    def refused(self, reason: Reason) -> None:
        pass

    def dropped(self) -> None:
        pass

    def decoder_restarted(self, cause: str) -> None:
        pass


@contextmanager
def refusals_told(metrics: EmbeddingMetrics) -> Iterator[None]:
    """Tell `metrics` of the error that ends the block, if one does."""
    try:
        yield
    except Exception as error:
        metrics.refused(reason_of(error))
        raise


def reason_of(error: Exception) -> Reason:
    """INTERNAL for whatever nobody raised on purpose."""
    return error.reason if isinstance(error, ServiceError) else Reason.INTERNAL
