"""`leitmotif ingest`. Imports nothing heavy: NumPy and the engine come with the first call."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leitmotif.cli import console

if TYPE_CHECKING:
    from leitmotif_services.workshop.ingest import IngestReport

_SHOWN = 20
"""Failed files and rows that are listed one by one."""

_OTHERS_SHOWN = 5


def ingest(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR",
            help="Folder of music, read recursively: WAV, FLAC, OGG (Vorbis or Opus), MP3, M4A, AAC, AIFF, WMA and others.",
            exists=True,
            file_okay=False,
        ),
    ],
    interactions: Annotated[
        Path | None,
        typer.Option(
            metavar="CSV",
            help="Who listened to what: user_id,track_id,count. A track is named by its file name, path or id.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    tags: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="What people call the tracks: track_id,tag,weight.", exists=True, dir_okay=False),
    ] = None,
    out: Annotated[
        Path, typer.Option(metavar="BUNDLE", help="Where the bundle goes: a folder in it, named by the bundle's version.")
    ] = Path("leitmotif-models"),
    prototypes: Annotated[
        int | None, typer.Option(min=1, max=1024, help="How many prototypes; by default as many as the tags and the music give.")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=256, help="Processes that embed; one a core by default.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of every random draw; the same seed gives the same bundle.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Embed a folder of music and build a bundle that the prototypes service can serve.

    Music alone is enough: prototypes are then discovered in the sound. With tags they are anchored on what people say, and with
    interactions the ranking learns from listening. A file that cannot be read is reported, and the others go on. A run
    that was stopped goes on where it was: embeddings are kept in .leitmotif beside the bundle.

    Examples:

      leitmotif ingest ~/Music

      leitmotif ingest ~/Music --tags tags.csv --interactions plays.csv --out models

      leitmotif ingest ~/Music --out models --json | jq -r .bundle
    """
    with console.needs_extra("workshop"):
        from leitmotif_services.audio.engine import DEFAULT_ENCODER
        from leitmotif_services.runtime.errors import ServiceError
        from leitmotif_services.workshop.ingest import IngestError
        from leitmotif_services.workshop.ingest import ingest as run_ingest
        from leitmotif_services.workshop.listening.table_rows import TableError
        from leitmotif_services.workshop.local_embedder import LocalEmbedder
    try:
        with LocalEmbedder(workers=workers) as embedder, console.stage_progress() as show:
            report = run_ingest(
                folder,
                embedder=embedder,
                models_root=out,
                interactions_csv=interactions,
                tags_csv=tags,
                encoder_artifact=DEFAULT_ENCODER,
                prototypes=prototypes,
                seed=seed,
                on_progress=show,
            )
    except (IngestError, TableError, ServiceError) as error:
        console.fail(str(error))
    except OSError as error:
        console.fail(f"{error.filename2 or error.filename or out}: {error.strerror or error}")
    _note_faults(report)
    if as_json:
        console.print_json(
            {
                "tracks": report.tracks,
                "failed": [{"path": failed.path, "reason": failed.reason} for failed in report.failed],
                "seconds": round(report.seconds, 3),
                "bundle": str(report.bundle),
                "model_version": report.model_version,
                "prototypes": report.prototypes,
                "reused_embeddings": report.reused,
                "other_files": report.other_files,
                "passed_over": list(report.passed_over),
                "left_out_rows": [{"file": row.file, "row": row.row, "reason": row.reason} for row in report.left_out_rows],
                "unused_interactions": report.unused_interactions,
                "rare_tags": list(report.rare_tags),
                "metrics": dict(report.metrics),
            }
        )
    else:
        reused = f", {report.reused} of them known from before" if report.reused else ""
        summary = f"{report.tracks} tracks{reused}, {report.prototypes} prototypes, {report.seconds:.1f} s"
        console.stdout.print(summary, markup=False)
        console.stdout.print(f"bundle: {report.bundle}", markup=False, soft_wrap=True)


def _note_faults(report: "IngestReport") -> None:
    lines = [f"{failed.path}: {failed.reason}" for failed in report.failed]
    lines += [f"{fault.file}, row {fault.row}: left out, {fault.reason}" for fault in report.left_out_rows]
    if len(lines) > _SHOWN:
        lines[_SHOWN:] = [f"and {len(lines) - _SHOWN} more; --json lists them all"]
    if report.unused_interactions:
        lines.append(f"{report.unused_interactions} interactions are left out, since their tracks failed")
    if report.rare_tags:
        lines.append(f"{len(report.rare_tags)} tags make no prototype, since too few tracks carry them; --json lists them")
    if report.other_files:
        first = ", ".join(report.passed_over[:_OTHERS_SHOWN])
        more = f", …; --json names {len(report.passed_over)}" if report.other_files > _OTHERS_SHOWN else ""
        lines.append(f"{report.other_files} other files were passed over, by their names no audio: {first}{more}")
    for line in lines:
        console.stderr.print(line, markup=False, soft_wrap=True)
