"""A study's figures as plots, drawn without a display."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from leitmotif_services.workshop.comparison.report import Json

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Entry = Mapping[str, object]

_DOTS_PER_INCH = 150
_NAMED_PROTOTYPES = 60
"""More than so many have no room for their names."""


def write_plots(results: Json, folder: Path) -> list[str]:
    """Write a PNG for each thing that was measured; returns the names of the files."""
    plots: dict[str, tuple[object, Callable[[Json, Axes], None]]] = {
        "accuracy": (results["models"], _accuracy),
        "promotion": (results["control"], _promotion),
        "price": (results["control"], _price),
        "fidelity": (results["fidelity"], _fidelity),
    }
    written = [_drawn(folder / f"{name}.png", results, draw) for name, (measured, draw) in plots.items() if measured]
    for sweep in cast("list[Entry]", results["sweeps"]):
        name = f"sweep-{sweep['model']}-{sweep['setting']}.png"
        written.append(_drawn(folder / name, results, partial(_sweep, sweep)))
    return written


def _drawn(path: Path, results: Json, draw: Callable[[Json, "Axes"], None]) -> str:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.0, 5.0), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    draw(results, axes)
    axes.grid(visible=True, alpha=0.3)
    figure.savefig(path, dpi=_DOTS_PER_INCH, metadata={"Software": None})  # the same figures give the same file
    return path.name


def _accuracy(results: Json, axes: "Axes") -> None:
    models = cast("Mapping[str, Mapping[str, Entry]]", results["models"])
    ordered = sorted(models, key=lambda name: cast(float, models[name]["ndcg@100"]["mean"]))
    means = [cast(float, models[name]["ndcg@100"]["mean"]) for name in ordered]
    deviations = [cast(float, models[name]["ndcg@100"]["sd"]) for name in ordered]
    axes.barh(ordered, means, xerr=deviations, color="tab:blue", ecolor="black", capsize=3)
    axes.set_xlabel("NDCG@100, mean and standard deviation over seeds")


def _promotion(results: Json, axes: "Axes") -> None:
    for name, control in cast("Mapping[str, Entry]", results["control"]).items():
        doses = cast("list[float]", control["doses"])
        [line] = axes.plot(doses, cast("list[float]", control["share"]), marker="o", label=f"{name}: share in the top 20")
        gain, label = cast("list[float]", control["tag_ndcg"]), f"{name}: tag-NDCG@20"
        axes.plot(doses, gain, marker="s", ls=":", color=line.get_color(), label=label)
    axes.set_xlabel("size of the edit")
    axes.set_ylabel("of the promoted tag")
    axes.set_ylim(0.0, 1.0)
    axes.legend(fontsize="small")


def _price(results: Json, axes: "Axes") -> None:
    for name, control in cast("Mapping[str, Entry]", results["control"]).items():
        color = None
        for kind, steering, style in (("edit", control, "-"), ("re-ranking", cast(Entry, control["reranking"]), "--")):
            share, kept = (np.array(cast("list[float]", steering[key])) for key in ("share", "kept"))
            [line] = axes.plot(share - share[0], kept, style, marker="o", color=color, label=f"{name}, {kind}")
            color = line.get_color()
    axes.set_xlabel("share gained by the promoted tag in the top 20")
    axes.set_ylabel("NDCG@100 kept")
    axes.legend(fontsize="small")


def _fidelity(results: Json, axes: "Axes") -> None:
    everything = cast("Mapping[str, list[Entry]]", results["fidelity"])
    for name, tags in everything.items():
        values = [cast(float, tag["roc_auc"]) for tag in tags]
        axes.plot(range(len(values)), values, ".", label=f"{name}: median {np.median(values):.2f}")
    tags = next(iter(everything.values()))
    if len(everything) == 1 and len(tags) <= _NAMED_PROTOTYPES:
        axes.set_xticks(range(len(tags)), [str(tag["tag"]) for tag in tags], rotation=90, fontsize="xx-small")
    axes.axhline(0.5, color="grey", ls="--", label="chance")
    axes.set_xlabel("prototypes, the best first")
    axes.set_ylabel("ROC-AUC of the affinity from audio, on held-out items")
    axes.legend(fontsize="small")


def _sweep(sweep: Entry, _: Json, axes: "Axes") -> None:
    setting = cast(str, sweep["setting"])
    trials = [trial for trial in cast("list[Entry]", sweep["trials"]) if trial["ndcg@100"] is not None]
    values = [cast(Entry, trial["settings"])[setting] for trial in trials]
    labels = [value if isinstance(value, str) else f"{value:g}" for value in values]
    axes.plot(labels, [cast(float, trial["ndcg@100"]) for trial in trials], marker="o")
    axes.set_xlabel(f"{sweep['model']}: {setting}")
    axes.set_ylabel("NDCG@100 of validation people")
