"""`leitmotif evaluate`: trains recommenders, and measures them side by side."""

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leitmotif.cli.console import fail, needs_extra, print_json, stage_progress, stderr, stdout

if TYPE_CHECKING:
    from leitmotif_services.workshop.comparison.report import Json
    from leitmotif_services.workshop.listening.loading_report import LoadedListening

EXTRA = "evaluate"
WORK_FOLDER = ".leitmotif"
"""Below the results: parts of a study that are finished."""


def evaluate(
    dataset: Annotated[str, typer.Option(metavar="NAME", help="lastfm-2k; tables, of your own; or composed.")],
    path: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            help="Folder of the data set. tables: interactions, tracks, tags, features, each .csv or .parquet; all but the "
            "first may be absent. composed: music is made there.",
            file_okay=False,
        ),
    ],
    seeds: Annotated[str, typer.Option(metavar="LIST", help="Seeds of splits, searches and training.")] = "0,1,2",
    models: Annotated[str, typer.Option(metavar="LIST", help="Names of recommenders; by default all of them.")] = "",
    trials: Annotated[int | None, typer.Option(min=1, max=1000, help="Settings tried for each recommender and seed.")] = None,
    sweeps: Annotated[bool, typer.Option("--sweeps", help="Also vary K of leitmotif, and λ1 and λ2 of apn.")] = False,
    workers: Annotated[int | None, typer.Option(min=1, max=256, help="Processes; one a core by default.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for report, JSON and plots; a run that was stopped goes on."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Train recommenders and baselines, and measure them: accuracy, control, cold start and fidelity.

    For each seed, people are held out whole; each recommender's settings are chosen on validation people, by the same search,
    and measured on test people. Differences to EASE have 95 % intervals. What the data cannot tell is left out, and named.

    lastfm-2k is HetRec 2011's Last.fm data, from https://grouplens.org/datasets/hetrec-2011/, with one file more that is not part
    of it: artist_audio_features.csv, of artistID, acousticness, danceability, energy, instrumentalness, liveness, loudness (dB),
    speechiness, tempo (BPM), valence, mode and key.

    Examples:

      leitmotif evaluate --dataset lastfm-2k --path lastfm-2k --out results

      leitmotif evaluate --dataset tables --path my-listening --models leitmotif,ease --seeds 0 --json
    """
    numbers = _seeds(seeds)
    with needs_extra(EXTRA):
        from leitmotif_services.runtime.environment import ConfigurationError
        from leitmotif_services.workshop.comparison.hyper_parameter_search import TRIALS
        from leitmotif_services.workshop.comparison.markdown_report import (
            accuracy_table,
            cold_start_table,
            control_table,
            not_measured_lines,
        )
        from leitmotif_services.workshop.comparison.report import results_of
        from leitmotif_services.workshop.comparison.study import StudyError, run_study
        from leitmotif_services.workshop.listening.splits import SplitError
        from leitmotif_services.workshop.local_embedder import usable_cores
        from leitmotif_services.workshop.recommenders import registry
        from leitmotif_services.workshop.recommenders.square_matrices import TooManyItemsError

        try:
            names = registry.chosen([name.strip() for name in models.split(",") if name.strip()])
        except registry.UnknownRecommenderError as error:
            raise typer.BadParameter(str(error), param_hint="--models") from error
        for name in names:
            registry.load(name)
        if out is not None:
            import matplotlib  # noqa: F401 - the plots are drawn last, and a missing library should be told first
    loaded = _loaded(dataset, path)
    for line in loaded.report.lines():
        stderr.print(line, markup=False, soft_wrap=True)
    try:
        study = run_study(
            loaded.data,
            seeds=numbers,
            models=names,
            trials=trials or TRIALS,
            sweeps=sweeps,
            work=None if out is None else out / WORK_FOLDER,
            workers=workers or usable_cores(),
            note=_note,
        )
    except (SplitError, StudyError, TooManyItemsError, ConfigurationError) as error:
        fail(str(error))
    except OSError as error:
        fail(f"cannot write {error.filename or out}: {error.strerror or error}")
    results = results_of(study, dataset, loaded.report)
    for line in not_measured_lines(results):
        stderr.print(f"not measured: {line}", markup=False, soft_wrap=True)
    if out is not None:
        _write(results, out)
    if as_json:
        print_json(results)
    else:
        for table in (accuracy_table(results), control_table(results), cold_start_table(results)):
            if table:
                stdout.print(table, markup=False, soft_wrap=True)


def _seeds(text: str) -> tuple[int, ...]:
    seeds = [seed.strip() for seed in text.split(",")]
    if not all(seed.isascii() and seed.isdigit() and len(seed) <= 9 for seed in seeds):
        raise typer.BadParameter("must be whole numbers from 0 on, separated by commas", param_hint="--seeds")
    return tuple(dict.fromkeys(int(seed) for seed in seeds))


def _loaded(dataset: str, path: Path) -> "LoadedListening":
    with needs_extra(EXTRA):
        from leitmotif_services.workshop.listening.data_sets import UnknownDataSetError, load_data_set
        from leitmotif_services.workshop.listening.table_rows import TableError

        try:
            with stage_progress() as show:
                return load_data_set(dataset, path, show)
        except UnknownDataSetError as error:
            raise typer.BadParameter(str(error), param_hint="--dataset") from error
        except TableError as error:
            fail(str(error))
        except OSError as error:
            fail(f"{error.filename or path}: {error.strerror or error}")


def _note(finished: str, done: int, parts: int) -> None:
    stderr.print(f"[{done}/{parts}] {finished}", markup=False, soft_wrap=True)


def _write(results: "Json", out: Path) -> None:
    """results.json, README.md and the plots."""
    from leitmotif_services.workshop.comparison.markdown_report import markdown_of
    from leitmotif_services.workshop.comparison.matplotlib_plots import write_plots

    try:
        out.mkdir(parents=True, exist_ok=True)
        plots = write_plots(results, out)
        command = shlex.join(["leitmotif", *sys.argv[1:]])
        (out / "README.md").write_text(markdown_of(results, command, plots), "utf-8")
        (out / "results.json").write_text(json.dumps(results, ensure_ascii=False, indent=2, allow_nan=False) + "\n", "utf-8")
    except OSError as error:
        fail(f"cannot write {error.filename or out}: {error.strerror or error}")
