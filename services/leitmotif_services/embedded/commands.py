"""`leitmotif up` and `leitmotif demo`."""

import asyncio
import contextlib
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leitmotif.cli.console import fail, needs_extra, print_json, stage_progress, stderr, stdout

if TYPE_CHECKING:
    from leitmotif_services.embedded.demo import Demo

DEFAULT_PORT = 50050

_DEFAULT_DATA = "~/.leitmotif"

PortOption = Annotated[
    int,
    typer.Option("--port", min=0, max=65_535, help="Port of the public API on the loopback interface; 0 takes a free one."),
]
RedisOption = Annotated[
    str | None,
    typer.Option("--redis", help="URL of a Redis to use instead of the embedded one.", envvar="LEITMOTIF_REDIS_URL"),
]
DataOption = Annotated[
    Path, typer.Option("--data", help="Folder for profiles, models and jobs; made when missing.", envvar="LEITMOTIF_DATA")
]
MusicOption = Annotated[
    Path | None,
    typer.Option("--music", help="Folder of audio files to build the model from.", exists=True, file_okay=False),
]


class _MusicFailedError(Exception):
    """The folder given to `up` could not be served; the process that tried has said why."""


def up(
    data: DataOption = Path(_DEFAULT_DATA),
    music: MusicOption = None,
    port: PortOption = DEFAULT_PORT,
    redis: RedisOption = None,
) -> None:
    """Serve the whole platform on this machine until Ctrl-C.

    Prints the address once everything answers. With --music, the folder is embedded and a model built from it first;
    what was embedded before is not embedded again.

    Examples:

        leitmotif up

        leitmotif up --music ~/Music --port 6000

        leitmotif up --redis redis://localhost:6379/1
    """
    with needs_extra("embedded"):
        import uvloop

        from leitmotif_services.embedded.platform import PlatformSettings, serve_platform
        from leitmotif_services.runtime.environment import ConfigurationError
        from leitmotif_services.runtime.errors import ServiceError
        from leitmotif_services.runtime.logs import configure_logs

    settings = PlatformSettings(data.expanduser(), port, redis)

    async def ready(bound_port: int) -> None:
        address = f"127.0.0.1:{bound_port}"
        if music is not None:
            # A process of its own, from which the platform is a server like any other; it also keeps training off this loop.
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "leitmotif_services.embedded.music", address, str(music), str(settings.models_folder)),
                start_new_session=True,
            )
            try:
                code = await process.wait()
            except asyncio.CancelledError:
                process.terminate()
                await process.wait()
                raise
            if code:
                raise _MusicFailedError
        print(f"leitmotif is up at {address}", flush=True)
        stderr.print("Ctrl-C drains and stops.")

    try:
        configure_logs("platform", "WARNING")
        uvloop.run(serve_platform(settings, ready))
    except ConfigurationError as error:
        for problem in error.problems:
            stderr.print(f"leitmotif: {problem}", markup=False)
        raise typer.Exit(2) from error
    except _MusicFailedError as error:
        raise typer.Exit(1) from error
    except (OSError, ServiceError) as error:
        fail(str(error))


def demo(
    music: MusicOption = None,
    keep_running: Annotated[
        bool, typer.Option("--keep-running", help="Go on serving afterwards, until Ctrl-C, to try things out.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show the main job end to end, through the public gRPC API alone.

    Composes music (or reads yours), embeds it, trains a model, serves it, recommends to a listener, turns one prototype
    up, mutes another, shows how the list and its reasons change, and undoes it all. Everything lives in a temporary folder.

    Examples:

        leitmotif demo

        leitmotif demo --music ~/Music --keep-running

        leitmotif demo --json | jq .boosted
    """
    with needs_extra("embedded"):
        from leitmotif import LeitmotifError
        from leitmotif_services.embedded.demo import running_demo
        from leitmotif_services.embedded.demo_report import print_outcome
        from leitmotif_services.embedded.demo_scenario import NothingToSteerError
        from leitmotif_services.embedded.platform_process import PlatformFailedError
        from leitmotif_services.runtime.errors import ServiceError
        from leitmotif_services.workshop.ingest import IngestError
    # SIGTERM unwinds like Ctrl-C, so that the platform is drained and the temporary folder removed.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    try:
        with stage_progress() as show, running_demo(music, show) as demo:
            show("done", 1, 1)
            for failed in demo.ingested.failed:
                stderr.print(f"{failed.path}: {failed.reason}", markup=False, soft_wrap=True)
            if as_json:
                print_json(_as_json(demo))
            else:
                print_outcome(demo.outcome, stdout)
                stdout.print(f"{demo.ingested.tracks} tracks, {len(demo.outcome.prototypes)} prototypes, {demo.seconds:.0f} s")
            if keep_running:
                stderr.print(f"Serving at {demo.address} until Ctrl-C. Try:")
                stderr.print(f"  leitmotif recommend {demo.outcome.user_id} --address {demo.address}", soft_wrap=True)
                with contextlib.suppress(KeyboardInterrupt):
                    signal.pause()
    except (IngestError, LeitmotifError, NothingToSteerError, OSError, PlatformFailedError, ServiceError) as error:
        fail(str(error))


def _as_json(demo: "Demo") -> dict[str, object]:
    outcome = demo.outcome
    steps = {
        "before": outcome.before,
        "after_boost": outcome.after_boost,
        "after_mute": outcome.after_mute,
        "after_undo": outcome.after_undo,
    }
    return {
        "tracks": demo.ingested.tracks,
        "failed": [{"path": failed.path, "reason": failed.reason} for failed in demo.ingested.failed],
        "prototypes": [{"prototype_id": each.prototype_id, "label": each.label} for each in outcome.prototypes],
        "model_version": demo.ingested.model_version,
        "user": outcome.user_id,
        "heard": demo.heard,
        **{name: step.track_ids for name, step in steps.items()},
        "boosted": outcome.boosted.prototype_id,
        "boost": outcome.boost,
        "muted": outcome.muted.prototype_id,
        "boosted_share": {name: step.boosted_share for name, step in steps.items()},
        "muted_share": {name: step.muted_share for name, step in steps.items()},
        "metrics": dict(demo.ingested.metrics),
        "seconds": round(demo.seconds, 3),
    }
