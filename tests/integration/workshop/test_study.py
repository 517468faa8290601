"""A study from beginning to end on a small data set: the same figures twice, and going on where one was stopped."""

import json
from dataclasses import replace

import numpy as np
import pytest

from leitmotif_services.workshop.comparison.finished_parts import FinishedParts, hash_of_data, part_key
from leitmotif_services.workshop.comparison.markdown_report import accuracy_table, markdown_of
from leitmotif_services.workshop.comparison.report import results_of
from leitmotif_services.workshop.comparison.study import StudyError, run_study
from leitmotif_services.workshop.comparison.study_part import BASELINES, CONTENT_NEIGHBOURS, EVEN_CONTENT_NEIGHBOURS
from leitmotif_services.workshop.listening.listening_data import Tagging
from leitmotif_services.workshop.listening.loading_report import FaultLedger, report_on
from tests.unit.workshop.comparison.small_study import clustered_listening

MODELS = ("ease", "popularity", "tag-cosine")


@pytest.fixture(scope="module")
def data():
    return clustered_listening(group_items=25)


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    return tmp_path_factory.mktemp("study")


@pytest.fixture(scope="module")
def study(data, work):
    return run_study(data, seeds=(0, 1), models=MODELS, trials=2, work=work, workers=2)


@pytest.fixture(scope="module")
def results(data, study):
    return results_of(study, "clusters", report_on(data, FaultLedger()))


def test_what_listens_alike_is_found(results):
    models = results["models"]
    assert models["ease"]["ndcg@100"]["mean"] > models["popularity"]["ndcg@100"]["mean"] + 0.1
    assert models["tag-cosine"]["recall@20"]["mean"] > models["popularity"]["recall@20"]["mean"]


def test_mean_and_deviation_are_over_seeds(study, results):
    by_seed = [np.mean(part["accuracy"]["ndcg@100"]) for _, part in study.of_model("ease")]
    measured = results["models"]["ease"]["ndcg@100"]
    assert measured["values"] == pytest.approx(by_seed)
    assert measured["mean"] == pytest.approx(np.mean(by_seed))
    assert measured["sd"] == pytest.approx(abs(by_seed[0] - by_seed[1]) / np.sqrt(2))


def test_differences_to_the_reference_have_intervals(results):
    against = results["models"]["popularity"]["against_ease"]["ndcg@100"]
    assert against["high"] < 0
    assert against["low"] < against["difference"] < against["high"]
    assert [entry["seed"] for entry in against["by_seed"]] == [0, 1]
    assert "against_ease" not in results["models"]["ease"]


def test_the_cold_start_baseline_stands_beside(results):
    assert results["cold_start"][CONTENT_NEIGHBOURS]["recall@20"] > 0
    over = results["cold_start"][CONTENT_NEIGHBOURS]["over"]
    assert over[CONTENT_NEIGHBOURS] == {"audio_and_tags": 1.0, "audio": 1.0}
    assert over[EVEN_CONTENT_NEIGHBOURS]["audio"] == 1.0  # from audio alone, they are the same


def without(data, *, audio=False, tags=False):
    """The data without audio, or with the same audio for all, and without tags."""
    no_tags = Tagging((), *(np.zeros(0, np.int64) for _ in range(3)), np.zeros(0))
    return replace(data, audio=np.ones_like(data.audio) if audio else data.audio, tagging=no_tags if tags else data.tagging)


MORE = (*MODELS, "audio-cosine", "leitmotif")


@pytest.mark.parametrize(
    ("audio", "tags", "not_measured", "sources"),
    [
        (True, True, {"tag-cosine", "audio-cosine", "control", "cold_start", "fidelity"}, set()),
        (True, False, {"audio-cosine", "cold_start from audio alone", "fidelity"}, {"recall@20", "audio_and_tags", "heard"}),
        (False, True, {"tag-cosine", "control", "fidelity"}, {"recall@20", "audio_and_tags", "audio", "heard"}),
    ],
)
def test_chance_is_no_result(data, audio, tags, not_measured, sources):
    bare = without(data, audio=audio, tags=tags)
    results = results_of(run_study(bare, seeds=(0,), models=MORE, trials=1), "bare", report_on(bare, FaultLedger()))
    told = {entry["what"]: entry["why"] for entry in results["not_measured"]}
    assert set(told) == not_measured
    assert set(results["models"]) == set(MORE) - not_measured
    assert results["fidelity"] == {}
    assert (results["control"] == {}) is tags
    assert set(results["cold_start"]) == (
        {"leitmotif", *BASELINES} | (set(MORE) & set(results["cold_start"])) if sources else set()
    )
    assert all(set(measured) - {"over"} <= sources for measured in results["cold_start"].values())
    text = markdown_of(results, "leitmotif evaluate", [])
    assert all(f"- {what}: {why}" in text for what, why in told.items())
    assert "±" not in text  # of a single seed


