"""`leitmotif lm adapt` in processes of its own, which are killed and stopped on the way."""

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.unit.evaluation.sample_language_models import TEXT, save_gpt2

DEADLINE_S = 120


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inputs")
    (folder / "model").mkdir()
    save_gpt2(folder / "model")
    (folder / "text.txt").write_text(TEXT * 4)
    return folder


def command(inputs: Path, out: Path, *more: str) -> list[str]:
    places = ("--model", str(inputs / "model"), "--text", str(inputs / "text.txt"), "--out", str(out))
    settings = ("--epochs", "6", "--learning-rate", "1e-3", "--checkpoint-s", "0", "--threads", "1", "--json")
    return [sys.executable, "-c", "from leitmotif.cli.main import run; run()", "lm", "adapt", *places, *settings, *more]


def run(inputs: Path, out: Path, *more: str) -> dict[str, object]:
    done = subprocess.run(command(inputs, out, *more), capture_output=True, text=True, timeout=DEADLINE_S)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def started_until(step: int, inputs: Path, out: Path) -> subprocess.Popen[str]:
    """A process whose checkpoint of that step, or a later one, is there."""
    process = subprocess.Popen(command(inputs, out), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    partial = out.with_name(f"{out.name}.partial")
    deadline_s = time.monotonic() + DEADLINE_S
    while not any(int(each.name.removeprefix("step-")) >= step for each in partial.glob("step-*")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline_s
        time.sleep(0.002)  # between two looks at a condition
    return process


@pytest.fixture(scope="module")
def unbroken(inputs: Path) -> tuple[bytes, dict[str, object]]:
    figures = run(inputs, inputs / "unbroken")
    return (inputs / "unbroken/model.safetensors").read_bytes(), figures


def test_killed_at_random_steps_it_goes_on_to_the_very_same_model(inputs: Path, tmp_path: Path, unbroken) -> None:
    weights, figures = unbroken
    out = tmp_path / "out"
    first = random.randint(1, 10)
    for step in (first, first + 6):
        process = started_until(step, inputs, out)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        assert not out.exists()
    resumed = run(inputs, out)
    assert int(str(resumed["resumed_from_step"])) > first
    assert (out / "model.safetensors").read_bytes() == weights
    left_out = ("model", "resumed_from_step", "tokens_per_s")
    assert {name: resumed[name] for name in resumed if name not in left_out} == {
        name: figures[name] for name in figures if name not in left_out
    }
    assert [each.name for each in tmp_path.iterdir()] == ["out"]


def test_stopped_by_ctrl_c_it_says_how_to_go_on(inputs: Path, tmp_path: Path, unbroken) -> None:
    out = tmp_path / "out"
    process = started_until(3, inputs, out)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=DEADLINE_S)
    assert (process.returncode, stdout) == (1, "")
    assert stderr.splitlines()[-1] == (
        f"leitmotif: stopped; the checkpoint is in {out}.partial, run the same command again to go on"
    )
    assert run(inputs, out)["model_sha256"] == unbroken[1]["model_sha256"]


def test_a_failure_is_one_line(inputs: Path, unbroken) -> None:
    done = subprocess.run(command(inputs, inputs / "unbroken"), capture_output=True, text=True, timeout=DEADLINE_S)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "leitmotif: output: 'unbroken' exists already\n"
