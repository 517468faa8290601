"""Embeds the items of one call on a bounded pool: each has its own outcome, and no call takes a place it does not use.

The graph runs one item at a time; segments of different calls are not gathered into larger batches. Measured for 10 s of
audio on one core: decoding 4.5 to 16 ms by format, front end 4.4 ms, descriptors 0.6 ms, graph 2.4 ms; its convolutions take as
long for a segment alone as for each of a batch of 8. Sharing graph calls would save nothing, and make every call wait for others.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from leitmotif_services.audio.embedding import EmbeddedTrack
from leitmotif_services.audio.embedding_metrics import CallWork, EmbeddingMetrics, NoMetrics, reason_of
from leitmotif_services.audio.held_content import HeldContent, size_bytes
from leitmotif_services.audio.pcm import AudioSource
from leitmotif_services.runtime.admission import Admission
from leitmotif_services.runtime.errors import Reason, ServiceError, forget_locals


class Embedder(Protocol):
    """What turns one item into embeddings."""

    def embed(self, source: AudioSource) -> EmbeddedTrack: ...


@dataclass(frozen=True)
class BatchOutcome:
    """What became of a call's items."""

    outcomes: tuple[EmbeddedTrack | Exception, ...]
    """In the order of the items."""
    queue_s: float
    """From the call until its first item was taken up, in seconds."""


class BatchEmbedder:
    """Works on a call's items one after another in one thread, and in more threads while workers are idle.

    A worker that falls idle while nobody waits helps the call that has most left, an item at a time.
    """

    def __init__(self, admission: Admission, held: HeldContent) -> None:
        self._admission = admission
        self.held = held
        self.metrics: EmbeddingMetrics = NoMetrics()
        """Told of every call."""
        self.calls = 0
        """That wait or are worked on now."""
        self.items = 0
        """Of those calls."""
        self._begun: dict[_SharedWork, set[asyncio.Task[None]]] = {}
        """Calls that are worked on, each with what works on it."""

    async def embed(self, embedder: Embedder, sources: Sequence[AudioSource], remaining_s: float | None) -> BatchOutcome:
        """Embed at least one item. OVERLOADED when no place is left for the call, or no memory for what it brings.

        DEADLINE_EXCEEDED after `remaining_s`, None for no deadline; then, and after a cancellation, a call that waits leaves
        the queue, and one that is worked on has no further item begun. An item that is refused, or whose embedding fails,
        leaves the others as they are.
        """
        asked = time.monotonic()
        work = _SharedWork(embedder, sources, None if remaining_s is None else asked + remaining_s)
        with self.held.hold(sources, self._admission.retry_after_s):
            self.calls += 1
            self.items += len(sources)
            try:
                async with asyncio.timeout(remaining_s):
                    await self._run(work, len(sources))
            except TimeoutError:
                raise ServiceError(Reason.DEADLINE_EXCEEDED, "the deadline passed before the work was done") from None
            finally:
                self.calls -= 1
                self.items -= len(sources)
        batch = BatchOutcome(tuple(work.outcomes), work.begun - asked)
        self.metrics.worked(work.summary(batch.queue_s))
        return batch

    async def _run(self, work: "_SharedWork", items: int) -> None:
        lanes = max(1, min(items, self._admission.idle))
        running = {asyncio.create_task(self._admission.run(work.run)) for _ in range(lanes)}
        self._begun[work] = running
        refusals: list[BaseException] = []
        try:
            while running:
                done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                running -= done
                refusals += [error for task in done if (error := task.exception()) is not None]
                self._help()
        except asyncio.CancelledError:
            if not work.begun:
                self.metrics.dropped()
            work.abandon()
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            raise
        finally:
            del self._begun[work]
        if len(refusals) == lanes:
            raise refusals[0]

    def _help(self) -> None:
        if not self._begun or not self._admission.idle:
            return
        work = max(self._begun, key=lambda work: work.waiting)
        if work.waiting:
            self._begun[work].add(asyncio.create_task(self._helped(work)))

    async def _helped(self, work: "_SharedWork") -> None:
        # Without a wait between the look and the taking: a helper that queued would take the place of a call.
        while work.waiting and self._admission.idle:
            await self._admission.run(work.run, most=1)


class _SharedWork:
    """The items of one call; several threads may `run` it at once, each item is taken by one of them."""

    def __init__(self, embedder: Embedder, sources: Sequence[AudioSource], deadline: float | None) -> None:
        self._embedder = embedder
        # The largest first: begun last, it would have a worker to itself while the others have nothing left.
        self._waiting = deque(sorted(enumerate(sources), key=lambda item: size_bytes(item[1]), reverse=True))
        self._deadline = deadline
        self.begun = 0.0
        self.outcomes: list[EmbeddedTrack | Exception] = [_not_begun() for _ in sources]
        self._refused_s: list[float] = []

    @property
    def waiting(self) -> int:
        """Items that nobody has taken up."""
        return len(self._waiting)

    def run(self, most: int | None = None) -> None:
        """Work on items, at most `most`, until none is left."""
        self.begun = self.begun or time.monotonic()
        for _ in range(len(self._waiting) if most is None else most):
            try:
                index, source = self._waiting.popleft()
            except IndexError:
                return
            begun = time.monotonic()
            if self._deadline is not None and begun >= self._deadline:
                continue
            try:
                self.outcomes[index] = self._embedder.embed(source)
            except Exception as error:
                forget_locals(error)  # each refused item would keep its decoded audio until the call ends
                self.outcomes[index] = error
                self._refused_s.append(time.monotonic() - begun)
            source = b""  # the traceback keeps this frame as well

    def abandon(self) -> None:
        """Begin no further item: nobody waits for it."""
        self._waiting.clear()

    def summary(self, queue_s: float) -> CallWork:
        """Once every thread has ended."""
        tracks = [outcome for outcome in self.outcomes if isinstance(outcome, EmbeddedTrack)]
        return CallWork(
            items=len(self.outcomes),
            queue_s=queue_s,
            decode_s=[*(track.decode_s for track in tracks), *self._refused_s],
            compute_s=[track.compute_s for track in tracks],
            embedded_s=sum(track.duration_s for track in tracks),
            failures=[reason_of(outcome) for outcome in self.outcomes if isinstance(outcome, Exception)],
        )


def _not_begun() -> ServiceError:
    return ServiceError(Reason.DEADLINE_EXCEEDED, "the deadline passed before the item was taken up")
