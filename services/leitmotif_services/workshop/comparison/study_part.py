"""One part of a study: one recommender with one seed, searched, trained and measured from beginning to end."""

import time
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.workshop.comparison.accuracy import measure_accuracy
from leitmotif_services.workshop.comparison.cold_start import ColdSplit, cold_recall, cold_split, recall_when_heard
from leitmotif_services.workshop.comparison.content_neighbours import ANY_PARTS, AUDIO_ALONE, EQUAL_PARTS, content_neighbours
from leitmotif_services.workshop.comparison.control import measure_control
from leitmotif_services.workshop.comparison.fidelity import measure_fidelity
from leitmotif_services.workshop.comparison.finished_parts import Part
from leitmotif_services.workshop.comparison.hyper_parameter_search import Settings, Trial, search, swept
from leitmotif_services.workshop.comparison.judged_tags import judged_tags
from leitmotif_services.workshop.comparison.known_content import KnownContent, known_content
from leitmotif_services.workshop.listening.listening_data import ListeningData
from leitmotif_services.workshop.listening.splits import split
from leitmotif_services.workshop.recommenders import registry
from leitmotif_services.workshop.recommenders.recommender import (
    Advance,
    ColdStartScorer,
    NewItemAffinities,
    Recommender,
    Scorer,
    SteerableScorer,
)

Doubles = NDArray[np.float64]

CONTENT_NEIGHBOURS = "content-neighbours"
"""The cold start's baseline, under the names of recommenders: tags and audio in the parts that are best on validation people."""

EVEN_CONTENT_NEIGHBOURS = "content-neighbours-even"
"""The same with tags and audio in equal parts."""

BASELINES = {CONTENT_NEIGHBOURS: ANY_PARTS, EVEN_CONTENT_NEIGHBOURS: EQUAL_PARTS}
"""Weights of the tags that each chooses from."""


@dataclass(frozen=True)
class Task:
    """What one part is to do."""

    kind: str
    """measure, sweep or baseline."""
    model: str
    seed: int
    trials: int
    swept: str = ""
    """The setting that a sweep varies."""
    settings: tuple[tuple[str, float | int | str], ...] = ()
    """What a sweep leaves as it is."""

    @property
    def label(self) -> str:
        return f"{self.model}, {'sweep of ' + self.swept if self.swept else f'seed {self.seed}'}"

    @property
    def modules(self) -> tuple[str, ...]:
        """Whose code decides the figures."""
        return (__name__,) if self.kind == "baseline" else (__name__, registry.module_of(self.model))


def run_task(data: ListeningData, task: Task, advance: Advance) -> Part:
    """Do it. Deterministic on one machine, save for the times."""
    started, cpu_started = time.perf_counter(), time.process_time()
    divided, content = split(data, task.seed), known_content(data)
    if task.kind == "baseline":
        return _baseline(cold_split(data, divided), BASELINES[task.model], content)
    recommender = registry.load(task.model)
    if task.kind == "sweep":
        trials = swept(recommender, divided, dict(task.settings), task.swept, note=lambda _: advance(0.0))
        return {"trials": _as_json(trials), "seconds": time.perf_counter() - started}
    found = search(recommender, divided, trials=task.trials, advance=lambda share: advance(0.6 * share))
    searched = time.perf_counter()
    settings = found.best.settings
    scorer = recommender.fit(
        divided.training_with_validation, settings, seed=task.seed, validation=None, advance=lambda share: advance(0.1 * share)
    )
    fitted = time.perf_counter()
    accuracy = measure_accuracy(scorer, divided.test).by_name()
    part: Part = {
        "settings": settings,
        "trials": _as_json(found.trials),
        "accuracy": {name: values.tolist() for name, values in accuracy.items()},
        "search_s": searched - started,
        "fit_s": fitted - searched,
    }
    if isinstance(scorer, SteerableScorer):
        tags = judged_tags(divided.training_with_validation)
        control = measure_control(scorer, divided.test, tags, seed=task.seed, advance=lambda share: advance(0.2 * share))
        part["control"] = asdict(control) if control else None
    if isinstance(scorer, ColdStartScorer) and content.sources:
        cold = cold_split(data, divided)
        part |= _cold_start(recommender, settings, task.seed, cold, scorer, content) if cold else {}
    part |= {"seconds": time.perf_counter() - started, "cpu_s": time.process_time() - cpu_started}
    return part


def _cold_start(
    recommender: Recommender, settings: Settings, seed: int, cold: ColdSplit, whole: Scorer, content: KnownContent
) -> Part:
    """With the settings as they were chosen; trained again without the cold items. `whole` saw them heard."""
    scorer = recommender.fit(cold.training, settings, seed=seed, validation=None, advance=lambda _: None)
    if not isinstance(scorer, ColdStartScorer):
        return {}
    tag_counts = {"audio_and_tags": cold.tag_counts, "audio": None}
    recall = {
        source: cold_recall(scorer.cold_scores(cold.test.history, cold.audio, tag_counts[source]), cold.test).tolist()
        for source in content.sources
    }
    part: Part = {"cold_start": {**recall, "heard": recall_when_heard(whole, cold).tolist()}}
    if content.audio and isinstance(scorer, NewItemAffinities) and isinstance(scorer, SteerableScorer):
        part["fidelity"] = [asdict(tag) for tag in measure_fidelity(scorer, scorer, cold)]
    return part


def _baseline(cold: ColdSplit | None, tag_weights: tuple[float, ...], content: KnownContent) -> Part:
    if cold is None:
        return {}
    with_tags = content_neighbours(cold, tag_weights=tag_weights)
    settings: dict[str, object] = {"audio_and_tags": {"neighbours": with_tags.neighbours, "tag_weight": with_tags.tag_weight}}
    recall = {"audio_and_tags": with_tags.recall20.tolist()}
    if content.audio:
        audio = content_neighbours(cold, tag_weights=AUDIO_ALONE)
        settings["audio"] = {"neighbours": audio.neighbours}
        recall["audio"] = audio.recall20.tolist()
    return {"settings": settings, "cold_start": recall}


def _as_json(trials: tuple[Trial, ...]) -> list[dict[str, object]]:
    """A trial that did not end in finite scores has null."""
    return [{"settings": trial.settings, "ndcg@100": trial.ndcg100 if np.isfinite(trial.ndcg100) else None} for trial in trials]
