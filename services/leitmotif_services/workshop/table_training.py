"""Trains a model on somebody's own tables and writes it as a bundle."""

import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from leitmotif_services.prototypes.bundle_writing import write_bundle
from leitmotif_services.prototypes.model_arrays import MAGNITUDE_LIMIT
from leitmotif_services.prototypes.prototype import Fidelity
from leitmotif_services.workshop.comparison.accuracy import measure_accuracy
from leitmotif_services.workshop.comparison.cold_start import cold_recall, cold_split
from leitmotif_services.workshop.comparison.fidelity import measure_fidelity
from leitmotif_services.workshop.comparison.finished_parts import hash_of_data, part_key
from leitmotif_services.workshop.comparison.hyper_parameter_search import settings_to_try, try_settings
from leitmotif_services.workshop.listening.listening_data import HeldOutPeople, ListeningData, Split, TrainingData
from leitmotif_services.workshop.listening.splits import SplitError, split, training_data
from leitmotif_services.workshop.listening.table_rows import TableError
from leitmotif_services.workshop.recommender_bundle import Encoder, bundle_content, encoder_of_columns
from leitmotif_services.workshop.recommenders import registry
from leitmotif_services.workshop.recommenders.apn import Apn
from leitmotif_services.workshop.recommenders.apn_items import item_inputs
from leitmotif_services.workshop.recommenders.apn_scorer import ApnScorer
from leitmotif_services.workshop.recommenders.leitmotif_scorer import LeitmotifScorer
from leitmotif_services.workshop.recommenders.recommender import Recommender, Setting
from leitmotif_services.workshop.recommenders.square_matrices import TooManyItemsError
from leitmotif_services.workshop.track_naming import unique_ids

MODELS = ("leitmotif", "apn")

WORK_FOLDER = ".leitmotif"
"""Below the bundles: the state of training, for a run that is broken off to go on from."""

WEAK_BELOW = 0.7
"""A prototype whose ROC-AUC is lower says so wherever it is shown."""

FEWEST_TRACKS = 2

Progress = Callable[[str, int, int], None]
Settings = dict[str, Setting]


@dataclass(frozen=True)
class TrainingReport:
    """What came of it."""

    bundle: Path
    model_version: str
    metrics: Mapping[str, float]
    settings: Mapping[str, Setting]
    prototypes: int
    renamed: tuple[tuple[str, str], ...]
    """Tracks whose id no service takes as it is, with the one that stands for it."""
    unmeasured: str
    """Why there are no metrics, or none of new tracks; empty where there are."""
    seconds: float


def train_tables(
    data: ListeningData,
    *,
    model: str,
    out: Path,
    encoder: Encoder | None = None,
    trials: int = 1,
    seed: int = 0,
    first: bool = True,
    on_progress: Progress = lambda _, __, ___: None,
) -> TrainingReport:
    """Choose settings on validation people, measure on test people, then train on everybody and write the bundle below `out`.

    `model`: one of MODELS. `trials`: settings that are tried, the defaults first. Where there are too few people to hold some
    out, the defaults are used and nothing is measured; where tracks are too many for the kernel of new ones, those are not.
    `first`: whether this process writes the bundle; of several, one does. The metrics are those of a model trained without the
    people and tracks that it is measured on. TableError for data that cannot be trained on.
    """
    started = time.monotonic()
    _check(data)
    kept = _Checkpoints(out / WORK_FOLDER, data, model, seed)
    everybody = np.arange(len(data.user_ids))
    training = training_data(data, everybody, everybody[:0])
    if model == "apn":
        _check_inputs(training)
    settings, unmeasured = registry.load(model).space.defaults, ""
    metrics: dict[str, float] = {}
    fidelity: dict[str, Fidelity] = {}
    try:
        divided = split(data, seed)
    except SplitError as error:
        unmeasured = str(error)
    else:
        settings, metrics = _chosen(kept, divided, trials, on_progress)
        try:
            found, fidelity = _cold_measures(kept, data, divided, settings, on_progress)
            metrics |= found
        except TooManyItemsError as error:
            unmeasured = f"new tracks: {error}"
    scorer = kept.fit(training, settings, "all", None, on_progress)
    on_progress("bundle", 0, 1)
    track_ids = unique_ids(data.item_ids)
    try:
        content = bundle_content(
            scorer,
            data,
            training,
            track_ids,
            encoder=encoder or encoder_of_columns(data.audio_names),
            fidelity=fidelity,
            metrics=metrics,
        )
        bundle = write_bundle(content, out, encoder_artifact=None) if first else out
    except ValueError as error:
        raise TableError(f"no bundle can hold what {model} made of so little that differs between people: {error}") from error
    if first:
        kept.remove()
    return TrainingReport(
        bundle=bundle,
        model_version=bundle.name if first else "",
        metrics=metrics,
        settings=settings,
        prototypes=len(content.prototypes),
        renamed=tuple((old, new) for old, new in zip(data.item_ids, track_ids, strict=True) if old != new),
        unmeasured=unmeasured,
        seconds=time.monotonic() - started,
    )


