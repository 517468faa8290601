"""Jobs: watched through interruptions, waited for, failed, cancelled."""

import hashlib
from datetime import UTC, datetime

import pytest

from leitmotif import (
    BosPolicy,
    DeadlineExceededError,
    Documents,
    JobCancelledError,
    JobFailedError,
    JobKind,
    JobState,
    NotFoundError,
    PreconditionError,
    Priority,
    Reason,
    TextSource,
    UnavailableError,
)
from leitmotif.api.evaluation.v1 import evaluation_pb2 as pb2
from leitmotif.api.evaluation.v1 import specs_pb2, texts_pb2
from leitmotif.types import UploadedText
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


@pytest.mark.parametrize("sources", [{}, {"text": "a", "text_path": "b"}, {"text_path": "b", "text_id": "c"}])
def test_exactly_one_text_is_wanted(client, peer, sources):
    with pytest.raises(ValueError, match="exactly one of text, text_path and text_id"):
        client.evaluations.perplexity("gpt2", **sources)
    with pytest.raises(ValueError, match="exactly one of text, text_path and text_id"):
        client.evaluations.adapt("gpt2", **sources)
    assert peer.calls == []


@pytest.mark.parametrize("source", [{}, {"text": "a", "text_path": "b"}])
def test_a_source_names_one_text(client, peer, source):
    with pytest.raises(ValueError, match="a TextSource must have exactly one"):
        client.evaluations.distance(TextSource(**source), "reference")
    assert peer.calls == []


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


@pytest.fixture
def asked(client, peer):
    """The spec that reached the service for a call of `client.evaluations`."""
    peer.answer("CreateJob", pb2.CreateJobResponse(job=QUEUED))
    peer.answer("UploadText", lambda pieces: texts_pb2.UploadTextResponse(text={"text_id": sha256_of(pieces)}))

    def ask(call):
        assert call(client.evaluations).job_id == "j"
        return peer.calls_of("CreateJob")[-1].request.spec

    return ask


def sha256_of(pieces):
    return hashlib.sha256(b"".join(piece.chunk for piece in pieces)).hexdigest()


def test_every_option_of_a_comparison_has_a_field_of_its_own(asked):
    spec = asked(
        lambda evaluations: evaluations.compare(
            "base",
            "adapted",
            text_path="a.txt",
            documents=Documents.LINES,
            reference="some words",
            context=64,
            stride=32,
            bos=BosPolicy.NEVER,
            batch_size=4,
            bootstrap_samples=500,
            permutations=600,
            seed=7,
            top_tokens=9,
        )
    )
    assert spec == specs_pb2.JobSpec(
        comparison={
            "base_model": "base",
            "adapted_model": "adapted",
            "text": {"text_path": "a.txt", "documents": specs_pb2.DOCUMENTS_LINES},
            "scoring": {"context": 64, "stride": 32, "bos": specs_pb2.BOS_POLICY_NEVER, "batch_size": 4},
            "reference": {"text": "some words", "documents": specs_pb2.DOCUMENTS_LINES},
            "bootstrap_samples": 500,
            "permutations": 600,
            "seed": 7,
            "top_tokens": 9,
        }
    )


def test_every_option_of_a_token_analysis_has_a_field_of_its_own(asked):
    reference = TextSource(text_path="r.txt", documents=Documents.PARAGRAPHS)
    spec = asked(
        lambda evaluations: evaluations.analyse_tokens(
            "base", "adapted", text_id="f" * 64, reference=reference, context=8, stride=4, batch_size=2, top_tokens=3
        )
    )
    assert spec == specs_pb2.JobSpec(
        token_analysis={
            "base_model": "base",
            "adapted_model": "adapted",
            "text": {"text_id": "f" * 64},
            "scoring": {"context": 8, "stride": 4, "batch_size": 2},
            "reference": {"text_path": "r.txt", "documents": specs_pb2.DOCUMENTS_PARAGRAPHS},
            "top_tokens": 3,
        }
    )
    assert not asked(lambda evaluations: evaluations.analyse_tokens("b", "a", "text")).token_analysis.HasField("reference")


