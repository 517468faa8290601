"""A language-model evaluation through the public endpoint: submitted, watched, and equal to the command line's own figures."""

import json
import subprocess
import sys

import pytest

from leitmotif import JobState, NotFoundError, Reason
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


def test_an_unknown_job_and_an_unknown_model(client):
    with pytest.raises(NotFoundError) as caught:
        client.evaluations.get("no-such-job")
    assert caught.value.reason == Reason.JOB_NOT_FOUND
    with pytest.raises(NotFoundError) as caught:
        client.evaluations.perplexity(model="no-such-model", text=TEXT)
    assert caught.value.reason == Reason.LANGUAGE_MODEL_NOT_FOUND
