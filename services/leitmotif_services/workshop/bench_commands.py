"""`leitmotif bench …`: measures the services beside the bare libraries they are made of, in the same run."""

import os
from pathlib import Path
from typing import Annotated

import typer

from leitmotif.cli.console import fail, needs_extra, print_json, stderr, stdout

bench = typer.Typer(name="bench", help="Measure the services beside the bare libraries they are made of.", no_args_is_help=True)


@bench.callback()
def _group() -> None:
    """A callback keeps the benchmark's name on the command line while there is only one."""


@bench.command()
def embedding(
    audio: Annotated[Path | None, typer.Option(help="Folder of audio files to embed; composed 10 s clips by default.")] = None,
    threads: Annotated[int, typer.Option(min=1, max=64, help="Files embedded at once, by each side.")] = os.cpu_count() or 1,
    rounds: Annotated[int, typer.Option(min=1, max=50, help="Measurements of each side, taken in turn; the median counts.")] = 5,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure the audio service over loopback against a bare loop of decoder, front end and ONNX Runtime.

    Both embed the same files with the same number of threads, in turns. `service.ratio` is the service's audio-seconds per
    second over the loop's. Ends within a minute; a round that would end later is left out.
    """
    with needs_extra("workshop"):
        from grpc import RpcError

        from leitmotif_services.workshop.bench_embedding import BenchError, run
    try:
        report = run(audio, threads=threads, rounds=rounds, note=lambda text: stderr.print(text, style="dim"))
    except BenchError as error:
        fail(str(error))
    except RpcError as error:
        fail(f"the audio service did not answer: {error}")
    if json:
        print_json(report.as_json())
    else:
        stdout.print(report.as_table())
