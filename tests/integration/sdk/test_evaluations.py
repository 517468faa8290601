"""Jobs: watched through interruptions, waited for, failed, cancelled."""

import pytest

from leitmotif import (
    DeadlineExceededError,
    JobCancelledError,
    JobFailedError,
    JobState,
    NotFoundError,
    Reason,
    UnavailableError,
)
from leitmotif.api.evaluation.v1 import evaluation_pb2 as pb2
from leitmotif_services.runtime import errors as service_errors
from leitmotif_services.runtime.errors import ServiceError
from leitmotif_services.runtime.status import status_of

QUEUED = pb2.Job(job_id="j", state=pb2.JOB_STATE_QUEUED)
HALF = pb2.Job(job_id="j", state=pb2.JOB_STATE_RUNNING, progress={"tokens_done": 50, "tokens_total": 100})
DONE = pb2.Job(
    job_id="j",
    state=pb2.JOB_STATE_SUCCEEDED,
    progress={"tokens_done": 100, "tokens_total": 100},
    result={"perplexity": {"perplexity": 7.5, "tokens": 100}},
)
GONE = ServiceError(service_errors.Reason.UPSTREAM_UNAVAILABLE, "restarting", retry_after_s=0.001)


def watched(*jobs):
    return [pb2.WatchJobResponse(job=job) if isinstance(job, pb2.Job) else job for job in jobs]


@pytest.fixture
def evaluation(client, peer):
    peer.answer("CreateJob", pb2.CreateJobResponse(job=QUEUED))
    return client.evaluations.perplexity("gpt2", text="to be or not to be", context=64, stride=32)


def test_a_job_is_created_as_asked(evaluation, peer):
    (call,) = peer.calls
    spec = call.request.spec.perplexity
    assert (spec.model, spec.text, spec.context, spec.stride) == ("gpt2", "to be or not to be", 64, 32)
    assert evaluation.job_id == "j"
    assert evaluation.job.state is JobState.QUEUED


@pytest.mark.parametrize("sources", [{}, {"text": "a", "text_path": "b"}])
def test_exactly_one_text_is_wanted(client, sources):
    with pytest.raises(ValueError, match="either text or text_path"):
        client.evaluations.perplexity("gpt2", **sources)


def test_wait_returns_the_result_and_tells_progress(evaluation, peer):
    peer.answer("WatchJob", watched(QUEUED, HALF, HALF, DONE))
    progress = []
    result = evaluation.wait(lambda each: progress.append((each.tokens_done, each.tokens_total)))
    assert result.perplexity == 7.5
    assert progress == [(0, 0), (50, 100), (100, 100)]  # what did not change is not told twice
    assert evaluation.job.state is JobState.SUCCEEDED


def test_watching_goes_on_after_interruptions(evaluation, peer):
    streams = iter([watched(QUEUED, GONE), watched(HALF), watched(GONE), watched(HALF, grpc_deadline()), watched(DONE)])
    peer.answer("WatchJob", lambda request: next(streams))
    assert [job.state for job in evaluation.watch()] == [JobState.QUEUED, JobState.RUNNING, JobState.SUCCEEDED]
    assert len(peer.calls_of("WatchJob")) == 5


def grpc_deadline():
    return ServiceError(service_errors.Reason.DEADLINE_EXCEEDED, "the stream got too old")


def test_watching_gives_up_when_nothing_comes_any_more(evaluation, peer):
    peer.fail("WatchJob", GONE, times=100)
    with pytest.raises(UnavailableError):
        list(evaluation.watch())
    assert len(peer.calls_of("WatchJob")) == 4


def test_waiting_can_be_bounded(evaluation, peer):
    def stuck(request, context):
        yield pb2.WatchJobResponse(job=HALF)
        peer.wait_for_client(request, context)

    peer.answer("WatchJob", stuck)
    with pytest.raises(DeadlineExceededError):
        evaluation.wait(timeout_s=0.3)


def test_a_watch_that_is_left_is_cancelled(evaluation, peer, first):
    def endless(request, context):
        peer.notice_departure(context)  # before the answer: a client that leaves at once may leave before the next line runs
        yield pb2.WatchJobResponse(job=HALF)
        peer.gone.wait(30)

    peer.answer("WatchJob", endless)
    assert first(evaluation.watch(), 1)[0].progress.tokens_done == 50
    assert peer.gone.wait(10)


def test_a_failed_job_raises_with_its_reason(evaluation, peer):
    status = status_of(ServiceError(service_errors.Reason.LANGUAGE_MODEL_REFUSED, "pickled weights"), "")
    peer.answer("WatchJob", watched(pb2.Job(job_id="j", state=pb2.JOB_STATE_FAILED, error=status)))
    with pytest.raises(JobFailedError, match="job j failed: pickled weights") as caught:
        evaluation.wait()
    assert caught.value.reason == Reason.LANGUAGE_MODEL_REFUSED
    assert caught.value.code == "FAILED_PRECONDITION"
    assert caught.value.job.state is JobState.FAILED


def test_a_cancelled_job_raises(evaluation, peer):
    peer.answer("CancelJob", pb2.CancelJobResponse(job=HALF))
    assert evaluation.cancel().state is JobState.RUNNING
    peer.answer("WatchJob", watched(HALF, pb2.Job(job_id="j", state=pb2.JOB_STATE_CANCELLED)))
    with pytest.raises(JobCancelledError):
        evaluation.wait()


def test_an_unknown_job_ends_the_watch_at_once(evaluation, peer):
    peer.fail("WatchJob", ServiceError(service_errors.Reason.JOB_NOT_FOUND, "no job j"))
    with pytest.raises(NotFoundError):
        evaluation.wait()
    assert len(peer.calls_of("WatchJob")) == 1


def test_a_job_is_found_again_and_listed(client, peer):
    peer.answer("GetJob", pb2.GetJobResponse(job=HALF))
    peer.answer("ListJobs", pb2.ListJobsResponse(jobs=[HALF]))
    assert client.evaluations.get("j").get().progress.tokens_done == 50
    assert [job.job_id for job in client.evaluations.list(JobState.RUNNING)] == ["j"]
    assert peer.calls_of("ListJobs")[0].request.state == pb2.JOB_STATE_RUNNING
