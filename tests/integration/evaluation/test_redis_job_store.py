"""What is particular to the adapter: keys, retention, damaged records, an emptied or absent Redis."""

import time
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from leitmotif_services.embedded.redis_server import EmbeddedRedis
from leitmotif_services.evaluation.jobs.job import Job, JobState, PerplexitySpec
from leitmotif_services.evaluation.jobs.job_store import RequestKey
from leitmotif_services.evaluation.jobs.redis_connection import connect
from leitmotif_services.evaluation.jobs.redis_job_queue import RedisJobQueue
from leitmotif_services.evaluation.jobs.redis_job_store import RedisJobStore
from leitmotif_services.runtime.errors import Reason, ServiceError

JOB = Job("job-1", JobState.QUEUED, PerplexitySpec("m", None), 4, datetime(2026, 1, 2, tzinfo=UTC))


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Any]:
    client = connect(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
def prefix() -> str:
    return f"test-{uuid.uuid4().hex}"


def store(client: Any, prefix: str, *, retention_s: float = 3600) -> RedisJobStore:
    return RedisJobStore(client, key_prefix=prefix, retention_s=retention_s, max_queued_jobs=10)


def queue(client: Any, prefix: str) -> RedisJobQueue:
    return RedisJobQueue(client, key_prefix=prefix, lease_s=5, max_attempts=3)


async def test_every_key_lies_below_the_prefix_in_one_slot(client: Any, prefix: str) -> None:
    await store(client, prefix).create(JOB, "text", RequestKey("r {other}", "d"))
    lease = await queue(client, prefix).take(wait_s=1)
    assert lease is not None
    keys = [key.decode() async for key in client.scan_iter(f"{prefix}*")]
    assert len(keys) >= 6
    assert all(key.startswith(f"{prefix}:{{evaluation}}:") for key in keys)
    request_key = next(key for key in keys if ":request:" in key)
    assert 86000 < await client.ttl(request_key) <= 86400


async def test_the_text_goes_with_the_end_and_the_job_with_its_retention(client: Any, prefix: str) -> None:
    kept = store(client, prefix, retention_s=0.05)
    await kept.create(JOB, "text", None)
    worker = queue(client, prefix)
    lease = await worker.take(wait_s=1)
    assert lease is not None
    assert await kept.page(limit=9, older_than="", state=None)  # running jobs are never too old
    await worker.finish(lease, None)
    assert not await client.exists(f"{prefix}:{{evaluation}}:text:job-1")
    assert await client.xlen(f"{prefix}:{{evaluation}}:queue") == 0

    deadline = time.monotonic() + 5
    while await kept.page(limit=9, older_than="", state=None) and time.monotonic() < deadline:
        pass
    left = {key.decode().removeprefix(f"{prefix}:{{evaluation}}:") async for key in client.scan_iter(f"{prefix}*")}
    assert left == {"queue"}


async def test_a_damaged_record_is_told_and_hides_no_other(client: Any, prefix: str) -> None:
    kept = store(client, prefix)
    for job_id in ("job-1", "job-2"):
        await kept.create(Job(job_id, JobState.QUEUED, JOB.spec, 4, JOB.created_at), "text", None)
    await client.hset(f"{prefix}:{{evaluation}}:job:job-1", "schema", "77")
    with pytest.raises(ServiceError) as refused:
        await kept.get("job-1")
    assert refused.value.reason is Reason.STORED_VALUE_UNREADABLE
    assert [job.job_id for job in await kept.page(limit=9, older_than="", state=None)] == ["job-2"]
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
    await store(client, prefix).create(JOB, "text", None)
    assert await worker.take(wait_s=0.5) is None  # notices, and makes the group anew
    assert await worker.take(wait_s=0.5) is not None


async def test_jobs_survive_a_restart_of_redis_and_its_absence_is_told(tmp_path: Path, prefix: str) -> None:
    server = EmbeddedRedis(tmp_path / "redis", append_fsync="always")
    with server:
        kept, worker = store(connect(server.url), prefix), queue(connect(server.url), prefix)
        await kept.create(JOB, "text", None)
        server.stop()
        for call in (kept.get("job-1"), kept.cancel("job-1"), worker.take(wait_s=0.1)):
            with pytest.raises(ServiceError) as refused:
                await call
            assert refused.value.reason is Reason.STORE_UNAVAILABLE
            assert refused.value.retry_after_s
        server.start()
        assert (await kept.get("job-1")).state is JobState.QUEUED
        lease = await worker.take(wait_s=1)
        assert lease is not None
        assert lease.text == "text"
        await worker.close()
        await kept.close()
