"""What JobStore and JobQueue promise together, on every implementation."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from leitmotif_services.evaluation.jobs.job import DEFAULT_TENANT, STEPS, Job, JobFailure, JobProgress, JobState, Priority
from leitmotif_services.evaluation.jobs.job_kinds import JobKind, JobSpec
from leitmotif_services.evaluation.jobs.job_specs import PerplexitySpec, TextSource, TokenAnalysisSpec
from leitmotif_services.evaluation.jobs.job_store import JobFilter, JobQueue, Lease, RequestKey, Signal
from leitmotif_services.evaluation.scoring.perplexity import PerplexityResult
from leitmotif_services.evaluation.scoring.scoring_settings import BosPolicy, ScoringSettings
from leitmotif_services.runtime.errors import Reason, ServiceError
from tests.contract.evaluation.conftest import LEASE_S, LONG_WAIT_S, MAX_ATTEMPTS, MAX_QUEUED_JOBS, MAX_TENANT_JOBS, Kept

SPEC = PerplexitySpec("models/m", TextSource("t.txt"), ScoringSettings(64, 16, BosPolicy.NEVER, 4))
RESULT = PerplexityResult(0.1 + 0.2, 20, 5, 40, 64, 16, True, "float32", 123.5, "ab" * 32)
PROGRESS = JobProgress(3, 20, 10.5, 7.25, "scoring", 1, 2)
DONE = JobProgress(20, 20, 10.5, 7.25)
T = DEFAULT_TENANT
ALL = JobFilter()


CREATED_AT = datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)


def new_job(
    number: int = 1,
    spec: JobSpec = SPEC,
    *,
    tenant: str = T,
    priority: Priority = Priority.NORMAL,
    created_at: datetime = CREATED_AT,
) -> Job:
    return Job(f"job-{number:03}", JobState.QUEUED, spec, 40, created_at, tenant=tenant, priority=priority)


async def listed(jobs: Kept, keep: JobFilter, tenant: str = T) -> list[str]:
    page = await jobs.store.page(tenant, limit=9, older_than="", keep=keep)
    assert page.older_than == ""
    return [job.job_id for job in page.jobs]


async def taken(queue: JobQueue) -> Lease:
    """The next job; a lease that lapses is waited for."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if lease := await queue.take(wait_s=0.05):
            return lease
    raise AssertionError("no job came")


async def test_a_new_job_is_read_back_as_it_was(jobs: Kept) -> None:
    created = await jobs.store.create(new_job(), {}, None)
    assert created == new_job() == await jobs.store.get(T, "job-001")


async def test_the_life_of_a_job_that_succeeds(jobs: Kept) -> None:
    await jobs.store.create(new_job(), {}, None)
    worker = jobs.worker()
    lease = await taken(worker)
    assert (lease.job.job_id, lease.job.state, lease.job.attempts, lease.job.spec) == ("job-001", JobState.RUNNING, 1, SPEC)
    assert lease.job.started_at is not None

    assert await worker.report(lease, None) is Signal.GO_ON
    assert await worker.report(lease, PROGRESS) is Signal.GO_ON
    assert (await jobs.store.get(T, "job-001")).progress == PROGRESS

    assert await worker.finish(lease, RESULT, DONE)
    job = await jobs.store.get(T, "job-001")
    assert (job.state, job.result, job.failure) == (JobState.SUCCEEDED, RESULT, None)
    assert job.progress == DONE
    assert job.ended_at is not None
    assert job.ended_at >= (job.started_at or job.ended_at)
    assert await worker.take(wait_s=0.05) is None


async def test_a_failure_keeps_its_reason(jobs: Kept) -> None:
    failure = JobFailure(Reason.CONTEXT_INVALID, "why", {"limit": "8"})
    await jobs.store.create(new_job(), {}, None)
    worker = jobs.worker()
    assert await worker.finish(await taken(worker), failure)
    job = await jobs.store.get(T, "job-001")
    assert (job.state, job.failure, job.result) == (JobState.FAILED, failure, None)


