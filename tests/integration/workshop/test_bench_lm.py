"""The language-model benchmark runs to its end on a small model, and its figures hang together."""

import io
import json
from importlib.util import find_spec
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from leitmotif_services.workshop.bench_commands import bench
from leitmotif_services.workshop.bench_lm import LmReport
from leitmotif_services.workshop.bench_lm_sides import SideFigures
from tests.unit.evaluation.sample_language_models import TEXT, save_gpt2


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_gpt2(tmp_path_factory.mktemp("gpt2"))


@pytest.fixture
def text_file(tmp_path: Path) -> Path:
    file = tmp_path / "text.txt"
    file.write_text(TEXT)
    return file


def test_a_short_run(model_folder: Path, text_file: Path) -> None:
    options = ["--model", str(model_folder), "--text", str(text_file), "--tokens", "300", "--threads", "1", "--json"]
    done = CliRunner().invoke(bench, ["lm", *options])
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert (report["context"], report["threads"], report["rounds"]) == (64, 1, 1)
    ours, peers = report["ours"], report["peers"]
    assert ours["tokens"] == 300
    assert {"plain_batch_1", "lm_eval" if find_spec("lm_eval") else "plain_batch_1"} <= peers.keys()
    assert peers.keys() & {"plain", "evaluate"}
    assert bool(report["notes"]) == ("evaluate" not in peers or "lm_eval" not in peers)
    for peer in peers.values():
        assert peer["speed_ratio"] == pytest.approx(ours["tokens_per_s"] / peer["tokens_per_s"], abs=0.01)
        assert peer["memory_ratio"] == pytest.approx(ours["peak_bytes"] / peer["peak_bytes"], abs=0.01)
        assert peer["peak_bytes"] > 100e6
        # A piece of the text may be tokenized otherwise at its ends than the text as a whole.
        assert peer["tokens"] == pytest.approx(300, abs=10)
        assert all(difference < 1e-4 for difference in peer["relative_differences"].values())


def test_what_cannot_be_measured_is_told(model_folder: Path, text_file: Path, tmp_path: Path) -> None:
    for options, told in (
        (["--model", str(tmp_path / "none")], "tokenizer.json"),
        (["--model", str(model_folder), "--text", str(tmp_path / "none.txt")], "none.txt"),
    ):
        done = CliRunner().invoke(bench, ["lm", "--text", str(text_file), *options])
        assert done.exit_code == 1
        assert told in done.stderr


def test_ratios_are_medians_over_the_rounds_and_the_table_fits_into_80_columns() -> None:
    same = {"token": 60_000.0, "word": 7e10, "byte": 13.5, "bits_per_byte": 3.76}
    ours = [SideFigures(1000, seconds, 2 * seconds, same, 100) for seconds in (1.0, 2.0, 4.0)]
    theirs = [SideFigures(500, seconds, 4 * seconds, same | {"byte": 13.4}, 400) for seconds in (1.0, 3.0, 2.0)]
    report = LmReport("GPT-2's shape, random weights", 1024, 2, 1_000_000, {"ours": ours, "plain_batch_1": theirs})
    assert report.speed_ratio("plain_batch_1") == 2.0
    assert report.cpu_ratio("plain_batch_1") == 4.0
    assert report.relative_differences("plain_batch_1") == pytest.approx({**dict.fromkeys(same, 0.0), "byte": 13.5 / 13.4 - 1})
    assert report.as_json()["peers"]["plain_batch_1"]["memory_ratio"] == 0.25
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(report.as_table())
    text = console.export_text()
    assert "…" not in text
    assert "perplexities within 7.5e-03 of plain_batch_1's" in text