def test_every_option_of_a_distance_has_a_field_of_its_own(asked):
    spec = asked(
        lambda evaluations: evaluations.distance(
            TextSource(text_path="d.txt"),
            UploadedText("f" * 64, 1, None, None),
            model="gpt2",
            passage_words=50,
            max_passages=60,
            null_samples=70,
            seed=8,
        )
    )
    assert spec == specs_pb2.JobSpec(
        distance={
            "domain": {"text_path": "d.txt"},
            "reference": {"text_id": "f" * 64},
            "model": "gpt2",
            "passage_words": 50,
            "max_passages": 60,
            "null_samples": 70,
            "seed": 8,
        }
    )


def test_every_option_of_an_adaptation_has_a_field_of_its_own(asked):
    spec = asked(
        lambda evaluations: evaluations.adapt(
            "gpt2",
            text_path="d.txt",
            output="mine",
            epochs=2.5,
            learning_rate=1e-4,
            weight_decay=0.0,
            warmup_share=0.25,
            max_grad_norm=0.5,
            batch_size=16,
            context=128,
            seed=9,
            held_out_share=0.125,
        )
    )
    assert spec == specs_pb2.JobSpec(
        adaptation={
            "model": "gpt2",
            "text": {"text_path": "d.txt"},
            "output": "mine",
            "epochs": 2.5,
            "learning_rate": 1e-4,
            "weight_decay": 0.0,
            "warmup_share": 0.25,
            "max_grad_norm": 0.5,
            "batch_size": 16,
            "context": 128,
            "seed": 9,
            "held_out_share": 0.125,
        }
    )
    left_out = asked(lambda evaluations: evaluations.adapt("gpt2", "text")).adaptation
    assert not any(map(left_out.HasField, ("weight_decay", "warmup_share", "held_out_share")))


def test_every_option_of_a_perplexity_has_a_field_of_its_own(asked):
    spec = asked(
        lambda evaluations: evaluations.perplexity(
            "gpt2", "text", documents=Documents.LINES, context=64, stride=32, bos=BosPolicy.ALWAYS, batch_size=4
        )
    )
    assert spec == specs_pb2.JobSpec(
        perplexity={
            "model": "gpt2",
            "text": "text",
            "documents": specs_pb2.DOCUMENTS_LINES,
            "context": 64,
            "stride": 32,
            "bos": specs_pb2.BOS_POLICY_ALWAYS,
            "batch_size": 4,
        }
    )
    m2d2 = asked(lambda evaluations: evaluations.perplexity("gpt2", text_id="f" * 64, m2d2=True))
    assert m2d2 == specs_pb2.JobSpec(perplexity={"model": "gpt2", "text_id": "f" * 64, "m2d2": True})


def test_an_empty_text_is_sent_as_one(asked):
    assert asked(lambda evaluations: evaluations.perplexity("gpt2", "")).perplexity.WhichOneof("text_source") == "text"


def test_files_and_long_texts_are_uploaded_first(asked, peer, tmp_path):
    path = tmp_path / "domain.txt"
    path.write_bytes("déjà vu".encode())
    long = "long " * 300_000
    spec = asked(lambda evaluations: evaluations.compare("b", "a", path, reference=long, documents=Documents.LINES))
    text_ids = [hashlib.sha256(content).hexdigest() for content in (path.read_bytes(), long.encode())]
    assert [spec.comparison.text.text_id, spec.comparison.reference.text_id] == text_ids
    assert spec.comparison.text.documents == spec.comparison.reference.documents == specs_pb2.DOCUMENTS_LINES
    assert [sha256_of(call.request) for call in peer.calls_of("UploadText")] == text_ids
    source = TextSource(text=long, documents=Documents.PARAGRAPHS)
    spec = asked(lambda evaluations: evaluations.perplexity("m", source))
    assert (spec.perplexity.text_id, spec.perplexity.documents) == (text_ids[1], specs_pb2.DOCUMENTS_PARAGRAPHS)


