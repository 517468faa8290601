"""Runs a study: recommenders times seeds, in processes beside each other, going on where an earlier run was stopped."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from leitmotif_services.workshop.comparison.finished_parts import FinishedParts, Part, hash_of_data, part_key
from leitmotif_services.workshop.comparison.hyper_parameter_search import TRIALS
from leitmotif_services.workshop.comparison.known_content import NotMeasured, known_content
from leitmotif_services.workshop.comparison.study_part import BASELINES, Task, run_task
from leitmotif_services.workshop.listening.listening_data import ListeningData
from leitmotif_services.workshop.recommenders import registry


class StudyError(Exception):
    """A study that ended before it was done; finished parts are kept. The text is one sentence for a person."""


Note = Callable[[str, int, int], None]
"""Told what was finished, how many parts are finished, and how many there are."""

_THREAD_LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Study:
    """What was asked for, and what was found."""

    seeds: tuple[int, ...]
    models: tuple[str, ...]
    """Those that were measured."""
    trials: int
    parts: dict[Task, Part]
    seconds: float
    reused: int
    """Parts that an earlier run had finished."""
    not_measured: tuple[NotMeasured, ...] = ()

    def of_model(self, model: str) -> list[tuple[int, Part]]:
        """Its measures by seed, in the order of the seeds."""
        return [(task.seed, part) for task, part in self.parts.items() if task.model == model and task.kind != "sweep"]

    def sweeps(self) -> list[tuple[Task, Part]]:
        return [(task, part) for task, part in self.parts.items() if task.kind == "sweep"]


def run_study(
    data: ListeningData,
    *,
    seeds: Sequence[int],
    models: Sequence[str],
    trials: int = TRIALS,
    sweeps: bool = False,
    work: Path | None = None,
    workers: int = 1,
    note: Note = lambda _, __, ___: None,
) -> Study:
    """Measure every model with every seed.

    `models`: names of the registry. `work`: the folder that finished parts are kept in; a part is found again only where data,
    code, library versions and settings are the same. `workers`: processes beside each other, of one thread each, so that the
    figures do not depend on how many there are. `sweeps`: also vary the settings of `registry.SWEPT` with the first seed.
    What the data tells too little for is left out, and told. SplitError where the data is too small, StudyError where a process
    ended or nothing is left.
    """
    started = time.perf_counter()
    content = known_content(data)
    not_measured = content.not_measured(models)
    why = {left_out.what: left_out.why for left_out in not_measured}
    if models and all(model in why for model in models):
        raise StudyError(f"{models[0]} cannot be measured: {why[models[0]]}")
    models = [model for model in models if model not in why]
    runner = _Runner(data, FinishedParts(work), workers, note)
    measures = [Task("measure", model, seed, trials) for model in _longest_first(models) for seed in seeds]
    baselines = [Task("baseline", baseline, seed, 0) for baseline in BASELINES for seed in seeds if content.sources]
    planned = [(model, name) for model in models for name in registry.SWEPT.get(model, ())] if sweeps else []
    runner.expect(len(measures) + len(baselines) + len(planned))
    parts = runner.run([*measures, *baselines])
    sweep_tasks = []
    for model, name in planned:
        chosen = cast("dict[str, float | int | str]", parts[Task("measure", model, seeds[0], trials)]["settings"])
        sweep_tasks.append(Task("sweep", model, seeds[0], trials, name, tuple(sorted(chosen.items()))))
    parts |= runner.run(sweep_tasks)
    return Study(tuple(seeds), tuple(models), trials, parts, time.perf_counter() - started, runner.reused, not_measured)


class _Runner:
    def __init__(self, data: ListeningData, finished: FinishedParts, workers: int, note: Note) -> None:
        self._data = data
        self._hash = hash_of_data(data)
        self._finished = finished
        self._workers = workers
        self._note = note
        self._done = self._expected = self.reused = 0

    def expect(self, parts: int) -> None:
        self._expected = parts

    def run(self, tasks: Sequence[Task]) -> dict[Task, Part]:
        """The parts of the tasks, in their order."""
        parts: dict[Task, Part] = {}
        for task in tasks:
            kept = self._finished.find(self._key(task))
            if kept is not None:
                parts[task] = kept
                self.reused += 1
                self._tell(task, kept, "known from before")
        for task, part in self._computed([task for task in tasks if task not in parts]):
            self._finished.keep(self._key(task), part)
            parts[task] = part
            self._tell(task, part, f"{cast(float, part['seconds']):.0f} s" if "seconds" in part else "")
        return {task: parts[task] for task in tasks}

    def _computed(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Part]]:
        if not tasks:
            return
        others = set(multiprocessing.active_children())
        pool = ProcessPoolExecutor(
            max_workers=max(1, min(self._workers, len(tasks))),
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_begin,
            initargs=(self._data,),
        )
        try:
            with _one_thread_each():
                running: dict[Future[Part], Task] = {pool.submit(_run, task): task for task in tasks}
            for future in as_completed(running):
                yield running[future], future.result()
        except BrokenProcessPool as error:
            raise StudyError("a process that measured ended, most likely for want of memory; try --workers 1") from error
        except BaseException:
            # What is under way may take minutes, and nobody waits for it any more.
            for process in set(multiprocessing.active_children()) - others:
                process.terminate()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _key(self, task: Task) -> str:
        settings = {"kind": task.kind, "seed": task.seed, "trials": task.trials, "swept": task.swept, "settings": task.settings}
        return part_key(self._hash, task.modules, {**settings, "model": task.model})

    def _tell(self, task: Task, part: Part, how: str) -> None:
        self._done += 1
        accuracy = part.get("accuracy")
        figure = ""
        if isinstance(accuracy, dict):
            values = accuracy["ndcg@100"]
            figure = f"NDCG@100 {sum(values) / len(values):.4f}"
        detail = ", ".join(text for text in (figure, how) if text)
        self._note(f"{task.label}{': ' if detail else ''}{detail}", self._done, self._expected)


def _longest_first(models: Sequence[str]) -> list[str]:
    """Those that are trained in epochs first: no process then waits at the end for one long part of another."""
    return sorted(models, key=lambda model: "epochs" not in registry.load(model).space.choices)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Processes that start in the block use one thread for linear algebra."""
    before = {name: os.environ.get(name) for name in _THREAD_LIMITS}
    os.environ.update(dict.fromkeys(_THREAD_LIMITS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


_DATA: list[ListeningData] = []
"""Of a worker process: what it was started with."""


def _begin(data: ListeningData) -> None:
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C reaches every process of the terminal; the first of them ends the others
    _DATA[:] = [data]


def _run(task: Task) -> Part:
    return run_task(_DATA[0], task, lambda _: None)
