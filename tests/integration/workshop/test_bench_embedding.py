"""The benchmark runs to its end on real processes, and its figures hang together."""

import json

import pytest
from typer.testing import CliRunner

from leitmotif.cli.main import app
from tests.unit.audio.audio_files import every_encoding


def test_a_short_run(tmp_path):
    for name, content in every_encoding(10.0).items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "notes.txt").write_text("no audio")
    result = CliRunner().invoke(
        app, ["bench", "embedding", "--audio", str(tmp_path), "--rounds", "1", "--threads", "1", "--json"]
    )
    assert result.exit_code == 0, result.stderr
    report = json.loads(result.stdout)
    assert (report["files"], report["rounds"], report["threads"]) == (5, 1, 1)
    assert 49.0 < report["audio_s"] < 51.0
    speeds = report["service"]["audio_s_per_s"], report["bare"]["audio_s_per_s"]
    assert abs(report["service"]["ratio"] - speeds[0] / speeds[1]) < 0.01
    assert [row["concurrency"] for row in report["service"]["latency"]] == [1, 16]
    assert all(0 < row["p50_ms"] <= row["p95_ms"] for row in report["service"]["latency"])
    int8 = report["int8"]
    assert int8["tracks"] == 5
    assert int8["speedup"] == pytest.approx(int8["float32_ms"] / int8["int8_ms"], abs=0.02)
    assert 0.6 <= int8["agreement"] <= 1.0


def test_a_folder_without_audio(tmp_path):
    result = CliRunner().invoke(app, ["bench", "embedding", "--audio", str(tmp_path), "--json"])
    assert result.exit_code == 1
    assert "can be embedded" in result.stderr
