"""A study's figures: as JSON, and as a Markdown report."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import cast

import numpy as np

from leitmotif_services.workshop.comparison.accuracy import METRICS
from leitmotif_services.workshop.comparison.control import DOSES
from leitmotif_services.workshop.comparison.finished_parts import Part
from leitmotif_services.workshop.comparison.paired_bootstrap import Interval, paired_interval
from leitmotif_services.workshop.comparison.study import Study
from leitmotif_services.workshop.comparison.study_part import BASELINES
from leitmotif_services.workshop.listening.loading_report import LoadingReport
from leitmotif_services.workshop.recommenders import registry

Json = dict[str, object]

_CONTROL = ("monotone", "mute_share", "reached", "random_rise", "random_moved")
_STEERING = ("price", "price_share", "collateral")


def results_of(study: Study, dataset: str, report: LoadingReport) -> Json:
    """Everything measured: `models`, `control`, `cold_start`, `fidelity`, `sweeps`, by the recommender's name; and what was not.

    A mean is over seeds; `sd` is the sample standard deviation over seeds, 0 for one seed.
    """
    return {
        "dataset": {"name": dataset, **report.as_json()},
        "seeds": list(study.seeds),
        "trials": study.trials,
        "reference": registry.REFERENCE,
        "models": {model: _accuracy(study, model) for model in study.models},
        "control": {model: control for model in study.models if (control := _control(study.of_model(model)))},
        "cold_start": _cold_start(study),
        "fidelity": {model: fidelity for model in study.models if (fidelity := _fidelity(study.of_model(model)))},
        "sweeps": [
            {"model": task.model, "setting": task.swept, "seed": task.seed, "trials": part["trials"]}
            for task, part in study.sweeps()
        ],
        "not_measured": [asdict(left_out) for left_out in study.not_measured],
        "seconds": round(study.seconds, 1),
    }


def spread(values: Sequence[float]) -> Json:
    """Mean, standard deviation and the values, one for each seed."""
    return {
        "mean": float(np.mean(values)),
        "sd": float(np.std(values, ddof=1)) if len(values) > 1 else 0.0,
        "values": [float(value) for value in values],
    }


def _accuracy(study: Study, model: str) -> Json:
    parts = study.of_model(model)
    measured: Json = {metric: spread([float(np.mean(_people(part, metric))) for _, part in parts]) for metric in METRICS}
    measured["settings"] = {str(seed): part["settings"] for seed, part in parts}
    measured["seconds"] = {
        name: float(np.sum([cast(float, part[name]) for _, part in parts])) for name in ("search_s", "fit_s", "seconds", "cpu_s")
    }
    if registry.REFERENCE in study.models and model != registry.REFERENCE:
        reference = dict(study.of_model(registry.REFERENCE))
        measured[f"against_{registry.REFERENCE}"] = {
            metric: _against([(seed, _people(part, metric), _people(reference[seed], metric)) for seed, part in parts])
            for metric in METRICS
        }
    return measured


def _against(people: Sequence[tuple[int, list[float], list[float]]]) -> Json:
    """Differences of the people of each seed, and of those of all seeds together."""
    every = paired_interval(np.concatenate([own for _, own, _ in people]), np.concatenate([other for _, _, other in people]))
    by_seed = [
        {"seed": seed, **_interval(paired_interval(np.array(own), np.array(other), seed=seed))} for seed, own, other in people
    ]
    return {**_interval(every), "by_seed": by_seed}


def _interval(interval: Interval) -> Json:
    return {"difference": interval.difference, "low": interval.low, "high": interval.high}


def _people(part: Part, metric: str) -> list[float]:
    return cast("Mapping[str, list[float]]", part["accuracy"])[metric]


def _control(parts: Sequence[tuple[int, Part]]) -> Json | None:
    found = [cast("Mapping[str, object]", part["control"]) for _, part in parts if part.get("control")]
    if not found:
        return None
    edits = [cast("Mapping[str, object]", control["edit"]) for control in found]
    reranking = [cast("Mapping[str, object]", control["reranking"]) for control in found]
    return {
        **{name: _mean(found, name) for name in _CONTROL},
        **{name: _mean(edits, name) for name in _STEERING},
        "doses": [0.0, *DOSES],
        "share": _means(edits, "share"),
        "kept": _means(edits, "kept"),
        "tag_ndcg": _means(found, "tag_ndcg"),
        "reranking": {
            **{name: _mean(reranking, name) for name in _STEERING},
            "share": _means(reranking, "share"),
            "kept": _means(reranking, "kept"),
        },
        "tags": [len(cast("list[str]", control["tags"])) for control in found],
        "unanchored": sorted({name for control in found for name in cast("list[str]", control["unanchored"])}),
        "by_seed": [
            {"seed": seed, **{name: cast("Mapping[str, object]", part["control"])[name] for name in ("monotone", "mute_share")}}
            for seed, part in parts
            if part.get("control")
        ],
    }


def _mean(found: Sequence[Mapping[str, object]], name: str) -> float:
    return float(np.mean([cast(float, entry[name]) for entry in found]))


def _means(found: Sequence[Mapping[str, object]], name: str) -> list[float]:
    means: list[float] = np.mean([cast("list[float]", entry[name]) for entry in found], axis=0).tolist()
    return means


def _cold_start(study: Study) -> Json:
    """Recall@20 from audio and tags under `recall@20`, from audio alone under `audio`; `over` is the ratio to each content kNN.

    Without audio, `recall@20` is from tags alone, and there is no `audio`. `heard`: of the same recommender trained with those
    items' listening, where it is one that learns from listening.
    """
    means = {}
    for model in (*study.models, *BASELINES):
        parts = [
            cast("Mapping[str, list[float]]", part["cold_start"]) for _, part in study.of_model(model) if part.get("cold_start")
        ]
        if parts:
            means[model] = {
                source: spread([float(np.mean(part[source])) for part in parts])
                for source in ("audio_and_tags", "audio", "heard")
                if source in parts[0]
            }
    return {
        model: {
            "recall@20": measured["audio_and_tags"]["mean"],
            **measured,
            "over": {
                baseline: {
                    source: _ratio(cast(float, measured[source]["mean"]), cast(float, means[baseline][source]["mean"]))
                    for source in ("audio_and_tags", "audio")
                    if source in measured and source in means[baseline]
                }
                for baseline in BASELINES
                if baseline in means
            },
        }
        for model, measured in means.items()
    }


def _ratio(value: float, reference: float) -> float | None:
    return value / reference if reference > 0 else None


def _fidelity(parts: Sequence[tuple[int, Part]]) -> list[Json]:
    """By tag, over the seeds whose held-out items have enough of it; the best first."""
    by_tag: dict[str, list[Mapping[str, float]]] = {}
    for _, part in parts:
        for entry in cast("list[Mapping[str, object]]", part.get("fidelity") or []):
            by_tag.setdefault(cast(str, entry["tag"]), []).append(cast("Mapping[str, float]", entry))
    tags: list[Json] = [
        {
            "tag": tag,
            "seeds": len(found),
            "carriers": float(np.mean([entry["carriers"] for entry in found])),
            "roc_auc": float(np.mean([entry["roc_auc"] for entry in found])),
            "average_precision": float(np.mean([entry["average_precision"] for entry in found])),
        }
        for tag, found in by_tag.items()
    ]
    return sorted(tags, key=lambda entry: (-cast(float, entry["roc_auc"]), cast(str, entry["tag"])))
