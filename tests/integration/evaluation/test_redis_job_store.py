"""What is particular to the adapter: keys, retention, damaged records, an emptied or absent Redis."""

import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from leitmotif_services.embedded.redis_server import EmbeddedRedis
from leitmotif_services.evaluation.jobs.job import DEFAULT_TENANT, Job, JobProgress, JobState, Priority
from leitmotif_services.evaluation.jobs.job_specs import PerplexitySpec, TextSource
from leitmotif_services.evaluation.jobs.job_store import JobFilter, RequestKey
from leitmotif_services.evaluation.jobs.redis_connection import connect
from leitmotif_services.evaluation.jobs.redis_job_queue import RedisJobQueue
from leitmotif_services.evaluation.jobs.redis_job_store import RedisJobStore
from leitmotif_services.evaluation.scoring.perplexity import PerplexityResult
from leitmotif_services.evaluation.scoring.scoring_settings import BosPolicy, ScoringSettings
from leitmotif_services.runtime.errors import Reason, ServiceError

JOB = Job("job-1", JobState.QUEUED, PerplexitySpec("m", TextSource()), 4, datetime(2026, 1, 2, tzinfo=UTC))
T = DEFAULT_TENANT
TEXTS = {"text": "text"}


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Any]:
    client = connect(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
def prefix() -> str:
    return f"test-{uuid.uuid4().hex}"


def store(client: Any, prefix: str, *, retention_s: float = 3600) -> RedisJobStore:
    return RedisJobStore(client, key_prefix=prefix, retention_s=retention_s, max_queued_jobs=10, max_tenant_jobs=10)


def queue(client: Any, prefix: str) -> RedisJobQueue:
    return RedisJobQueue(client, key_prefix=prefix, lease_s=5, max_attempts=3)


async def test_every_key_lies_below_the_prefix_in_one_slot(client: Any, prefix: str) -> None:
    await store(client, prefix).create(JOB, TEXTS, RequestKey("r {other}", "d"))
    lease = await queue(client, prefix).take(wait_s=1)
    assert lease is not None
    keys = [key.decode() async for key in client.scan_iter(f"{prefix}*")]
    assert len(keys) >= 6
    assert all(key.startswith(f"{prefix}:{{evaluation}}:") for key in keys)
    request_key = next(key for key in keys if ":request:" in key)
    assert 86000 < await client.ttl(request_key) <= 86400


async def test_the_text_goes_with_the_end_and_the_job_with_its_retention(client: Any, prefix: str) -> None:
    kept = store(client, prefix, retention_s=0.05)
    await kept.create(JOB, TEXTS, None)
    worker = queue(client, prefix)
    lease = await worker.take(wait_s=1)
    assert lease is not None
    assert (await kept.page(T, limit=9, older_than="", keep=JobFilter())).jobs  # running jobs are never too old
    await worker.finish(lease, None)
    assert not await client.exists(f"{prefix}:{{evaluation}}:texts:job-1")
    assert await client.xlen(f"{prefix}:{{evaluation}}:queue") == 0

    deadline = time.monotonic() + 5
    while (await kept.page(T, limit=9, older_than="", keep=JobFilter())).jobs and time.monotonic() < deadline:
        pass
    left = {key.decode().removeprefix(f"{prefix}:{{evaluation}}:") async for key in client.scan_iter(f"{prefix}*")}
    assert left == {"queue", "queue:high", "queue:low"}


async def test_a_damaged_record_is_told_and_hides_no_other(client: Any, prefix: str) -> None:
    kept = store(client, prefix)
    for job_id in ("job-1", "job-2"):
        await kept.create(Job(job_id, JobState.QUEUED, JOB.spec, 4, JOB.created_at), TEXTS, None)
    await client.hset(f"{prefix}:{{evaluation}}:job:job-1", "schema", "77")
    with pytest.raises(ServiceError) as refused:
        await kept.get(T, "job-1")
    assert refused.value.reason is Reason.STORED_VALUE_UNREADABLE
    assert [job.job_id for job in (await kept.page(T, limit=9, older_than="", keep=JobFilter())).jobs] == ["job-2"]
    worker = queue(client, prefix)
    assert await worker.take(wait_s=1) is None
    lease = await worker.take(wait_s=1)
    assert lease is not None
    assert lease.job.job_id == "job-2"
    assert await client.hget(f"{prefix}:{{evaluation}}:job:job-1", "state") == b"FAILED"


async def test_a_worker_goes_on_after_the_store_was_emptied(client: Any, prefix: str) -> None:
    worker = queue(client, prefix)
    assert await worker.take(wait_s=0.01) is None
    await client.delete(f"{prefix}:{{evaluation}}:queue")
    await store(client, prefix).create(JOB, TEXTS, None)
    assert await worker.take(wait_s=0.5) is not None


async def test_jobs_survive_a_restart_of_redis_and_its_absence_is_told(tmp_path: Path, prefix: str) -> None:
    server = EmbeddedRedis(tmp_path / "redis", append_fsync="always")
    with server:
        kept, worker = store(connect(server.url), prefix), queue(connect(server.url), prefix)
        await kept.create(JOB, TEXTS, None)
        server.stop()
        for call in (kept.get(T, "job-1"), kept.cancel(T, "job-1"), worker.take(wait_s=0.1)):
            with pytest.raises(ServiceError) as refused:
                await call
            assert refused.value.reason is Reason.STORE_UNAVAILABLE
            assert refused.value.retry_after_s
        server.start()
        assert (await kept.get(T, "job-1")).state is JobState.QUEUED
        lease = await worker.take(wait_s=1)
        assert lease is not None
        assert lease.texts == TEXTS
        await worker.close()
        await kept.close()


# What the release before wrote: schema 1, one queue, one text, no tenants.

OLD_SPEC = '{"model": "m", "text_path": null, "settings": {"context": 8, "stride": 4, "bos": "never", "batch_size": 2}}'
OLD_RESULT = (
    '{"nll_sum": 1.5, "tokens": 3, "words": 2, "bytes": 9, "context": 8, "stride": 4, "bos_prepended": false, '
    '"dtype": "float32", "tokens_per_s": 2.0, "model_sha256": "ab"}'
)


async def write_old_job(client: Any, prefix: str, job_id: str, state: str, **fields: str) -> str:
    space = f"{prefix}:{{evaluation}}:"
    entry = (await client.xadd(space + "queue", {"job": job_id})).decode() if state == "QUEUED" else ""
    record = {"schema": "1", "state": state, "spec": OLD_SPEC, "text_bytes": "9", "created_at": "1767323045678", "entry": entry}
    await client.hset(f"{space}job:{job_id}", mapping=record | fields)
    await client.zadd(space + "jobs", {job_id: 0})
    await client.zadd(space + f"jobs:{state}", {job_id: 0})
    return space


async def test_a_job_that_the_release_before_queued_is_taken_and_ends(client: Any, prefix: str) -> None:
    space = await write_old_job(client, prefix, "job-1", "QUEUED")
    await client.set(space + "text:job-1", "old text")
    kept, worker = store(client, prefix), queue(client, prefix)
    lease = await worker.take(wait_s=1)
    assert lease is not None
    assert lease.texts == {"text": "old text"}
    assert lease.job.spec == PerplexitySpec("m", TextSource(), ScoringSettings(8, 4, BosPolicy.NEVER, 2))
    assert (lease.job.tenant, lease.job.priority) == (T, Priority.NORMAL)
    assert await worker.finish(lease, None)
    assert not await client.exists(space + "text:job-1")
    assert [job.state for job in (await kept.page(T, limit=9, older_than="", keep=JobFilter())).jobs] == [JobState.CANCELLED]


async def test_a_result_that_the_release_before_wrote_is_read_and_deleted(client: Any, prefix: str) -> None:
    progress = '{"tokens_done": 3, "tokens_total": 3, "tokens_per_s": 2.0, "running_perplexity": 1.6}'
    await write_old_job(client, prefix, "job-1", "SUCCEEDED", result=OLD_RESULT, progress=progress)
    kept = store(client, prefix)
    job = await kept.get(T, "job-1")
    assert isinstance(job.result, PerplexityResult)
    assert (job.result.nll_sum, job.result.documents, job.progress) == (1.5, 1, JobProgress(3, 3, 2.0, 1.6))
    assert await kept.delete(T, "job-1")
    assert not (await kept.page(T, limit=9, older_than="", keep=JobFilter())).jobs


async def test_the_default_tenants_keys_have_no_tenant_in_them(client: Any, prefix: str) -> None:
    await store(client, prefix).create(JOB, TEXTS, None)
    await store(client, prefix).create(replace(JOB, job_id="job-2", tenant="a"), TEXTS, None)
    space = f"{prefix}:{{evaluation}}:"
    found = {
        name: await client.zrange(space + name, 0, -1)
        for name in ("jobs", "jobs:QUEUED", "tenant:a:jobs", "tenant:a:jobs:QUEUED")
    }
    ids = [b"job-1"], [b"job-1"], [b"job-2"], [b"job-2"]
    assert tuple(found.values()) == ids