def test_a_study_of_which_nothing_is_left_says_why(data):
    with pytest.raises(StudyError, match="tag-cosine cannot be measured: the data has no tags"):
        run_study(without(data, tags=True), seeds=(0,), models=("tag-cosine",), trials=1)


def test_results_are_json_and_a_report(results):
    assert json.loads(json.dumps(results, allow_nan=False)) == results
    text = markdown_of(results, "leitmotif evaluate", ["accuracy.png"])
    assert "![accuracy](accuracy.png)" in text
    assert "`leitmotif evaluate`" in text
    rows = accuracy_table(results).splitlines()[2:]
    assert sorted(row.split("|")[1].strip() for row in rows) == sorted(MODELS)
    figures = [float(row.split("|")[2].split("±")[0]) for row in rows]
    assert figures == sorted(figures, reverse=True)


def test_plots_are_written(results, tmp_path):
    pytest.importorskip("matplotlib", reason="plots need the extra evaluate")
    from leitmotif_services.workshop.comparison.matplotlib_plots import write_plots

    steered = {
        "doses": [0.0, 1.0], "share": [0.1, 0.4], "tag_ndcg": [0.1, 0.5], "kept": [1.0, 0.9],
        "reranking": {"share": [0.1, 0.4], "kept": [1.0, 0.8]},
    }  # fmt: skip
    trials = [{"settings": {"weight": value}, "ndcg@100": value} for value in (0.1, 0.2)]
    sweep = {"model": "apn", "setting": "weight", "trials": trials}
    measured = {
        **results,
        "control": {"a": steered},
        "fidelity": {"a": [{"tag": "rock", "roc_auc": 0.8}]},
        "sweeps": [sweep],
    }
    written = write_plots(measured, tmp_path)
    assert written == ["accuracy.png", "promotion.png", "price.png", "fidelity.png", "sweep-apn-weight.png"]
    assert all((tmp_path / name).read_bytes().startswith(b"\x89PNG") for name in written)
    assert write_plots(results, tmp_path) == ["accuracy.png"]


def test_a_second_run_computes_nothing_and_tells_the_same(data, work, study):
    told = []
    again = run_study(data, seeds=(0, 1), models=MODELS, trials=2, work=work, note=lambda *note: told.append(note))
    assert again.reused == len(again.parts) == len(study.parts)
    assert again.parts == study.parts
    assert [done for _, done, _ in told] == list(range(1, len(told) + 1))
    assert told[-1][1] == told[-1][2]


def test_only_what_is_missing_is_computed(data, work, study):
    kept = sorted(work.glob("*.json"))
    kept[0].unlink()
    kept[1].write_text("{ cut o")
    again = run_study(data, seeds=(0, 1), models=MODELS, trials=2, work=work)
    assert again.reused == len(again.parts) - 2
    for task, part in study.parts.items():
        for name, values in part.get("accuracy", {}).items():
            assert again.parts[task]["accuracy"][name] == pytest.approx(values, abs=1e-6)


def test_without_a_folder_the_figures_are_the_same(data, study):
    again = run_study(data, seeds=(0,), models=("ease",), trials=2)
    [(_, part)] = again.of_model("ease")
    assert part["accuracy"]["ndcg@100"] == pytest.approx(dict(study.of_model("ease"))[0]["accuracy"]["ndcg@100"], abs=1e-6)
    assert again.reused == 0


def test_a_part_is_known_by_data_code_and_settings(data):
    other = clustered_listening(group_items=25, seed=1)
    assert hash_of_data(data) == hash_of_data(clustered_listening(group_items=25))
    assert hash_of_data(data) != hash_of_data(other)
    ease = ("leitmotif_services.workshop.recommenders.ease",)
    key = part_key("0", ease, {"seed": 0})
    assert key == part_key("0", ease, {"seed": 0})
    assert len({key, part_key("1", ease, {"seed": 0}), part_key("0", ease, {"seed": 1}), part_key("0", (), {"seed": 0})}) == 4


def test_a_part_that_is_not_whole_is_not_found(tmp_path):
    parts = FinishedParts(tmp_path / "new")
    assert parts.find("a") is None
    parts.keep("a", {"x": 1})
    assert parts.find("a") == {"x": 1}
    (tmp_path / "new" / "b.json").write_text("{")
    assert parts.find("b") is None
    FinishedParts(None).keep("a", {})
    assert FinishedParts(None).find("a") is None