async def test_an_inline_text_reaches_the_worker_as_it_is(jobs: Kept) -> None:
    text = "naïve\r\n♪ 'quoted' \\ {tag}"
    await jobs.store.create(new_job(spec=PerplexitySpec("m", TextSource())), {"text": text}, None)
    assert (await taken(jobs.worker())).texts == {"text": text}


async def test_jobs_are_taken_in_the_order_they_came_each_by_one_worker(jobs: Kept) -> None:
    for number in range(6):
        await jobs.store.create(new_job(number), {}, None)
    workers = [jobs.worker() for _ in range(3)]
    first, second = await taken(workers[0]), await taken(workers[0])
    assert (first.job.job_id, second.job.job_id) == ("job-000", "job-001")
    rest = await asyncio.gather(*(taken(worker) for worker in workers), taken(workers[1]))
    assert sorted(lease.job.job_id for lease in rest) == ["job-002", "job-003", "job-004", "job-005"]


async def test_a_waiting_worker_is_given_a_job_as_it_comes(jobs: Kept) -> None:
    worker = jobs.worker()
    waiting = asyncio.create_task(worker.take(wait_s=4))
    started = time.monotonic()
    await jobs.store.create(new_job(), {}, None)
    assert await waiting is not None
    assert time.monotonic() - started < 3


# Idempotency and bounds


async def test_a_repeated_request_returns_the_first_job(jobs: Kept) -> None:
    key = RequestKey("r-1", "digest")
    first = await jobs.store.create(new_job(1), {}, key)
    again = await jobs.store.create(new_job(2), {}, key)
    assert again == first
    assert len((await jobs.store.page(T, limit=10, older_than="", keep=ALL)).jobs) == 1


async def test_a_request_id_is_not_taken_for_another_request(jobs: Kept) -> None:
    await jobs.store.create(new_job(1), {}, RequestKey("r-1", "digest"))
    with pytest.raises(ServiceError) as refused:
        await jobs.store.create(new_job(2), {}, RequestKey("r-1", "another digest"))
    assert refused.value.reason is Reason.REQUEST_ID_REUSED


async def test_simultaneous_repeats_make_one_job(jobs: Kept) -> None:
    key = RequestKey("r-1", "digest")
    made = await asyncio.gather(*(jobs.store.create(new_job(number), {}, key) for number in range(8)))
    assert len({job.job_id for job in made}) == 1


async def test_more_jobs_than_the_bound_are_refused_until_one_is_taken(jobs: Kept) -> None:
    for number in range(MAX_QUEUED_JOBS):
        await jobs.store.create(new_job(number), {}, None)
    with pytest.raises(ServiceError) as refused:
        await jobs.store.create(new_job(99), {}, None)
    assert refused.value.reason is Reason.OVERLOADED
    await taken(jobs.worker())
    await jobs.store.create(new_job(99), {}, None)


# Cancelling


async def test_a_queued_job_is_cancelled_at_once(jobs: Kept) -> None:
    await jobs.store.create(new_job(), {"text": "text"}, None)
    job = await jobs.store.cancel(T, "job-001")
    assert (job.state, job.ended_at is not None) == (JobState.CANCELLED, True)
    assert await jobs.worker().take(wait_s=0.05) is None


async def test_the_worker_of_a_running_job_is_told(jobs: Kept) -> None:
    await jobs.store.create(new_job(), {}, None)
    worker = jobs.worker()
    lease = await taken(worker)
    assert (await jobs.store.cancel(T, "job-001")).state is JobState.RUNNING
    assert await worker.report(lease, None) is Signal.CANCEL
    assert await worker.finish(lease, None)
    assert (await jobs.store.get(T, "job-001")).state is JobState.CANCELLED


async def test_a_result_that_is_there_before_the_worker_is_told_is_kept(jobs: Kept) -> None:
    await jobs.store.create(new_job(), {}, None)
    worker = jobs.worker()
    lease = await taken(worker)
    await jobs.store.cancel(T, "job-001")
    assert await worker.finish(lease, RESULT)
    assert (await jobs.store.get(T, "job-001")).state is JobState.SUCCEEDED


