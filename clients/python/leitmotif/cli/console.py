"""What every command writes with: results on stdout, everything else on stderr, one line for a failure."""

import errno
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

_OUTPUT_GONE = (errno.ENOSPC, errno.EPIPE, errno.EIO, errno.EDQUOT)

stdout = Console(highlight=False)
"""Results for a person."""

stderr = Console(stderr=True, highlight=False)
"""Progress, notes and failures."""


def print_json(value: Mapping[str, object]) -> None:
    """Write one JSON object on stdout: what `--json` promises.

    What stdout's encoding cannot write, such as a file name that is no UTF-8, is escaped: reading it gives the same text again.
    """
    if sys.stdout is None:
        fail("standard output is closed")
    text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(value, indent=2, allow_nan=False)
    sys.stdout.write(text + "\n")


@contextmanager
def whole_output() -> Iterator[None]:
    """Turn a standard output that takes no more, at once or when it is flushed, into exit code 1 and one line."""
    try:
        try:
            yield
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except OSError as error:
        if error.errno not in _OUTPUT_GONE or error.filename is not None:
            raise
        with open(os.devnull, "wb") as nothing:  # noqa: PTH123 - os.devnull is no Path
            os.dup2(nothing.fileno(), sys.stdout.fileno())  # so that the flush at exit has somewhere to go
        sys.stderr.write(f"leitmotif: cannot write to standard output: {error.strerror}\n")
        raise SystemExit(1) from None


def fail(message: str) -> NoReturn:
    """End with exit code 1 and one line that says why."""
    stderr.print(f"leitmotif: {' '.join(message.split())}", markup=False, soft_wrap=True)
    raise typer.Exit(1)


@contextmanager
def needs_extra(extra: str) -> Iterator[None]:
    """Turn an ImportError inside the block into one line with the install command that brings the extra."""
    try:
        yield
    except ImportError as error:
        fail(f"this command needs {error.name or 'a package'} that is not installed; run: pip install 'leitmotif[{extra}]'")


@contextmanager
def progress(description: str, total: float | None) -> Iterator[Callable[[float], None]]:
    """A progress bar on stderr, shown only where stderr is a terminal; yields `advance(amount)`."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f}" if total else "{task.completed:.0f}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=stderr, transient=True, disable=not stderr.is_terminal) as bar:
        task = bar.add_task(description, total=total)
        yield lambda amount: bar.advance(task, amount)


@contextmanager
def stage_progress() -> Iterator[Callable[[str, int, int], None]]:
    """One bar after another for work in stages, shown as `progress` is; yields `show(stage, done, total)`."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=stderr, transient=True, disable=not stderr.is_terminal) as bars:
        task = bars.add_task("starting", total=None)
        yield lambda stage, done, total: bars.update(task, description=stage, completed=done, total=total)
