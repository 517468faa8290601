"""JobStore on Redis: what the API does with jobs. See `redis_job_scripts` for the keys."""

import asyncio
import contextlib
import hashlib
import time
from collections.abc import AsyncIterator
from typing import Any

from leitmotif_services.evaluation.jobs import redis_job_scripts as scripts
from leitmotif_services.evaluation.jobs.job import Job, JobState
from leitmotif_services.evaluation.jobs.job_store import RequestKey
from leitmotif_services.evaluation.jobs.redis_connection import store_errors
from leitmotif_services.evaluation.jobs.redis_job_changes import JobChanges
from leitmotif_services.evaluation.jobs.redis_job_record import decode_job, new_job_fields
from leitmotif_services.runtime.errors import Reason, ServiceError

_REQUEST_TTL_S = 24 * 3600
_REREAD_S = 5.0
"""A watcher reads its job so often at least: a message lost with a half-open connection costs no more than that."""


def key_space(key_prefix: str) -> str:
    """What every key starts with; the braces make a cluster keep them in one slot."""
    return f"{key_prefix}:{{evaluation}}:"


class RedisJobStore:
    """Owns `client` and closes it."""

    def __init__(self, client: Any, *, key_prefix: str, retention_s: float, max_queued_jobs: int) -> None:
        self._client = client
        self._space = key_space(key_prefix)
        self._retention_s = retention_s
        self._max_queued_jobs = max_queued_jobs
        self._changes = JobChanges(client, self._space + "changed:")
        self._create = client.register_script(scripts.CREATE)
        self._cancel = client.register_script(scripts.CANCEL)
        self._sweep = client.register_script(scripts.SWEEP)

    async def create(self, job: Job, text: str | None, request: RequestKey | None) -> Job:
        """As the port says."""
        request_key = ""
        if request is not None:
            # Hashed: a caller's text must not choose the shape of a key.
            request_key = self._space + "request:" + hashlib.sha256(request.request_id.encode()).hexdigest()
        fields = [part for item in new_job_fields(job).items() for part in item]
        await self._remove_expired()
        digest = request.digest if request else ""
        arguments = (request_key, digest, _REQUEST_TTL_S, self._max_queued_jobs, text or "")
        outcome, job_id = await self._run(self._create, job.job_id, *arguments, *fields)
        if outcome == b"REUSED":
            raise ServiceError(Reason.REQUEST_ID_REUSED, "request_id was used for another job within the last 24 hours")
        if outcome == b"FULL":
            limit = self._max_queued_jobs
            raise ServiceError(Reason.OVERLOADED, f"{limit} jobs are queued already", retry_after_s=5.0, limit=limit)
        return await self.get(job_id.decode())

    async def get(self, job_id: str) -> Job:
        """As the port says."""
        with store_errors():
            record = await self._client.hgetall(f"{self._space}job:{job_id}")
        if not record:
            raise _not_found(job_id)
        return decode_job(job_id, record)

    async def page(self, *, limit: int, older_than: str, state: JobState | None) -> list[Job]:
        """As the port says. A job that cannot be read is left out, so that one does not hide all the others."""
        await self._remove_expired()
        index = f"{self._space}jobs" + (f":{state.value}" if state else "")
        with store_errors():
            ids = await self._client.zrevrangebylex(index, f"({older_than}" if older_than else "+", "-", start=0, num=limit)
            async with self._client.pipeline(transaction=False) as pipeline:
                for job_id in ids:
                    pipeline.hgetall(f"{self._space}job:{job_id.decode()}")
                records = await pipeline.execute()
        jobs = []
        for job_id, record in zip(ids, records, strict=True):
            with contextlib.suppress(ServiceError):
                jobs.append(decode_job(job_id.decode(), record))
        return jobs

    async def cancel(self, job_id: str) -> Job:
        """As the port says."""
        outcome = (await self._run(self._cancel, job_id, _now_ms())).decode()
        if outcome == "MISSING":
            raise _not_found(job_id)
        if outcome != "OK":
            raise ServiceError(Reason.JOB_STATE, f"job {job_id!r} has ended already: {outcome}", job_id=job_id, state=outcome)
        return await self.get(job_id)

    async def watch(self, job_id: str) -> AsyncIterator[Job]:
        """As the port says."""
        seen = None
        async with self._changes.watching(job_id) as changed:
            while True:
                changed.clear()
                job = await self.get(job_id)
                if job != seen:
                    yield job
                    seen = job
                if job.state.is_final:
                    return
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), _REREAD_S)

    async def close(self) -> None:
        """As the port says."""
        await self._changes.close()
        await self._client.aclose()

    async def _remove_expired(self) -> None:
        with store_errors():
            await self._sweep(keys=[self._space + "queue"], args=[self._space, _now_ms() - round(self._retention_s * 1000)])

    async def _run(self, script: Any, job_id: str, *arguments: object) -> Any:
        with store_errors():
            return await script(keys=[self._space + "queue"], args=[self._space, job_id, *arguments])


def _now_ms() -> int:
    return round(time.time() * 1000)


def _not_found(job_id: str) -> ServiceError:
    return ServiceError(Reason.JOB_NOT_FOUND, f"no job {job_id!r}", job_id=job_id)
