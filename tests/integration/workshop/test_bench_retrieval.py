"""The retrieval benchmark, shortened: what it measures is there, and recall is what the index promises."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from leitmotif_services.workshop.bench_commands import bench
from leitmotif_services.workshop.bench_retrieval import SELECTIVITIES, FilterReport, RetrievalReport, Side, SizeReport, run
from leitmotif_services.workshop.bench_retrieval_plot import plot

SIZES = (1_000, 25_000)


@pytest.fixture(scope="module")
def report():
    return run(SIZES, storage="auto", note=lambda text: None, budget_s=0.5)


def test_every_size_is_found_and_timed(report):
    sizes = report.as_json()["sizes"]
    assert [(size["tracks"], size["index"]) for size in sizes] == [(1_000, "flat"), (25_000, "int4")]
    for size in sizes:
        assert size["recall"] >= 0.99
        for side in (size, size["edited"]):
            assert side["recall"] >= 0.99
            assert side["calls"] >= 100
            assert side["ratio"] == pytest.approx(side["p50_ms"] / side["bare_p50_ms"], rel=0.5)
            assert side["p50_ms"] <= side["p99_ms"]
            assert side["p99_ratio"] > 0
            # On idle cores the limit is 1.3; so far above it, something was done that a search has no need of.
            assert side["ratio"] < 4
        assert size["build_s"] > 0
        assert size["load_s"] > 0
    small, large = sizes
    assert small["bytes_per_track"] > 2 * 257 * 4  # rows and their copy in the flat index
    assert large["bytes_per_track"] < 1.3 * 257 * 4
    assert report.sizes[0].profiles.recall == report.sizes[0].edited.recall == 1.0  # a flat index misses nothing


def test_filters_are_full_lists(report):
    filters = report.as_json()["filters"]
    assert [(each["tracks"], each["selectivity"]) for each in filters] == [(25_000, share) for share in SELECTIVITIES]
    for each in filters:
        assert each["recall"] >= 0.99
        assert each["fewest_found"] == 20
        assert each["slowdown"] > 0


def test_the_tables_fit_into_80_columns():
    side = Side(0.9999, 12.34, 12.34, 1234.567, 1234.567, 1234.567, 1234.567, 3000)
    size = SizeReport(10_000_000, "float32", side, side, 12345.67, 12345.0, 1234.0, 123.4, 12.34)
    large = RetrievalReport([size], [FilterReport(10_000_000, 0.001, 0.9999, 12.34, 1234.567, 20)])
    console = Console(width=80, record=True, file=io.StringIO())
    for table in large.as_tables():
        console.print(table)
    lines = console.export_text().splitlines()
    assert "…" not in "".join(lines)
    assert [line.split() for line in lines if "plain" in line] == [
        ["10,000,000", "float32", "plain", "0.9999", "1234.567", "1234.567", "1234.567", "12.34"]
    ]
    assert [len(line.split()) for line in lines if "0.1%" in line] == [5]


def test_the_plot_is_a_picture(report, tmp_path: Path):
    pytest.importorskip("matplotlib")
    plot(report, tmp_path / "cost.png")
    assert (tmp_path / "cost.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ValueError, match="exe"):
        plot(report, tmp_path / "cost.exe")


def test_the_command_prints_one_json_object():
    done = CliRunner().invoke(bench, ["retrieval", "--sizes", "500", "--json"])
    assert done.exit_code == 0, done.output
    content = json.loads(done.stdout)
    assert {"tracks", "recall", "ratio", "p50_ms", "p99_ms", "bytes_per_track"} <= content["sizes"][0].keys()
    assert {"selectivity", "recall", "slowdown"} <= content["filters"][0].keys()
    assert "500 tracks" in done.stderr


def test_the_table_has_a_row_for_each_size(report):
    sizes, filters = report.as_tables()
    assert (sizes.row_count, filters.row_count) == (2 * len(SIZES), len(SELECTIVITIES))


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--sizes", "many"], 2, "numbers from 100"),
        (["--sizes", "10"], 2, "numbers from 100"),
        (["--sizes", "500", "--storage", "int2"], 1, "none of auto, flat"),
        (["--sizes", "500", "--plot", "absent/plot.png"], 1, "absent"),
    ],
)
def test_wrong_usage(arguments, code, told):
    done = CliRunner().invoke(bench, ["retrieval", *arguments])
    assert done.exit_code == code, done.output
    assert told in done.stderr
