"""A worker: takes jobs one at a time, computes in a thread, and keeps the store informed from the event loop."""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from leitmotif_services.evaluation.jobs.job import Job, JobFailure, JobProgress
from leitmotif_services.evaluation.jobs.job_kinds import JobResult
from leitmotif_services.evaluation.jobs.job_store import JobQueue, Lease, Outcome, Signal
from leitmotif_services.runtime.errors import Reason, ServiceError

log = logging.getLogger(__name__)

RunJob = Callable[[Job, Mapping[str, str], Callable[[JobProgress], None]], JobResult]
"""Computes a job with the texts that came with it."""

_PROGRESS_INTERVAL_S = 0.5
_TAKE_WAIT_S = 1.0
_STORE_RETRY_S = 1.0


class _InterruptedError(Exception):
    """Raised inside a computation to end it between two windows."""


class _Computation:
    """What a computing thread and the event loop tell each other."""

    def __init__(self) -> None:
        self._interrupted = threading.Event()
        self._latest: JobProgress | None = None
        self.last_progress: JobProgress | None = None
        """How far it came."""

    def interrupt(self) -> None:
        """End the computation at its next window."""
        self._interrupted.set()

    def on_progress(self, progress: JobProgress) -> None:
        """Called in the computing thread."""
        if self._interrupted.is_set():
            raise _InterruptedError
        self._latest = self.last_progress = progress

    def take_progress(self) -> JobProgress | None:
        """The latest progress; None when there was none since the last call."""
        latest, self._latest = self._latest, None
        return latest


class Worker:
    """Works on `queue` until told to stop. `run_job` is called in one thread, one job at a time."""

    def __init__(self, queue: JobQueue, run_job: RunJob, *, heartbeat_s: float, grace_s: float) -> None:
        """`grace_s`: a job that runs when the worker is told to stop gets so long to end before it is handed back."""
        self._queue = queue
        self._run_job = run_job
        self._heartbeat_s = heartbeat_s
        self._report_interval_s = min(_PROGRESS_INTERVAL_S, heartbeat_s)
        self._grace_s = grace_s
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="compute")

    async def run(self, stop: asyncio.Event) -> None:
        """Take and compute jobs until `stop` is set; the store being away is waited out."""
        while not stop.is_set():
            try:
                lease = await self._queue.take(wait_s=_TAKE_WAIT_S)
            except ServiceError as error:
                log.warning("no job can be taken: %s", error)
                await _wait(stop, _STORE_RETRY_S)
                continue
            if lease is not None:
                await self._work(lease, stop)

    async def _work(self, lease: Lease, stop: asyncio.Event) -> None:
        log.info("job taken up", extra={"job_id": lease.job.job_id, "attempt": lease.job.attempts})
        computation = _Computation()
        result = asyncio.get_running_loop().run_in_executor(self._executor, self._compute, lease, computation)
        signal = await self._attend(lease, computation, result, stop)
        if not result.done():  # told to stop, and the grace is over
            computation.interrupt()
            await self._persist(lambda: self._queue.hand_back(lease), attempts=5)
            log.info("job handed back", extra={"job_id": lease.job.job_id})
            return
        outcome = await result
        if signal is Signal.LOST:
            log.warning("job lost to another worker", extra={"job_id": lease.job.job_id})
            return
        kept = await self._persist(lambda: self._queue.finish(lease, outcome, computation.last_progress), attempts=60)
        log.info("job ended", extra={"job_id": lease.job.job_id, "kept": kept})

    async def _attend(
        self,
        lease: Lease,
        computation: _Computation,
        result: asyncio.Future[Outcome],
        stop: asyncio.Event,
    ) -> Signal:
        """Report until the computation ends, or until the grace after a stop is over. Returns the last signal of weight."""
        loop = asyncio.get_running_loop()
        last_report_s = loop.time()
        deadline_s: float | None = None
        signal = Signal.GO_ON
        while not result.done():
            await asyncio.wait({result}, timeout=self._report_interval_s)
            if stop.is_set() and deadline_s is None:
                deadline_s = loop.time() + self._grace_s
            if deadline_s is not None and loop.time() >= deadline_s and not result.done():
                break
            progress = computation.take_progress()
            if result.done() or (progress is None and loop.time() - last_report_s < self._heartbeat_s):
                continue
            try:
                answer = await self._queue.report(lease, progress)
            except ServiceError as error:
                log.warning("no report can be made: %s", error)  # the computation goes on; the store may be back in time
                continue
            last_report_s = loop.time()
            if answer is not Signal.GO_ON:
                signal = answer
                computation.interrupt()
        return signal

    def _compute(self, lease: Lease, computation: _Computation) -> Outcome:
        """In the computing thread. None when it was interrupted."""
        try:
            return self._run_job(lease.job, lease.texts, computation.on_progress)
        except _InterruptedError:
            return None
        except ServiceError as error:
            return JobFailure(error.reason, error.message, error.metadata)
        except Exception:
            log.exception("unexpected failure of job %s", lease.job.job_id)
            return JobFailure(Reason.INTERNAL, f"internal error; quote job id {lease.job.job_id} to the operator")

    async def _persist(self, write: Callable[[], Awaitable[bool]], *, attempts: int) -> bool:
        """Write, and try again while the store is away; a job that cannot be written stays leased and is taken up again."""
        for _ in range(attempts):
            try:
                return await write()
            except ServiceError as error:
                log.warning("cannot write to the store: %s", error)
                await asyncio.sleep(_STORE_RETRY_S)
        return False


async def _wait(event: asyncio.Event, timeout_s: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), timeout_s)
    except TimeoutError:
        return
