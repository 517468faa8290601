"""A study's figures as Markdown tables."""

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np

from leitmotif_services.workshop.comparison.accuracy import METRICS
from leitmotif_services.workshop.comparison.report import Json
from leitmotif_services.workshop.comparison.study_part import BASELINES

_SHOWN_TAGS = 10
_MEANING = {
    "Accuracy": (
        "Test people were held out whole; of each, a fifth of the items is to be found. The difference to the reference is over "
        "all people of all seeds, with a 95 % bootstrap interval that draws people, each with both figures."
    ),
    "Control": (
        "One tag at a time, of the 50 most used that at least 20 items carry, judged by people's tags. Share: of the tag among "
        "the 20 items at the top. Monotone: portion of people and tags whose share never falls as the edit grows (0, 0.25, 0.5, "
        "1, 2). NDCG@100 kept, and collateral, the Jensen-Shannon divergence in bits of the other tags at the top: where an edit "
        "has raised the share by 0.25, or where a bonus for all that carries the tag has. A random edit is one of another "
        "prototype, of that size."
    ),
    "Cold start": (
        "A tenth of the items, which training saw nobody hear, ranked among themselves for people who heard one of them. The "
        "last column is of the same recommender trained with those items' listening: what there is to reach. Content kNN: "
        "with tags and audio in the parts that are best on validation people, and in equal parts (even)."
    ),
    "Fidelity": "Of affinities that are computed from audio alone for those items, against who carries the prototype's tag.",
}
_HELD = {"users": "people", "items": "items", "pairs": "pairs", "tag_assignments": "tag assignments"}

Entry = Mapping[str, object]


def markdown_of(results: Json, command: str, plots: Sequence[str]) -> str:
    """The report: `command` made it, and the files `plots` lie beside it."""
    dataset = cast(Entry, results["dataset"])
    seeds = cast("list[int]", results["seeds"])
    made = (
        f"Made by `{command}`. Each recommender: the best of up to {results['trials']} settings on validation people, then "
        f"trained on training and validation people, measured on test people; {_figures(seeds)}."
    )
    held = ", ".join(f"{dataset[key]} {name}" for key, name in _HELD.items()) + "."
    sections = [f"# Recommenders on {dataset['name']}", made, held]
    tables = {
        "Accuracy": accuracy_table(results),
        "Control": control_table(results),
        "Cold start": cold_start_table(results),
        "Fidelity": _fidelity(results),
    }
    for heading, table in tables.items():
        if table:
            sections += [f"## {heading}", _MEANING[heading], table]
    sections += [f"![{name.removesuffix('.png').replace('-', ' ')}]({name})" for name in plots]
    if not_measured := not_measured_lines(results):
        sections += ["## Not measured", "\n".join(f"- {line}" for line in not_measured)]
    sections += ["## Settings that were chosen", _settings(results)]
    sections += ["## Left out while loading", _rows_told(dataset, "left_out")]
    if dataset["noted"]:
        sections += ["## Noted while loading", _rows_told(dataset, "noted")]
    return "\n\n".join(sections) + "\n"


def accuracy_table(results: Json) -> str:
    """One row for each recommender, the best NDCG@100 first, with the difference to the reference."""
    reference = cast(str, results["reference"])
    models = cast("Mapping[str, Entry]", results["models"])
    with_reference = any(f"against_{reference}" in model for model in models.values())
    header = ["model", *(metric.replace("ndcg", "NDCG").replace("recall", "Recall") for metric in METRICS)]
    rows = []
    for name, model in sorted(models.items(), key=lambda entry: -_mean(entry[1], METRICS[0])):
        row = [name, *(_spread(model[metric]) for metric in METRICS)]
        if with_reference:
            row.append(_difference(cast("Mapping[str, Entry] | None", model.get(f"against_{reference}"))))
        rows.append(row)
    return _table([*header, *([f"NDCG@100 less that of {reference} [95 %]"] if with_reference else [])], rows)


def _difference(against: Mapping[str, Entry] | None) -> str:
    if against is None:
        return ""
    found = against[METRICS[0]]
    return f"{found['difference']:+.4f} [{found['low']:+.4f}, {found['high']:+.4f}]"


