import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest

from leitmotif_services.evaluation.jobs.job_store import JobQueue, JobStore
from leitmotif_services.evaluation.jobs.redis_connection import connect
from leitmotif_services.evaluation.jobs.redis_job_queue import RedisJobQueue
from leitmotif_services.evaluation.jobs.redis_job_store import RedisJobStore

LEASE_S = 0.2
MAX_ATTEMPTS = 2
MAX_QUEUED_JOBS = 8
MAX_TENANT_JOBS = 9
LONG_WAIT_S = 1.0


@dataclass
class Kept:
    """One store, and as many workers' ends of its queue as a test wants. Nothing in it is shared with another test."""

    store: JobStore
    new_queue: Callable[[], JobQueue]
    queues: list[JobQueue] = field(default_factory=list)

    def worker(self) -> JobQueue:
        self.queues.append(self.new_queue())
        return self.queues[-1]


@pytest.fixture
async def redis_jobs(redis_url: str) -> AsyncIterator[Kept]:
    prefix = f"test-{uuid.uuid4().hex}"
    kept = Kept(
        RedisJobStore(
            connect(redis_url),
            key_prefix=prefix,
            retention_s=3600,
            max_queued_jobs=MAX_QUEUED_JOBS,
            max_tenant_jobs=MAX_TENANT_JOBS,
        ),
        lambda: RedisJobQueue(
            connect(redis_url), key_prefix=prefix, lease_s=LEASE_S, max_attempts=MAX_ATTEMPTS, long_wait_s=LONG_WAIT_S
        ),
    )
    yield kept
    for queue in kept.queues:
        await queue.close()
    await kept.store.close()


@pytest.fixture(params=["redis_jobs"])
def jobs(request: pytest.FixtureRequest) -> Kept:
    """Each implementation of the two ports; an implementation is a fixture named in `params`."""
    kept: Kept = request.getfixturevalue(request.param)
    return kept