class _Checkpoints:
    """Fits one model, each fit with a state of its own that it goes on from."""

    def __init__(self, folder: Path, data: ListeningData, model: str, seed: int) -> None:
        self._folder = folder
        self._hash = hash_of_data(data)
        self._model = model
        self._written: list[Path] = []
        self.seed = seed

    def recommender(self, settings: Settings, stage: str) -> Recommender:
        if self._model != "apn":
            return registry.load(self._model)
        self._folder.mkdir(parents=True, exist_ok=True)
        key = part_key(self._hash, (Apn.__module__,), {**settings, "stage": stage, "seed": self.seed})
        self._written.append(self._folder / f"apn-{key}.pt")
        return Apn(checkpoint=self._written[-1])

    def remove(self) -> None:
        """Forget all fits, once the bundle is written: nothing goes on from them any more."""
        for path in self._written:
            path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # another run may have states of its own there
            self._folder.rmdir()

    def fit(
        self, training: TrainingData, settings: Settings, stage: str, validation: HeldOutPeople | None, on_progress: Progress
    ) -> ApnScorer | LeitmotifScorer:
        scorer = self.recommender(settings, stage).fit(
            training, settings, seed=self.seed, validation=validation, advance=_percent(f"training, {stage}", on_progress)
        )
        if not isinstance(scorer, ApnScorer | LeitmotifScorer):
            raise TypeError(f"{self._model} makes no model that a bundle can hold")
        return scorer


def _chosen(kept: _Checkpoints, divided: Split, trials: int, on_progress: Progress) -> tuple[Settings, dict[str, float]]:
    """The settings that are best on validation people, and their accuracy on test people."""
    space = kept.recommender({}, "space").space
    tried = []
    for number, settings in enumerate(settings_to_try(space, trials=trials, seed=kept.seed), start=1):
        stage = f"settings {number}"
        advance = _percent(stage, on_progress)
        tried.append(try_settings(kept.recommender(settings, stage), divided, settings, advance=advance))
    settings = max(tried, key=lambda trial: trial.ndcg100).settings
    scorer = kept.fit(divided.training_with_validation, settings, "to be measured", None, on_progress)
    accuracy = measure_accuracy(scorer, divided.test).by_name()
    return settings, {name: float(values.mean()) for name, values in accuracy.items()}


def _cold_measures(
    kept: _Checkpoints, data: ListeningData, divided: Split, settings: Settings, on_progress: Progress
) -> tuple[dict[str, float], dict[str, Fidelity]]:
    """Recall@20 of tracks that nobody heard, and how well prototypes agree with their tags on those, from audio alone."""
    cold = cold_split(data, divided) if data.audio.shape[1] else None
    if cold is None:
        return {}, {}
    scorer = kept.fit(cold.training, settings, "without new tracks", None, on_progress)
    recall = cold_recall(scorer.cold_scores(cold.test.history, cold.audio, cold.tag_counts), cold.test)
    measured = measure_fidelity(scorer, scorer, cold)
    fidelity = {one.tag: Fidelity(one.roc_auc, one.average_precision, one.carriers, one.roc_auc < WEAK_BELOW) for one in measured}
    metrics = {"cold_start_recall@20": float(recall.mean())}
    if measured:
        metrics["tag_roc_auc_mean"] = float(np.mean([one.roc_auc for one in measured]))
        metrics["tag_roc_auc_weak"] = float(sum(one.weak for one in fidelity.values()))
    return metrics, fidelity


def _check(data: ListeningData) -> None:
    if len(data.item_ids) < FEWEST_TRACKS:
        raise TableError(f"{len(data.item_ids)} tracks are left, {FEWEST_TRACKS} are the fewest")
    for name, column in zip(data.audio_names, data.audio.T, strict=True):
        if not np.isfinite(column).any():
            raise TableError(f"the feature {name!r} is known of no track")
        if float(np.nanmax(np.abs(column))) > MAGNITUDE_LIMIT:
            raise TableError(f"the feature {name!r} holds values above {MAGNITUDE_LIMIT:g}: give it in other units")


def _check_inputs(training: TrainingData) -> None:
    inputs = item_inputs(training).of(training.audio, training.tag_counts)
    if not np.ptp(inputs, axis=0).any():
        raise TableError(
            "apn tells tracks apart by their tags and their sound, and knows nothing that differs: give --tags or --features, or "
            "train --model leitmotif, which learns from listening alone"
        )


def _percent(stage: str, on_progress: Progress) -> Callable[[float], None]:
    done = 0.0

    def advance(share: float) -> None:
        nonlocal done
        done += share
        on_progress(stage, min(100, round(100 * done)), 100)

    on_progress(stage, 0, 100)
    return advance