@pytest.mark.parametrize("outcome", [RESULT, JobFailure(Reason.INTERNAL, "x"), None])
async def test_what_has_ended_cannot_be_cancelled(jobs: Kept, outcome: PerplexityResult | JobFailure | None) -> None:
    await jobs.store.create(new_job(), {}, None)
    worker = jobs.worker()
    await worker.finish(await taken(worker), outcome)
    before = await jobs.store.get(T, "job-001")
    assert not STEPS[before.state]
    with pytest.raises(ServiceError) as refused:
        await jobs.store.cancel(T, "job-001")
    assert refused.value.reason is Reason.JOB_STATE
    assert refused.value.metadata["state"] == before.state
    assert await jobs.store.get(T, "job-001") == before


async def test_a_cancel_and_a_take_at_once_leave_one_outcome(jobs: Kept) -> None:
    worker = jobs.worker()
    for number in range(MAX_QUEUED_JOBS):
        await jobs.store.create(new_job(number), {}, None)
        lease, _ = await asyncio.gather(worker.take(wait_s=0.05), jobs.store.cancel(T, f"job-{number:03}"))
        if lease is not None:
            assert await worker.report(lease, None) is Signal.CANCEL
            assert await worker.finish(lease, None)
        assert (await jobs.store.get(T, f"job-{number:03}")).state is JobState.CANCELLED


# Workers that vanish, stall or stop


async def test_the_job_of_a_silent_worker_is_taken_up_by_another(jobs: Kept) -> None:
    await jobs.store.create(new_job(), {"text": "text"}, None)
    vanished = jobs.worker()
    lost = await taken(vanished)
    await vanished.report(lost, PROGRESS)
    successor = jobs.worker()
    lease = await taken(successor)
    assert (lease.job.job_id, lease.job.attempts, lease.job.progress, lease.texts) == (
        "job-001",
        2,
        JobProgress(),
        {"text": "text"},
    )

    # The first was only stalled: nothing it says counts any more.
    assert await vanished.report(lost, PROGRESS) is Signal.LOST
    assert not await vanished.finish(lost, JobFailure(Reason.INTERNAL, "stale"))
    assert not await vanished.hand_back(lost)
    assert await successor.finish(lease, RESULT)
    job = await jobs.store.get(T, "job-001")
    assert (job.state, job.result, job.attempts) == (JobState.SUCCEEDED, RESULT, 2)


async def test_a_worker_that_reports_keeps_its_job(jobs: Kept) -> None:
    await jobs.store.create(new_job(), {}, None)
    worker, other = jobs.worker(), jobs.worker()
    lease = await taken(worker)
    deadline = time.monotonic() + 3 * LEASE_S
    while time.monotonic() < deadline:
        assert await worker.report(lease, None) is Signal.GO_ON
        assert await other.take(wait_s=LEASE_S / 8) is None


async def test_a_job_that_workers_keep_vanishing_from_fails_with_the_reason(jobs: Kept) -> None:
    await jobs.store.create(new_job(), {"text": "text"}, None)
    for attempt in range(MAX_ATTEMPTS):
        assert (await taken(jobs.worker())).job.attempts == attempt + 1
    last = jobs.worker()
    deadline = time.monotonic() + 10
    while (job := await jobs.store.get(T, "job-001")).state is JobState.RUNNING and time.monotonic() < deadline:
        assert await last.take(wait_s=0.05) is None
    assert job.state is JobState.FAILED
    assert job.failure is not None
    assert f"{MAX_ATTEMPTS} workers ended" in job.failure.message
    assert job.dead_letter
    assert await listed(jobs, JobFilter(dead_letters=True)) == ["job-001"]


async def test_a_job_that_is_handed_back_waits_again_and_is_not_held_against_it(jobs: Kept) -> None:
    await jobs.store.create(new_job(), {"text": "text"}, None)
    for attempt in range(MAX_ATTEMPTS + 2):
        worker = jobs.worker()
        lease = await taken(worker)
        assert (lease.job.attempts, lease.texts) == (attempt + 1, {"text": "text"})
        await worker.report(lease, PROGRESS)
        assert await worker.hand_back(lease)
        job = await jobs.store.get(T, "job-001")
        assert (job.state, job.progress) == (JobState.QUEUED, JobProgress())