def control_table(results: Json) -> str:
    """One row for each steerable recommender; empty without any."""
    rows = []
    for name, control in cast("Mapping[str, Entry]", results["control"]).items():
        reranking = cast(Entry, control["reranking"])
        tags = cast("list[int]", control["tags"])
        rows.append(
            [
                name,
                *(f"{control[key]:.4f}" for key in ("monotone", "mute_share", "price")),
                f"{reranking['price']:.4f}",
                f"{control['price_share']:.3f}",
                f"{control['collateral']:.4f}",
                f"{reranking['collateral']:.4f}",
                f"{control['random_rise']:+.4f}",
                f"{control['reached']:.3f}",
                f"{np.mean(tags):.0f}",
            ]
        )
    header = [
        "model", "monotone", "share after mute", "NDCG@100 kept", "kept by re-ranking", "at a rise of", "collateral",
        "collateral of re-ranking", "rise by a random edit", "tags reached", "tags",
    ]  # fmt: skip
    return _table(header, rows) if rows else ""


def cold_start_table(results: Json) -> str:
    """One row for each recommender that scores new items, and for content kNN; empty without any."""
    rows = []
    for name, measured in cast("Mapping[str, Entry]", results["cold_start"]).items():
        over = cast("Mapping[str, Mapping[str, float | None]]", measured["over"])
        row = [name]
        for source in ("audio_and_tags", "audio"):
            row.append(_spread(measured[source]) if source in measured else "")
            row += [f"{ratio:.2f}" if (ratio := over[baseline].get(source)) else "" for baseline in _compared(source)]
        rows.append([*row, _spread(measured["heard"]) if "heard" in measured else ""])
    header = ["model"]
    for source, title in (("audio_and_tags", "audio and tags"), ("audio", "audio")):
        header += [f"Recall@20, {title}", *(f"over {baseline}" for baseline in _compared(source))]
    header.append("Recall@20 when heard")
    return _table(header, rows) if rows else ""


def _compared(source: str) -> tuple[str, ...]:
    """From audio alone, the baselines are the same."""
    return tuple(BASELINES) if source == "audio_and_tags" else tuple(BASELINES)[:1]


def not_measured_lines(results: Json) -> list[str]:
    """What was left out, and why, one line each."""
    return [f"{entry['what']}: {entry['why']}" for entry in cast("list[Entry]", results["not_measured"])]


def _figures(seeds: Sequence[int]) -> str:
    if len(seeds) == 1:
        return f"with seed {seeds[0]} alone, so that nothing tells how far the figures would vary"
    return f"mean ± standard deviation over seeds {', '.join(map(str, seeds))}"


def _spread(measured: object) -> str:
    """One value has no standard deviation."""
    found = cast(Entry, measured)
    several = len(cast("list[float]", found["values"])) > 1
    return f"{found['mean']:.4f}" + (f" ± {found['sd']:.4f}" if several else "")


def _fidelity(results: Json) -> str:
    rows = []
    for name, tags in cast("Mapping[str, list[Entry]]", results["fidelity"]).items():
        auc = [cast(float, tag["roc_auc"]) for tag in tags]
        precision = [cast(float, tag["average_precision"]) for tag in tags]
        best = ", ".join(f"{tag['tag']} {tag['roc_auc']:.2f}" for tag in tags[:_SHOWN_TAGS])
        worst = ", ".join(f"{tag['tag']} {tag['roc_auc']:.2f}" for tag in tags[-_SHOWN_TAGS:])
        rows.append(
            [name, str(len(tags)), f"{np.mean(auc):.3f}", f"{np.median(auc):.3f}", f"{np.mean(precision):.3f}", best, worst]
        )
    header = ["model", "prototypes", "mean ROC-AUC", "median ROC-AUC", "mean average precision", "best", "worst"]
    return _table(header, rows) if rows else ""


def _settings(results: Json) -> str:
    rows = []
    for name, model in cast("Mapping[str, Entry]", results["models"]).items():
        for seed, settings in cast("Mapping[str, Entry]", model["settings"]).items():
            chosen = ", ".join(f"{setting} {value}" for setting, value in settings.items())
            rows.append([name, seed, chosen or "none to choose"])
    return _table(["model", "seed", "settings"], rows)


def _rows_told(dataset: Entry, kind: str) -> str:
    rows = [
        [str(entry["file"]), str(entry["reason"]), str(entry["count"]), "; ".join(cast("list[str]", entry["examples"])[:3])]
        for entry in cast("list[Entry]", dataset[kind])
    ]
    return _table(["file", "reason" if kind == "left_out" else "what", "count", "the first"], rows) if rows else "Nothing."


def _mean(model: Entry, metric: str) -> float:
    return cast(float, cast(Entry, model[metric])["mean"])


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
