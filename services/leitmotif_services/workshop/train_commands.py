"""`leitmotif train`: a model from tables of one's own. Imports nothing heavy."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leitmotif.cli.console import fail, needs_extra, print_json, stage_progress, stderr, stdout

if TYPE_CHECKING:
    from leitmotif_services.workshop.listening.loading_report import LoadedListening

EXTRA = "evaluate"
MODELS = ("leitmotif", "apn")

_NPZ = ".npz"


def train(
    interactions: Annotated[
        Path, typer.Option(metavar="CSV", help="Who listened to what: user_id,track_id,count.", exists=True, dir_okay=False)
    ],
    tracks: Annotated[
        Path, typer.Option(metavar="CSV", help="The catalogue: track_id,title,artist.", exists=True, dir_okay=False)
    ],
    out: Annotated[Path, typer.Option(metavar="BUNDLE", help="Where the bundle goes: a folder in it, named by its version.")],
    tags: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="What people call them: track_id,tag,weight,user_id.", exists=True, dir_okay=False),
    ] = None,
    features: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="What they sound like: a table of track_id and numbers, or the NPZ of `leitmotif encoder embed`.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    model: Annotated[str, typer.Option(metavar="|".join(MODELS), help="Kind of model.")] = MODELS[0],
    trials: Annotated[int, typer.Option(min=1, max=1000, help="Settings tried on held-out people, the defaults first.")] = 1,
    seed: Annotated[int, typer.Option(min=0, max=999_999_999, help="Seed of every random draw.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Train on tables of your own and write a bundle that the prototypes service can serve. No audio files are needed.

    Tables are CSV or Parquet. Some people and tracks are held out to measure by; the bundle's model is then trained on all.
    `leitmotif` takes seconds, and memory that grows with what is heard: 1.5 GB for 100,000 tracks and 256 prototypes. Only to
    measure it on new tracks takes a number for every two tracks; that is left out where those are more than half of the
    machine's memory, or more than the GiB that LEITMOTIF_WORKSHOP_SQUARE_MATRICES_GIB allows.

    `apn` is a network, and needs tags or features: it uses a GPU where there is one, goes on where it was when it was stopped,
    and trains in several processes under torchrun:

      leitmotif train --interactions plays.csv --tracks tracks.csv --tags tags.csv --out models

      torchrun --no-python --nproc-per-node 4 leitmotif train --model apn --interactions plays.csv --tracks tracks.csv --out apn
    """
    if model not in MODELS:
        raise typer.BadParameter(f"must be {' or '.join(MODELS)}", param_hint="--model")
    with needs_extra(EXTRA):
        from leitmotif_services.runtime.environment import ConfigurationError
        from leitmotif_services.workshop.listening.table_rows import TableError
        from leitmotif_services.workshop.table_embeddings import with_embeddings
        from leitmotif_services.workshop.table_training import train_tables
    with _processes(model) as first:
        try:
            loaded = _loaded(interactions, tracks, tags, features)
            encoder = None
            if features is not None and features.suffix.lower() == _NPZ:
                loaded, encoder = with_embeddings(loaded, features)
            if first:
                for line in loaded.report.lines():
                    stderr.print(line, markup=False, soft_wrap=True)
            with stage_progress() as show:
                report = train_tables(
                    loaded.data,
                    model=model,
                    out=out,
                    encoder=encoder,
                    trials=trials,
                    seed=seed,
                    first=first,
                    on_progress=show if first else lambda _, __, ___: None,
                )
        except (TableError, ConfigurationError) as error:
            fail(str(error))
        except OSError as error:
            fail(f"{error.filename2 or error.filename or out}: {error.strerror or error}")
        if not first:
            return
        if report.renamed:
            old, new = report.renamed[0]
            stderr.print(f"{len(report.renamed)} tracks have other ids in the bundle, such as {old!r}: {new}", markup=False)
        if report.unmeasured:
            what = "not all" if report.metrics else "nothing"
            stderr.print(f"{what} was measured: {report.unmeasured}", markup=False, soft_wrap=True)
        if as_json:
            print_json(
                {
                    "model_version": report.model_version,
                    "metrics": dict(report.metrics),
                    "bundle": str(report.bundle),
                    "model": model,
                    "settings": dict(report.settings),
                    "prototypes": report.prototypes,
                    "renamed_tracks": [{"track_id": old, "in_bundle": new} for old, new in report.renamed],
                    "data": loaded.report.as_json(),
                    "seconds": round(report.seconds, 3),
                }
            )
            return
        figures = "".join(f", {name} {value:.3f}" for name, value in report.metrics.items())
        stdout.print(f"{model}: {report.prototypes} prototypes{figures}, {report.seconds:.1f} s", markup=False, soft_wrap=True)
        stdout.print(f"bundle: {report.bundle}", markup=False, soft_wrap=True)


def _loaded(interactions: Path, tracks: Path, tags: Path | None, features: Path | None) -> "LoadedListening":
    from leitmotif_services.workshop.listening.tables import TableFiles, load

    with needs_extra("parquet"):
        as_table = features is not None and features.suffix.lower() != _NPZ
        return load(TableFiles(interactions, tracks, tags, features if as_table else None))


@contextmanager
def _processes(model: str) -> Iterator[bool]:
    """Whether this process is the first of those that train together: it alone prints and writes."""
    if model != "apn":
        yield True
        return
    with needs_extra(EXTRA):
        from leitmotif_services.workshop.recommenders.torch_processes import joined_processes
    with joined_processes() as processes:
        yield processes.first