async def test_a_job_that_is_handed_back_after_a_cancel_is_cancelled(jobs: Kept) -> None:
    await jobs.store.create(new_job(), {}, None)
    worker = jobs.worker()
    lease = await taken(worker)
    await jobs.store.cancel(T, "job-001")
    assert await worker.hand_back(lease)
    assert (await jobs.store.get(T, "job-001")).state is JobState.CANCELLED


async def test_the_cancelled_job_of_a_vanished_worker_is_not_run_again(jobs: Kept) -> None:
    await jobs.store.create(new_job(), {}, None)
    await taken(jobs.worker())
    await jobs.store.cancel(T, "job-001")
    other = jobs.worker()
    deadline = time.monotonic() + 10
    while (job := await jobs.store.get(T, "job-001")).state is JobState.RUNNING and time.monotonic() < deadline:
        assert await other.take(wait_s=0.05) is None
    assert job.state is JobState.CANCELLED


# Reading


async def test_unknown_jobs(jobs: Kept) -> None:
    async def first_of_watch(job_id: str) -> Job:
        return await anext(aiter(jobs.store.watch(T, job_id)))

    calls: list[Callable[[str], object]] = [partial(jobs.store.get, T), partial(jobs.store.cancel, T), first_of_watch]
    for call in calls:
        with pytest.raises(ServiceError) as refused:
            await call("job-999")  # type: ignore[misc]
        assert refused.value.reason is Reason.JOB_NOT_FOUND
        assert refused.value.metadata == {"job_id": "job-999"}


async def test_pages_run_from_the_newest_to_the_oldest(jobs: Kept) -> None:
    for number in range(5):
        await jobs.store.create(new_job(number), {}, None)
    seen: list[str] = []
    older_than, pages = "", 0
    while older_than or not pages:
        page = await jobs.store.page(T, limit=2, older_than=older_than, keep=ALL)
        seen += [job.job_id for job in page.jobs]
        older_than, pages = page.older_than, pages + 1
    assert pages == 3
    assert seen == ["job-004", "job-003", "job-002", "job-001", "job-000"]


async def test_pages_of_one_state(jobs: Kept) -> None:
    for number in range(4):
        await jobs.store.create(new_job(number), {}, None)
    worker = jobs.worker()
    await worker.finish(await taken(worker), RESULT)
    await taken(worker)
    await jobs.store.cancel(T, "job-003")
    by_state = {state: await listed(jobs, JobFilter(state=state)) for state in JobState}
    assert by_state == {
        JobState.QUEUED: ["job-002"],
        JobState.RUNNING: ["job-001"],
        JobState.SUCCEEDED: ["job-000"],
        JobState.FAILED: [],
        JobState.CANCELLED: ["job-003"],
    }


async def test_a_watch_shows_each_state_and_ends_with_the_last(jobs: Kept) -> None:
    await jobs.store.create(new_job(), {}, None)
    worker = jobs.worker()
    watch = aiter(jobs.store.watch(T, "job-001"))

    async def until(met: Callable[[Job], bool]) -> Job:
        async for job in watch:
            if met(job):
                return job
        raise AssertionError("the watch ended early")

    async with asyncio.timeout(10):
        assert (await anext(watch)).state is JobState.QUEUED
        lease = await taken(worker)
        await until(lambda job: job.state is JobState.RUNNING)
        await worker.report(lease, PROGRESS)
        await until(lambda job: job.progress == PROGRESS)
        await worker.finish(lease, RESULT)
        assert (await until(lambda job: job.state.is_final)).result == RESULT
        with pytest.raises(StopAsyncIteration):
            await anext(watch)


async def test_many_watchers_of_several_jobs(jobs: Kept) -> None:
    for number in range(3):
        await jobs.store.create(new_job(number), {}, None)

    async def last_of(number: int) -> Job:
        return [job async for job in jobs.store.watch(T, f"job-{number:03}")][-1]

    watchers = [asyncio.create_task(last_of(number)) for number in (0, 1, 2, 0, 1, 2)]
    worker = jobs.worker()
    for _ in range(3):
        await worker.finish(await taken(worker), RESULT)
    async with asyncio.timeout(10):
        assert {job.state for job in await asyncio.gather(*watchers)} == {JobState.SUCCEEDED}


