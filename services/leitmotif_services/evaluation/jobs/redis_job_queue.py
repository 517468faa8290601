"""JobQueue on a Redis stream with a consumer group: what workers do with jobs. See `redis_job_scripts` for the keys."""

import contextlib
import time
import uuid
from typing import Any

from redis.exceptions import ResponseError

from leitmotif_services.evaluation.jobs import redis_job_scripts as scripts
from leitmotif_services.evaluation.jobs.job import JobFailure, JobState
from leitmotif_services.evaluation.jobs.job_store import Lease, Signal
from leitmotif_services.evaluation.jobs.redis_connection import store_errors
from leitmotif_services.evaluation.jobs.redis_job_record import decode_job, encode
from leitmotif_services.evaluation.jobs.redis_job_store import key_space
from leitmotif_services.evaluation.scoring.document_scoring import Progress
from leitmotif_services.evaluation.scoring.perplexity import PerplexityResult
from leitmotif_services.runtime.errors import Reason, ServiceError

_FORGOTTEN_CONSUMER_MS = 3600_000


class RedisJobQueue:
    """One worker's end of the queue. Owns `client` and closes it."""

    def __init__(self, client: Any, *, key_prefix: str, lease_s: float, max_attempts: int) -> None:
        self._client = client
        self._space = key_space(key_prefix)
        self._queue = self._space + "queue"
        self._lease_ms = round(lease_s * 1000)
        self._max_attempts = max_attempts
        self._consumer = f"worker-{uuid.uuid4().hex}"
        self._group_made = False
        self._cursor: Any = "0-0"
        self._begin = client.register_script(scripts.BEGIN)
        self._report = client.register_script(scripts.REPORT)
        self._finish = client.register_script(scripts.FINISH)
        self._hand_back = client.register_script(scripts.HAND_BACK)

    async def take(self, *, wait_s: float) -> Lease | None:
        """As the port says; what was left behind goes first. May return None early."""
        with store_errors():
            try:
                await self._make_group()
                entry = await self._left_behind() or await self._next(wait_s)
            except ResponseError as error:
                if not str(error).startswith("NOGROUP"):
                    raise
                self._group_made = False  # the store was emptied under us
                return None
        return None if entry is None else await self._begin_entry(*entry)

    async def report(self, lease: Lease, progress: Progress | None) -> Signal:
        """As the port says."""
        answer = await self._run(self._report, lease, lease.owner, self._consumer, "" if progress is None else encode(progress))
        return Signal[answer.decode()]

    async def finish(self, lease: Lease, outcome: PerplexityResult | JobFailure | None) -> bool:
        """As the port says."""
        if outcome is None:
            state, fields = JobState.CANCELLED, tuple[str, ...]()
        elif isinstance(outcome, JobFailure):
            state, fields = JobState.FAILED, ("failure", encode(outcome))
        else:
            done = Progress(outcome.tokens, outcome.tokens, outcome.tokens_per_s, outcome.perplexity)
            state, fields = JobState.SUCCEEDED, ("result", encode(outcome), "progress", encode(done))
        return bool(await self._run(self._finish, lease, lease.owner, state.value, _now_ms(), *fields))

    async def hand_back(self, lease: Lease) -> bool:
        """As the port says."""
        return bool(await self._run(self._hand_back, lease, lease.owner, _now_ms()))

    async def close(self) -> None:
        """As the port says."""
        await self._client.aclose()

    async def _make_group(self) -> None:
        if self._group_made:
            return
        try:
            # From "0": jobs that were queued before there was a worker are delivered too.
            await self._client.xgroup_create(self._queue, scripts.GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise
        for consumer in await self._client.xinfo_consumers(self._queue, scripts.GROUP):
            if consumer["pending"] == 0 and consumer["idle"] > _FORGOTTEN_CONSUMER_MS:
                await self._client.xgroup_delconsumer(self._queue, scripts.GROUP, consumer["name"])
        self._group_made = True

    async def _left_behind(self) -> tuple[bytes, dict[bytes, bytes]] | None:
        answer = await self._client.xautoclaim(
            self._queue, scripts.GROUP, self._consumer, min_idle_time=self._lease_ms, start_id=self._cursor, count=1
        )
        self._cursor = answer[0]
        return next(((entry_id, fields) for entry_id, fields in answer[1] if fields), None)

    async def _next(self, wait_s: float) -> tuple[bytes, dict[bytes, bytes]] | None:
        answer = await self._client.xreadgroup(
            scripts.GROUP, self._consumer, {self._queue: ">"}, count=1, block=max(1, round(wait_s * 1000))
        )
        entries = (answer.values() if isinstance(answer, dict) else (entries for _, entries in answer)) if answer else ()
        for batch in entries:
            for entry_id, fields in batch:
                return entry_id, fields
        return None

    async def _begin_entry(self, entry_id: bytes, fields: dict[bytes, bytes]) -> Lease | None:
        job_id = fields[b"job"].decode()
        owner = uuid.uuid4().hex
        failure = JobFailure(
            Reason.INTERNAL,
            f"{self._max_attempts} workers ended while they were at this job; it may need more memory than there is",
            {"attempts": str(self._max_attempts)},
        )
        with store_errors():
            begun = await self._begin(
                keys=[self._queue],
                args=[self._space, job_id, entry_id, owner, _now_ms(), self._max_attempts, encode(failure)],
            )
            if begun != b"BEGUN":
                return None
            record = await self._client.hgetall(f"{self._space}job:{job_id}")
            text = await self._client.get(f"{self._space}text:{job_id}")
        try:
            job = decode_job(job_id, record)
        except ServiceError as error:
            await self._fail_unreadable(job_id, owner, error)
            return None
        return Lease(job, None if text is None else text.decode(), entry_id.decode(), owner)

    async def _fail_unreadable(self, job_id: str, owner: str, error: ServiceError) -> None:
        failure = encode(JobFailure(error.reason, error.message, error.metadata))
        with store_errors(), contextlib.suppress(ResponseError):
            await self._finish(
                keys=[self._queue], args=[self._space, job_id, owner, JobState.FAILED.value, _now_ms(), "failure", failure]
            )

    async def _run(self, script: Any, lease: Lease, *arguments: object) -> Any:
        with store_errors():
            return await script(keys=[self._queue], args=[self._space, lease.job.job_id, *arguments])


def _now_ms() -> int:
    return round(time.time() * 1000)
