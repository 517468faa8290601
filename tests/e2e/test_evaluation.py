"""A language-model evaluation through the public endpoint: submitted, watched, and equal to the command line's own figures."""

import json
import subprocess
import sys

import pytest

from leitmotif import Documents, JobKind, JobState, NotFoundError, Priority, Reason
from leitmotif.types import ComparisonSpec
from tests.unit.evaluation.sample_language_models import save_gpt2

TEXT = "A leitmotif is a recurring theme.\nIt stands for a person, a place or an idea.\n" * 40


@pytest.fixture(scope="module")
def model(deployment):
    save_gpt2(deployment.language_models / "tiny")
    return "tiny"


def test_a_job_is_watched_to_its_result(client, deployment, model, tmp_path):
    evaluation = client.evaluations.perplexity(model=model, text=TEXT, stride=8)
    states = [job.state for job in evaluation.watch()]
    assert states[-1] is JobState.SUCCEEDED
    result = evaluation.wait()
    assert result.bytes == len(TEXT.encode())

    text = tmp_path / "text.txt"
    text.write_text(TEXT)
    command = [sys.executable, "-m", "leitmotif", "lm", "perplexity", "--json"]
    command += ["--model", str(deployment.language_models / model), "--text", str(text), "--stride", "8"]
    direct = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    assert direct["nll_sum"] == pytest.approx(result.nll_sum, rel=1e-6)
    assert (direct["tokens"], direct["context"], direct["stride"]) == (result.tokens, result.context, result.stride)


def test_a_file_here_is_uploaded_compared_reported_and_deleted(client, deployment, model, tmp_path):
    save_gpt2(deployment.language_models / "other", n_layer=1)
    text = tmp_path / "text.txt"
    text.write_text(TEXT)
    comparison = client.evaluations.compare(
        model, "other", text, documents=Documents.LINES, permutations=100, bootstrap_samples=100, priority=Priority.HIGH
    )
    assert isinstance(comparison.job.spec, ComparisonSpec)
    assert comparison.job.priority is Priority.HIGH
    result = comparison.wait()
    assert result.units == "documents"
    assert result.ratio == pytest.approx(result.adapted.perplexity / result.base.perplexity)
    assert sum(each.contribution for each in result.tokens.classes) == pytest.approx(result.tokens.mean_change, abs=1e-9)
    assert comparison.report().startswith(b"<!DOCTYPE html>")
    assert comparison.job_id in [job.job_id for job in client.evaluations.list(kind=JobKind.COMPARISON)]
    assert comparison.delete()
    assert comparison.job_id not in [job.job_id for job in client.evaluations.list()]

    (kept,) = client.texts.list()
    assert kept.text_id == comparison.job.spec.text.text_id
    scored = client.evaluations.perplexity(model, kept, documents=Documents.LINES).wait()
    assert scored.nll_sum == pytest.approx(result.base.nll_sum, rel=1e-6)
    assert client.texts.delete(kept.text_id)
    with pytest.raises(NotFoundError) as caught:
        client.evaluations.perplexity(model, kept)
    assert caught.value.reason == Reason.TEXT_NOT_FOUND


def test_an_unknown_job_and_an_unknown_model(client):
    with pytest.raises(NotFoundError) as caught:
        client.evaluations.get("no-such-job")
    assert caught.value.reason == Reason.JOB_NOT_FOUND
    with pytest.raises(NotFoundError) as caught:
        client.evaluations.perplexity(model="no-such-model", text=TEXT)
    assert caught.value.reason == Reason.LANGUAGE_MODEL_NOT_FOUND