def test_a_file_that_is_not_there_is_told_before_a_job_is_made(client, peer, tmp_path):
    with pytest.raises(FileNotFoundError):
        client.evaluations.perplexity("gpt2", tmp_path / "nothing.txt")
    assert peer.calls_of("CreateJob") == []


def test_priority_and_request_id_go_with_the_job(client, peer):
    peer.answer("CreateJob", pb2.CreateJobResponse(job=QUEUED))
    client.evaluations.distance("a", "b", priority=Priority.HIGH, request_id="mine")
    (call,) = peer.calls
    assert (call.request.priority, call.request.request_id) == (pb2.PRIORITY_HIGH, "mine")


def test_results_of_every_kind_come_back(client, peer):
    peer.answer("CreateJob", pb2.CreateJobResponse(job=QUEUED))

    def end_with(**result):
        peer.answer("WatchJob", watched(pb2.Job(job_id="j", state=pb2.JOB_STATE_SUCCEEDED, result=result)))

    end_with(comparison={"ratio": 0.9, "ratio_ci95": {"low": 0.8, "high": 1.0}, "tokens": {"tokens": 5}})
    compared = client.evaluations.compare("b", "a", "text").wait()
    assert (compared.ratio, compared.ratio_ci95.low, compared.tokens.tokens) == (0.9, 0.8, 5)
    end_with(token_analysis={"mean_change": -0.5})
    assert client.evaluations.analyse_tokens("b", "a", "text").wait().mean_change == -0.5
    end_with(distance={"measures": [{"name": "jsd", "z": 3.5}]})
    assert [(one.name, one.z) for one in client.evaluations.distance("a", "b").wait().measures] == [("jsd", 3.5)]
    end_with(adaptation={"model": "adapted/j"})
    assert client.evaluations.adapt("m", "text").wait().model == "adapted/j"


def test_a_report_is_read_whole_also_after_it_broke_off(evaluation, peer):
    half, rest = pb2.ReadReportResponse(chunk=b"<html>"), pb2.ReadReportResponse(chunk=b"</html>")
    streams = iter([[half, GONE], [half, rest]])
    peer.answer("ReadReport", lambda request: next(streams))
    assert evaluation.report() == b"<html></html>"
    peer.fail("ReadReport", ServiceError(service_errors.Reason.JOB_STATE, "still running"))
    with pytest.raises(PreconditionError) as caught:
        evaluation.report()
    assert caught.value.reason is Reason.JOB_STATE


def test_a_job_is_deleted(evaluation, peer):
    peer.answer("DeleteJob", pb2.DeleteJobResponse(existed=True))
    assert evaluation.delete()
    assert peer.calls_of("DeleteJob")[0].request.job_id == "j"


def test_every_filter_of_a_list_has_a_field_of_its_own_on_every_page(client, peer):
    pages = iter([pb2.ListJobsResponse(jobs=[HALF], next_page_token="more"), pb2.ListJobsResponse(jobs=[DONE])])
    peer.answer("ListJobs", lambda request: next(pages))
    begin, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    found = client.evaluations.list(
        JobState.FAILED, kind=JobKind.DISTANCE, created_from=begin, created_before=end, dead_letters=True, page_size=7
    )
    assert [job.state for job in found] == [JobState.RUNNING, JobState.SUCCEEDED]
    requests = [call.request for call in peer.calls_of("ListJobs")]
    expected = pb2.ListJobsRequest(page_size=7, state=pb2.JOB_STATE_FAILED, kind=pb2.JOB_KIND_DISTANCE, dead_letters=True)
    expected.created_from.FromDatetime(begin)
    expected.created_before.FromDatetime(end)
    assert requests[0] == expected
    expected.page_token = "more"
    assert requests[1] == expected
