"""`leitmotif evaluate` from the command line, on tables of one's own."""

import csv
import json
import os
import signal
import subprocess
import sys

import pytest

from tests.unit.workshop.comparison.small_study import clustered_listening


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    data = clustered_listening()
    counts = data.counts.tocoo()
    pairs = zip(counts.row, counts.col, counts.data, strict=True)
    tagged = zip(data.tagging.items, data.tagging.tag, strict=True)
    bad = ["somebody", data.item_ids[0], -3]
    tables = {
        "interactions": [
            ["user_id", "track_id", "count"],
            *([data.user_ids[user], data.item_ids[item], count] for user, item, count in pairs),
            bad,
        ],
        "tracks": [["track_id", "title", "artist"], *zip(data.item_ids, data.item_names, data.artists, strict=True)],
        "tags": [["track_id", "tag"], *([data.item_ids[item], data.tagging.tags[tag]] for item, tag in tagged)],
        "features": [
            ["track_id", *data.audio_names],
            *([item, *row] for item, row in zip(data.item_ids, data.audio, strict=True)),
        ],
    }
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows(rows)
    return folder


def run(*arguments):
    command = [sys.executable, "-c", "from leitmotif.cli.main import run; run()", "evaluate", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=240)


def test_json_has_the_promised_keys(folder, tmp_path):
    done = run(
        "--dataset", "tables", "--path", folder, "--models", "ease,popularity", "--seeds", "0,1", "--trials", 2, "--json",
        "--out", tmp_path / "results",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)
    assert set(results["models"]) == {"ease", "popularity"}
    for model in results["models"].values():
        for metric in ("ndcg@100", "recall@20", "recall@50"):
            assert 0 <= model[metric]["mean"] <= 1
            assert model[metric]["sd"] >= 0
    assert results["control"] == {}
    assert results["cold_start"]["content-neighbours"]["recall@20"] > 0
    [bad] = [entry for entry in results["dataset"]["left_out"] if entry["file"] == "interactions.csv"]
    assert bad["count"] == 1
    assert "left out 1" in done.stderr  # told to a person as well
    assert "[8/8]" in done.stderr
    assert json.loads((tmp_path / "results/results.json").read_text()) == results
    report = (tmp_path / "results/README.md").read_text()
    assert "--dataset tables" in report
    assert (tmp_path / "results/accuracy.png").exists()


def test_a_table_is_printed_for_a_person(folder):
    done = run("--dataset", "tables", "--path", folder, "--models", "popularity", "--seeds", "3", "--trials", 1)
    assert done.returncode == 0, done.stderr
    assert "| popularity |" in done.stdout


def test_what_is_not_measured_is_told(folder, tmp_path):
    (tmp_path / "interactions.csv").write_bytes((folder / "interactions.csv").read_bytes())
    wanted = ("--dataset", "tables", "--path", tmp_path, "--seeds", "3", "--trials", 1)
    done = run(*wanted, "--models", "popularity,tag-cosine")
    assert done.returncode == 0, done.stderr
    assert "not measured: tag-cosine: the data has neither tags nor audio features" in done.stderr
    assert "not measured: cold_start: the data has neither" in done.stderr
    assert "content-neighbours" not in done.stdout
    done = run(*wanted, "--models", "tag-cosine")
    assert done.returncode == 1
    assert "tag-cosine cannot be measured" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["--dataset", "tables", "--models", "no-such"], 2, "item-neighbours"),  # those that there are
        (["--dataset", "nothing"], 2, "lastfm-2k"),
        (["--dataset", "tables", "--seeds", "one"], 2, "whole numbers"),
        (["--dataset", "lastfm-2k"], 1, "artists.dat"),
    ],
)
def test_wrong_usage_says_what_is_right(folder, arguments, code, text):
    done = run("--path", folder, *([] if "--models" in arguments else ["--models", "popularity"]), *arguments)
    assert done.returncode == code
    assert text in " ".join(done.stderr.replace("│", " ").split())
    assert "Traceback" not in done.stderr


def test_a_run_that_was_stopped_goes_on(folder, tmp_path):
    arguments = [
        "--dataset",
        "tables",
        "--path",
        folder,
        "--models",
        "ease,popularity",
        "--trials",
        7,
        "--out",
        tmp_path / "results",
    ]
    command = [sys.executable, "-c", "from leitmotif.cli.main import run; run()", "evaluate", *map(str, arguments)]
    many = ",".join(str(seed) for seed in range(60))
    stopped = [*command, "--workers", "1", "--seeds", many]
    with subprocess.Popen(stopped, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        for line in process.stderr:
            if line.startswith("[1/"):
                os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the processes that measure as well
                break
        rest = process.stderr.read()  # ends when no process is left that could write
    assert process.returncode != 0
    assert "Traceback" not in rest
    assert "[240/240]" not in rest
    done = run(*arguments, "--seeds", "0")
    assert done.returncode == 0, done.stderr
    assert "ease, seed 0: NDCG@100" in done.stderr
    assert "known from before" in done.stderr
