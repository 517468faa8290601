"""JobQueue on Redis streams, one for each priority: what workers do with jobs. See `redis_job_scripts` for the keys."""

import contextlib
import time
import uuid
from typing import Any

from redis.exceptions import ResponseError

from leitmotif_services.evaluation.jobs import redis_job_scripts as scripts
from leitmotif_services.evaluation.jobs.job import JobFailure, JobProgress, JobState
from leitmotif_services.evaluation.jobs.job_store import Lease, Outcome, Signal
from leitmotif_services.evaluation.jobs.json_values import to_json
from leitmotif_services.evaluation.jobs.redis_connection import store_errors
from leitmotif_services.evaluation.jobs.redis_job_record import FIRST_SCHEMA, decode_job
from leitmotif_services.evaluation.jobs.redis_job_store import key_space
from leitmotif_services.runtime.errors import Reason, ServiceError

_FORGOTTEN_CONSUMER_MS = 3600_000
LONG_WAIT_S = 600.0
"""A job that has waited for so long goes before more urgent ones: nothing waits for ever."""


class RedisJobQueue:
    """One worker's end of the queue. Owns `client` and closes it."""

    def __init__(
        self, client: Any, *, key_prefix: str, lease_s: float, max_attempts: int, long_wait_s: float = LONG_WAIT_S
    ) -> None:
        self._client = client
        self._space = key_space(key_prefix)
        self._queues = tuple(self._space + name for name in scripts.QUEUES)
        self._lease_ms = round(lease_s * 1000)
        self._long_wait_ms = round(long_wait_s * 1000)
        self._max_attempts = max_attempts
        self._consumer = f"worker-{uuid.uuid4().hex}"
        self._tidied = False
        self._cursors: dict[str, Any] = dict.fromkeys(self._queues, "0-0")
        self._take = client.register_script(scripts.TAKE)
        self._begin = client.register_script(scripts.BEGIN)
        self._report = client.register_script(scripts.REPORT)
        self._finish = client.register_script(scripts.FINISH)
        self._hand_back = client.register_script(scripts.HAND_BACK)

    async def take(self, *, wait_s: float) -> Lease | None:
        """As the port says. May return None early."""
        with store_errors():
            await self._forget_consumers()
            found = await self._left_behind() or await self._next(wait_s)
        return None if found is None else await self._begin_entry(*found)

    async def report(self, lease: Lease, progress: JobProgress | None) -> Signal:
        """As the port says."""
        told = "" if progress is None else to_json(progress)
        answer = await self._run(self._report, lease, lease.owner, self._consumer, told)
        return Signal[answer.decode()]

    async def finish(self, lease: Lease, outcome: Outcome, progress: JobProgress | None = None) -> bool:
        """As the port says."""
        fields = [] if progress is None else ["progress", to_json(progress)]
        if outcome is None:
            state = JobState.CANCELLED
        elif isinstance(outcome, JobFailure):
            state = JobState.FAILED
            fields += ["failure", to_json(outcome)]
        else:
            state = JobState.SUCCEEDED
            fields += ["result", to_json(outcome)]
        return bool(await self._run(self._finish, lease, lease.owner, state.value, _now_ms(), *fields))

    async def hand_back(self, lease: Lease) -> bool:
        """As the port says."""
        return bool(await self._run(self._hand_back, lease, lease.owner, _now_ms()))

    async def close(self) -> None:
        """As the port says."""
        await self._client.aclose()

    async def _forget_consumers(self) -> None:
        """Once: drop the names of workers that are long gone."""
        if self._tidied:
            return
        for queue in self._queues:
            with contextlib.suppress(ResponseError):  # no worker has been here yet
                for consumer in await self._client.xinfo_consumers(queue, scripts.GROUP):
                    if consumer["pending"] == 0 and consumer["idle"] > _FORGOTTEN_CONSUMER_MS:
                        await self._client.xgroup_delconsumer(queue, scripts.GROUP, consumer["name"])
        self._tidied = True

    async def _left_behind(self) -> tuple[str, str, str] | None:
        """Queue, entry and job id of a job whose worker fell silent."""
        for queue in self._queues:
            try:
                answer = await self._client.xautoclaim(
                    queue, scripts.GROUP, self._consumer, min_idle_time=self._lease_ms, start_id=self._cursors[queue], count=1
                )
            except ResponseError as error:
                if not str(error).startswith("NOGROUP"):
                    raise
                continue  # nothing was ever taken, or the store was emptied under us; TAKE makes the group
            self._cursors[queue] = answer[0]
            for entry_id, fields in answer[1]:
                if fields:
                    return queue, entry_id.decode(), fields[b"job"].decode()
        return None

    async def _next(self, wait_s: float) -> tuple[str, str, str] | None:
        """Queue, entry and job id of a job that waits."""
        for wait_ms in (max(1, round(wait_s * 1000)), None):
            answer = await self._take(keys=[], args=[self._space, self._consumer, self._long_wait_ms])
            what, *rest = (part.decode() for part in answer)
            if what == "ENTRY":
                queue, entry_id, job_id = rest
                return queue, entry_id, job_id
            if wait_ms is not None:  # until something comes behind what was there, in whichever queue
                await self._client.xread(dict(zip(self._queues, rest, strict=True)), count=1, block=wait_ms)
        return None

    async def _begin_entry(self, queue: str, entry_id: str, job_id: str) -> Lease | None:
        owner = uuid.uuid4().hex
        failure = JobFailure(
            Reason.INTERNAL,
            f"{self._max_attempts} workers ended while they were at this job; it may need more memory than there is",
            {"attempts": str(self._max_attempts)},
        )
        with store_errors():
            begun = await self._begin(
                keys=[queue],
                args=[self._space, job_id, entry_id, owner, _now_ms(), self._max_attempts, to_json(failure)],
            )
            if begun != b"BEGUN":
                return None
            record = await self._client.hgetall(f"{self._space}job:{job_id}")
            texts = await self._client.hgetall(f"{self._space}texts:{job_id}")
            if record.get(b"schema") == FIRST_SCHEMA.encode():
                text = await self._client.get(f"{self._space}text:{job_id}")
                texts = {} if text is None else {b"text": text}
        try:
            job = decode_job(job_id, record)
        except ServiceError as error:
            await self._fail_unreadable(queue, job_id, owner, error)
            return None
        return Lease(job, entry_id, owner, {name.decode(): text.decode() for name, text in texts.items()})

    async def _fail_unreadable(self, queue: str, job_id: str, owner: str, error: ServiceError) -> None:
        failure = to_json(JobFailure(error.reason, error.message, error.metadata))
        with store_errors(), contextlib.suppress(ResponseError):
            await self._finish(
                keys=[queue], args=[self._space, job_id, owner, JobState.FAILED.value, _now_ms(), "failure", failure]
            )

    async def _run(self, script: Any, lease: Lease, *arguments: object) -> Any:
        with store_errors():
            return await script(keys=[], args=[self._space, lease.job.job_id, *arguments])


def _now_ms() -> int:
    return round(time.time() * 1000)
