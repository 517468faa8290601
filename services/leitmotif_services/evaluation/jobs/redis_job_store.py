"""JobStore on Redis: what the API does with jobs. See `redis_job_scripts` for the keys."""

import asyncio
import contextlib
import hashlib
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

from leitmotif_services.evaluation.jobs import redis_job_scripts as scripts
from leitmotif_services.evaluation.jobs.job import DEFAULT_TENANT, Job, JobState
from leitmotif_services.evaluation.jobs.job_store import JobFilter, JobPage, RequestKey
from leitmotif_services.evaluation.jobs.redis_connection import store_errors
from leitmotif_services.evaluation.jobs.redis_job_changes import JobChanges
from leitmotif_services.evaluation.jobs.redis_job_record import decode_job, new_job_fields
from leitmotif_services.runtime.errors import Reason, ServiceError

_REQUEST_TTL_S = 24 * 3600
_REREAD_S = 5.0
"""A watcher reads its job so often at least: a message lost with a half-open connection costs no more than that."""
_READ_TOGETHER = 200
_MOST_READ = 2000
"""A page looks through so many jobs at most."""


def key_space(key_prefix: str) -> str:
    """What every key starts with; the braces make a cluster keep them in one slot."""
    return f"{key_prefix}:{{evaluation}}:"


class RedisJobStore:
    """Owns `client` and closes it."""

    def __init__(self, client: Any, *, key_prefix: str, retention_s: float, max_queued_jobs: int, max_tenant_jobs: int) -> None:
        self._client = client
        self._space = key_space(key_prefix)
        self._retention_s = retention_s
        self._max_queued_jobs = max_queued_jobs
        self._max_tenant_jobs = max_tenant_jobs
        self._changes = JobChanges(client, self._space + "changed:")
        self._create = client.register_script(scripts.CREATE)
        self._cancel = client.register_script(scripts.CANCEL)
        self._delete = client.register_script(scripts.DELETE)
        self._sweep = client.register_script(scripts.SWEEP)

    async def create(self, job: Job, texts: Mapping[str, str], request: RequestKey | None) -> Job:
        """As the port says."""
        request_key, digest = "", ""
        if request is not None:
            # Hashed: a caller's text must not choose the shape of a key.
            named = request.request_id if job.tenant == DEFAULT_TENANT else f"{job.tenant}\0{request.request_id}"
            request_key = self._space + "request:" + hashlib.sha256(named.encode()).hexdigest()
            digest = request.digest
        fields = [part for item in new_job_fields(job).items() for part in item]
        kept = [part for item in texts.items() for part in item]
        await self._remove_expired()
        limits = (self._max_queued_jobs, job.tenant, self._max_tenant_jobs)
        outcome, job_id = await self._run(
            self._create, job.job_id, request_key, digest, _REQUEST_TTL_S, *limits, len(texts), *kept, *fields
        )
        if outcome == b"REUSED":
            raise ServiceError(Reason.REQUEST_ID_REUSED, "request_id was used for another job within the last 24 hours")
        if outcome == b"FULL":
            raise _overloaded(f"{self._max_queued_jobs} jobs are queued already", self._max_queued_jobs)
        if outcome == b"TENANT_FULL":
            raise _overloaded(f"{self._max_tenant_jobs} jobs of this tenant wait or run already", self._max_tenant_jobs)
        return await self.get(job.tenant, job_id.decode())

    async def get(self, tenant: str, job_id: str) -> Job:
        """As the port says."""
        with store_errors():
            record = await self._client.hgetall(f"{self._space}job:{job_id}")
        if not record or record.get(b"tenant", DEFAULT_TENANT.encode()).decode() != tenant:
            raise _not_found(job_id)
        return decode_job(job_id, record)

    async def page(self, tenant: str, *, limit: int, older_than: str, keep: JobFilter) -> JobPage:
        """As the port says. A job that cannot be read is left out, so that one does not hide all the others."""
        await self._remove_expired()
        state = JobState.FAILED if keep.dead_letters and keep.state is None else keep.state
        index = (
            self._space + ("jobs" if tenant == DEFAULT_TENANT else f"tenant:{tenant}:jobs") + (f":{state.value}" if state else "")
        )
        jobs: list[Job] = []
        filtered = keep != JobFilter(state=keep.state)
        together = _READ_TOGETHER if filtered else limit + 1
        for _ in range(0, _MOST_READ, together):
            records = await self._records(index, older_than, together)
            for job_id, record in records:
                if len(jobs) == limit:
                    return JobPage(jobs, older_than)
                older_than = job_id
                with contextlib.suppress(ServiceError):
                    job = decode_job(job_id, record)
                    if keep.keeps(job):
                        jobs.append(job)
            if len(records) < together:
                return JobPage(jobs, "")
        return JobPage(jobs, older_than)

    async def _records(self, index: str, older_than: str, count: int) -> list[tuple[str, dict[bytes, bytes]]]:
        with store_errors():
            ids = await self._client.zrevrangebylex(index, f"({older_than}" if older_than else "+", "-", start=0, num=count)
            async with self._client.pipeline(transaction=False) as pipeline:
                for job_id in ids:
                    pipeline.hgetall(f"{self._space}job:{job_id.decode()}")
                records = await pipeline.execute()
        return [(job_id.decode(), record) for job_id, record in zip(ids, records, strict=True)]

    async def cancel(self, tenant: str, job_id: str) -> Job:
        """As the port says."""
        outcome = (await self._run(self._cancel, job_id, tenant, _now_ms())).decode()
        if outcome == "MISSING":
            raise _not_found(job_id)
        if outcome != "OK":
            raise ServiceError(Reason.JOB_STATE, f"job {job_id!r} has ended already: {outcome}", job_id=job_id, state=outcome)
        return await self.get(tenant, job_id)

    async def delete(self, tenant: str, job_id: str) -> bool:
        """As the port says."""
        outcome = (await self._run(self._delete, job_id, tenant)).decode()
        if outcome not in ("OK", "MISSING"):
            raise ServiceError(
                Reason.JOB_STATE, f"job {job_id!r} has not ended: {outcome}; cancel it first", job_id=job_id, state=outcome
            )
        return bool(outcome == "OK")

    async def watch(self, tenant: str, job_id: str) -> AsyncIterator[Job]:
        """As the port says."""
        seen = None
        async with self._changes.watching(job_id) as changed:
            while True:
                changed.clear()
                job = await self.get(tenant, job_id)
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
        await self._run(self._sweep, "", _now_ms() - round(self._retention_s * 1000))

    async def _run(self, script: Any, job_id: str, *arguments: object) -> Any:
        with store_errors():
            return await script(keys=[self._space + "queue"], args=[self._space, job_id, *arguments])


def _now_ms() -> int:
    return round(time.time() * 1000)


def _not_found(job_id: str) -> ServiceError:
    return ServiceError(Reason.JOB_NOT_FOUND, f"no job {job_id!r}", job_id=job_id)


def _overloaded(message: str, limit: int) -> ServiceError:
    return ServiceError(Reason.OVERLOADED, message, retry_after_s=5.0, limit=limit)
