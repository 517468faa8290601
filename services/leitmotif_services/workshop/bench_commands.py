"""`leitmotif bench …`: measures the services beside the bare libraries they are made of, in the same run."""

import os
from pathlib import Path
from typing import Annotated

import typer

from leitmotif.cli.console import fail, needs_extra, print_json, progress, stderr, stdout

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


@bench.command()
def retrieval(
    sizes: Annotated[str, typer.Option(help="Numbers of tracks, with commas between.")] = "1000,10000,100000,1000000",
    storage: Annotated[str, typer.Option(help="auto, flat, float32, float16, int8 or int4: how the index stores rows.")] = "auto",
    plot: Annotated[Path | None, typer.Option(help="File for a picture of how cost grows with the catalogue.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure the service's search against the bare FAISS call on the same index, with one thread, and with filters.

    Catalogues are clustered, over 128 prototypes; recall is that of the best 100 tracks against the exact search. The two calls
    take turns. `ratio` is the median of the service's search over that of the bare call. All four sizes take some minutes and
    3 GB of memory.
    """
    try:
        wanted = sorted({int(size.replace("_", "")) for size in sizes.split(",")})
    except ValueError:
        wanted = []
    if not wanted or wanted[0] < 100 or wanted[-1] > 10_000_000:
        raise typer.BadParameter("numbers from 100 to 10,000,000, with commas between", param_hint="--sizes")
    with needs_extra("workshop"):
        from leitmotif_services.workshop.bench_retrieval import run as measure
    if plot is not None:  # what is missing is told before minutes of measuring
        if not plot.parent.is_dir():
            fail(f"there is no folder {plot.parent}")
        with needs_extra("evaluate"):
            import matplotlib  # noqa: F401
    try:
        report = measure(wanted, storage=storage, note=lambda text: stderr.print(text, style="dim"))
        if plot is not None:
            from leitmotif_services.workshop.bench_retrieval_plot import plot as draw

            draw(report, plot)
    except (OSError, ValueError) as error:
        fail(str(error))
    if json:
        print_json(report.as_json())
    else:
        for table in report.as_tables():
            stdout.print(table)


@bench.command()
def lm(
    model: Annotated[
        Path | None, typer.Option(help="Folder of a model; one of GPT-2's shape with random weights by default.")
    ] = None,
    text: Annotated[Path | None, typer.Option(help="UTF-8 text; 1 MB of the standard library's sources by default.")] = None,
    tokens: Annotated[int, typer.Option(min=0, help="Tokens that each side scores, from the start of the text; 0: all.")] = 16384,
    threads: Annotated[int, typer.Option(min=1, max=64, help="Threads of each side.")] = 2,
    rounds: Annotated[int, typer.Option(min=1, max=20, help="Measurements of each side, in turns; the median counts.")] = 1,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure the scoring of a text beside the perplexity of HF evaluate and beside lm-evaluation-harness, as far as installed.

    Each side runs in a process of its own, with its own defaults: ours and lm_eval compute one window at a time, evaluate 16;
    plain_batch_1 is evaluate's computation one text at a time. Where the module of evaluate's metric is not cached on this
    machine, a plain loop of the computation that it documents stands in, under the name plain. `speed_ratio` is our tokens per
    second over theirs, loading left out, `cpu_ratio` the same per second of CPU time, for a machine that is not idle;
    `memory_ratio` our peak resident memory over theirs. The default model takes about 3 minutes. Memory hardly depends on
    --tokens: all sides hold the logits of one batch at most.
    """
    with needs_extra("evaluation"), needs_extra("workshop"):
        from leitmotif_services.workshop.bench_lm import BenchError, run
    try:
        report = run(
            model, text, tokens=tokens, threads=threads, rounds=rounds, note=lambda told: stderr.print(told, style="dim")
        )
    except BenchError as error:
        fail(str(error))
    if json:
        print_json(report.as_json())
    else:
        stdout.print(report.as_table())


@bench.command()
def profiles(
    users: Annotated[int, typer.Option(min=1000, max=5_000_000, help="Listeners to write, for what memory they take.")] = 50_000,
    rounds: Annotated[int, typer.Option(min=1, max=50, help="Measurements of each side, taken in turn; the median counts.")] = 5,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure reads and edits of profiles against a bare redis-py loop of the same commands and script, in one process.

    `ratio` is the service's operations a second over the loop's, 1, 16 and 64 at once; a gRPC hop is shown apart. Redis is one of
    its own, with its append-only file on. Memory is measured on the listeners written, and extrapolated to a million.

    Examples:

        leitmotif bench profiles

        leitmotif bench profiles --users 5000 --rounds 3 --json
    """
    with needs_extra("embedded"):
        from leitmotif_services.workshop.bench_profiles import run as measure
        from leitmotif_services.workshop.bench_sides import BenchError
    try:
        with progress("listeners", users) as advance:
            report = measure(users=users, rounds=rounds, note=lambda text: stderr.print(text, style="dim"), advance=advance)
    except (BenchError, OSError) as error:
        fail(str(error))
    if json:
        print_json(report.as_json())
    else:
        for table in report.as_tables():
            stdout.print(table)
