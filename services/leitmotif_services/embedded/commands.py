"""`leitmotif up` and `leitmotif demo`."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from leitmotif.cli.console import fail, needs_extra, stderr

DEFAULT_PORT = 50050

_DEFAULT_DATA = "~/.leitmotif"

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


def up(
    data: DataOption = Path(_DEFAULT_DATA),
    music: MusicOption = None,
    port: Annotated[int, typer.Option("--port", help="Port of the public API on the loopback interface; 0 takes a free one.")] = (
        DEFAULT_PORT
    ),
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

        from leitmotif_services.embedded.music import build_from_music
        from leitmotif_services.embedded.platform import PlatformSettings, serve_platform
        from leitmotif_services.runtime.environment import ConfigurationError
        from leitmotif_services.runtime.errors import ServiceError
        from leitmotif_services.runtime.logs import configure_logs

    configure_logs("platform", os.environ.get("LEITMOTIF_LOG_LEVEL", "WARNING").upper())
    settings = PlatformSettings(data.expanduser(), port, redis)

    async def ready(bound_port: int) -> None:
        address = f"127.0.0.1:{bound_port}"
        if music is not None:
            await build_from_music(music, address, settings.data_folder)
        print(f"leitmotif is up at {address}", flush=True)
        stderr.print("Ctrl-C drains and stops.")

    try:
        uvloop.run(serve_platform(settings, ready))
    except ConfigurationError as error:
        for problem in error.problems:
            stderr.print(f"leitmotif: {problem}", markup=False)
        sys.exit(2)
    except (OSError, ServiceError) as error:
        fail(str(error))