async def test_a_watch_of_what_has_ended_is_one_answer(jobs: Kept) -> None:
    await jobs.store.create(new_job(), {}, None)
    await jobs.store.cancel(T, "job-001")
    assert [job.state async for job in jobs.store.watch(T, "job-001")] == [JobState.CANCELLED]


# Priorities


async def test_the_most_urgent_job_is_taken_first_and_of_equals_the_oldest(jobs: Kept) -> None:
    for number, priority in enumerate(
        (Priority.LOW, Priority.NORMAL, Priority.HIGH, Priority.LOW, Priority.NORMAL, Priority.HIGH)
    ):
        await jobs.store.create(new_job(number, priority=priority), {}, None)
    worker = jobs.worker()
    leases = [await taken(worker) for _ in range(6)]
    assert [lease.job.job_id for lease in leases] == ["job-002", "job-005", "job-001", "job-004", "job-000", "job-003"]
    for lease in leases:
        assert await worker.report(lease, None) is Signal.GO_ON
        assert await worker.finish(lease, RESULT)
    assert (await jobs.store.get(T, "job-000")).priority is Priority.LOW


@pytest.mark.parametrize("priority", list(Priority))
async def test_a_waiting_worker_is_woken_by_every_priority(jobs: Kept, priority: Priority) -> None:
    worker = jobs.worker()
    assert await worker.take(wait_s=0.01) is None
    waiting = asyncio.create_task(worker.take(wait_s=4))
    started = time.monotonic()
    await jobs.store.create(new_job(priority=priority), {}, None)
    assert await waiting is not None
    assert time.monotonic() - started < 3


async def test_a_job_that_has_waited_for_long_goes_before_more_urgent_ones(jobs: Kept) -> None:
    await jobs.store.create(new_job(1, priority=Priority.LOW), {}, None)
    await asyncio.sleep(LONG_WAIT_S)
    await jobs.store.create(new_job(2, priority=Priority.HIGH), {}, None)
    worker = jobs.worker()
    assert [(await taken(worker)).job.job_id for _ in range(2)] == ["job-001", "job-002"]


@pytest.mark.parametrize("priority", list(Priority))
async def test_a_job_of_each_priority_survives_its_worker_and_is_handed_back(jobs: Kept, priority: Priority) -> None:
    await jobs.store.create(new_job(priority=priority), {}, None)
    await taken(jobs.worker())
    successor = jobs.worker()
    assert await successor.hand_back(await taken(successor))
    lease = await taken(jobs.worker())
    assert lease.job.attempts == 3
    await jobs.store.cancel(T, "job-001")
    assert await jobs.worker().hand_back(lease)
    assert (await jobs.store.get(T, "job-001")).state is JobState.CANCELLED


# Tenants


async def test_the_jobs_of_another_tenant_do_not_exist(jobs: Kept) -> None:
    await jobs.store.create(new_job(1, tenant="a"), {}, None)
    await jobs.store.create(new_job(2), {}, None)
    for tenant in (T, "b"):
        for call in (jobs.store.get(tenant, "job-001"), jobs.store.cancel(tenant, "job-001")):
            with pytest.raises(ServiceError) as refused:
                await call
            assert refused.value.reason is Reason.JOB_NOT_FOUND
        assert not await jobs.store.delete(tenant, "job-001")
    assert (await listed(jobs, ALL), await listed(jobs, ALL, "a"), await listed(jobs, ALL, "b")) == (["job-002"], ["job-001"], [])
    assert (await taken(jobs.worker())).job == await jobs.store.get("a", "job-001")
    assert await listed(jobs, JobFilter(state=JobState.RUNNING), "a") == ["job-001"]


async def test_a_request_id_is_the_tenants_own(jobs: Kept) -> None:
    key = RequestKey("r-1", "digest")
    made = [await jobs.store.create(new_job(number, tenant=tenant), {}, key) for number, tenant in enumerate((T, "a", "b"))]
    assert len({job.job_id for job in made}) == 3


