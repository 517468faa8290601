"""What commands on local folders share: options, models, progress, and figures as JSON."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leitmotif.cli.console import needs_extra, progress

if TYPE_CHECKING:
    from leitmotif_services.evaluation.models.language_model import LanguageModel
    from leitmotif_services.evaluation.scoring.document_scoring import Progress

MAX_TEXT_BYTES = 1 << 30

ContextOption = Annotated[int, typer.Option(min=0, help="Tokens of context at most; 0: the model's own length.")]
StrideOption = Annotated[int, typer.Option(min=0, help="Tokens that each window moves on; 0: as the context.")]
BatchOption = Annotated[int, typer.Option(min=1, help="Windows computed together; does not change the result.")]
ThreadsOption = Annotated[int, typer.Option(min=0, max=256, help="Threads; 0: one for each core.")]
MemoryOption = Annotated[float, typer.Option(min=0, help="Refuse models that need more; 0: this machine's memory.")]
SeedOption = Annotated[int, typer.Option(help="Seed of every draw.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


class Bos(StrEnum):
    """Mirrors scoring_settings.BosPolicy, which is imported only when the command runs."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Division(StrEnum):
    """Mirrors documents.Documents, for the same reason."""

    WHOLE = "whole"
    LINES = "lines"
    PARAGRAPHS = "paragraphs"


BosOption = Annotated[Bos | None, typer.Option(help="Put the beginning-of-sequence token before each document.")]
DocumentsOption = Annotated[Division, typer.Option(help="Where a document ends: no token sees another document.")]


def check_stride(context: int, stride: int) -> None:
    """End the command for a stride that would skip tokens."""
    if context and stride > context:
        raise typer.BadParameter(f"must be at most the context of {context}", param_hint="--stride")


def loader(folder: Path, *, threads: int, memory_limit_gb: float) -> "Callable[[], LanguageModel]":
    """Checks a model's folder now, and loads it when called; both raise ServiceError."""
    from leitmotif_services.evaluation.models.model_folder import inspect_model_folder

    inspected = inspect_model_folder(folder)
    limit_bytes = round(memory_limit_gb * 1e9) or os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")

    def load() -> "LanguageModel":
        with needs_extra("evaluation"):  # after the checks: it takes seconds
            from leitmotif_services.evaluation.models.model_loading import load_any_language_model

            return load_any_language_model(inspected, threads=threads or os.cpu_count() or 1, memory_limit_bytes=limit_bytes)

    return load


@contextmanager
def shown_progress() -> "Iterator[Callable[[str, Progress], None]]":
    """A bar for each phase, one after the other."""
    with ExitStack() as stack:
        bar = stack.enter_context(ExitStack())
        phase, done = "", 0
        advance: Callable[[float], None] = lambda _: None  # noqa: E731

        def on_progress(now_phase: str, now: "Progress") -> None:
            nonlocal phase, done, advance
            if now_phase != phase:  # the first call of a phase is the one that knows how many tokens there are
                bar.close()
                phase, done = now_phase, 0
                advance = bar.enter_context(progress(now_phase, now.tokens_total))
            advance(now.tokens_done - done)
            done = now.tokens_done

        yield on_progress


def json_figures(value: Any) -> Any:
    """Figures as JSON has them: what lies beyond the range of a double is null."""
    if isinstance(value, float) and not isfinite(value):
        return None
    if isinstance(value, dict):
        return {name: json_figures(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [json_figures(each) for each in value]
    return value