async def test_a_tenant_may_have_so_many_jobs_waiting_or_running(jobs: Kept) -> None:
    worker = jobs.worker()
    leases = []
    for number in range(MAX_TENANT_JOBS):
        await jobs.store.create(new_job(number, tenant="a"), {}, None)
        leases.append(await taken(worker))
        await worker.report(leases[0], None)
    with pytest.raises(ServiceError) as refused:
        await jobs.store.create(new_job(98, tenant="a"), {}, None)
    assert (refused.value.reason, refused.value.metadata["limit"]) == (Reason.OVERLOADED, str(MAX_TENANT_JOBS))
    await jobs.store.create(new_job(99, tenant="b"), {}, None)
    assert await worker.finish(leases[0], RESULT)
    await jobs.store.create(new_job(98, tenant="a"), {}, None)


# Deleting and searching


@pytest.mark.parametrize("tenant", [T, "a"])
async def test_what_has_ended_is_deleted_and_nothing_else(jobs: Kept, tenant: str) -> None:
    await jobs.store.create(new_job(tenant=tenant), {}, None)
    with pytest.raises(ServiceError) as waiting:
        await jobs.store.delete(tenant, "job-001")
    worker = jobs.worker()
    lease = await taken(worker)
    with pytest.raises(ServiceError) as running:
        await jobs.store.delete(tenant, "job-001")
    assert (waiting.value.reason, running.value.reason) == (Reason.JOB_STATE, Reason.JOB_STATE)
    await worker.finish(lease, RESULT)
    assert await jobs.store.delete(tenant, "job-001")
    assert not await jobs.store.delete(tenant, "job-001")
    assert await listed(jobs, ALL, tenant) == await listed(jobs, JobFilter(state=JobState.SUCCEEDED), tenant) == []


async def test_a_request_id_of_a_deleted_job_may_be_used_again(jobs: Kept) -> None:
    key = RequestKey("r-1", "digest")
    await jobs.store.create(new_job(1), {}, key)
    await jobs.store.cancel(T, "job-001")
    await jobs.store.delete(T, "job-001")
    assert (await jobs.store.create(new_job(2), {}, RequestKey("r-1", "another"))).job_id == "job-002"


async def test_lists_by_kind_and_time(jobs: Kept) -> None:
    times = [CREATED_AT + timedelta(minutes=minute) for minute in range(4)]
    analysis = TokenAnalysisSpec("a", "b", TextSource("t.txt"))
    for number, created_at in enumerate(times):
        await jobs.store.create(new_job(number, analysis if number % 2 else SPEC, created_at=created_at), {}, None)
    assert await listed(jobs, JobFilter(kind=JobKind.TOKEN_ANALYSIS)) == ["job-003", "job-001"]
    assert await listed(jobs, JobFilter(created_from=times[1], created_before=times[3])) == ["job-002", "job-001"]
    assert await listed(jobs, JobFilter(kind=JobKind.PERPLEXITY, state=JobState.QUEUED, created_from=times[1])) == ["job-002"]
    assert await listed(jobs, JobFilter(dead_letters=True)) == []


async def test_a_search_goes_on_where_its_page_ended(jobs: Kept) -> None:
    analysis = TokenAnalysisSpec("a", "b", TextSource("t.txt"))
    for number in range(6):
        await jobs.store.create(new_job(number, analysis if number % 2 else SPEC), {}, None)
    seen: list[str] = []
    older_than = ""
    for _ in range(6):
        page = await jobs.store.page(T, limit=1, older_than=older_than, keep=JobFilter(kind=JobKind.TOKEN_ANALYSIS))
        seen += [job.job_id for job in page.jobs]
        if not (older_than := page.older_than):
            break
    assert seen == ["job-005", "job-003", "job-001"]


async def test_several_texts_reach_the_worker(jobs: Kept) -> None:
    spec = TokenAnalysisSpec("a", "b", TextSource(), reference=TextSource())
    texts = {"text": "one", "reference": "naïve\r\ntwo"}
    await jobs.store.create(new_job(spec=spec), texts, None)
    lease = await taken(jobs.worker())
    assert (lease.texts, lease.job.spec) == (texts, spec)
