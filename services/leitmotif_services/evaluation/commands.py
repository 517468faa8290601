"""`leitmotif lm …`: language-model evaluation in this process, on local folders, without a server."""

import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from enum import StrEnum
from math import isfinite
from pathlib import Path
from typing import Annotated

import typer

from leitmotif.cli.console import fail, needs_extra, print_json, progress, stdout

lm = typer.Typer(name="lm", help="Evaluate language models: adapt one to a domain, or rely on it as it is?", no_args_is_help=True)

_MAX_TEXT_BYTES = 1 << 30


class Bos(StrEnum):
    """Mirrors perplexity.BosPolicy, which is imported only when the command runs."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Mode(StrEnum):
    """How the text is cut."""

    STANDARD = "standard"
    M2D2 = "m2d2"


@lm.callback()
def _lm() -> None:
    """Keeps `lm` a group while it has a single command."""


@lm.command()
def perplexity(
    model: Annotated[Path, typer.Option(help="Folder of the model: safetensors weights and a tokenizer.")],
    text: Annotated[Path, typer.Option(help="UTF-8 text file.")],
    context: Annotated[int, typer.Option(min=0, help="Tokens of context at most; 0: the model's own length.")] = 0,
    stride: Annotated[int, typer.Option(min=0, help="Tokens that each window moves on; 0: as the context.")] = 0,
    batch: Annotated[int, typer.Option(min=1, help="Windows computed together; does not change the result.")] = 1,
    bos: Annotated[Bos | None, typer.Option(help="Put the beginning-of-sequence token before the text.")] = None,
    mode: Annotated[
        Mode, typer.Option(help="m2d2: lines joined with a newline, disjoint windows of the model's length, no BOS.")
    ] = Mode.STANDARD,
    threads: Annotated[int, typer.Option(min=0, max=256, help="Threads; 0: one for each core.")] = 0,
    memory_limit_gb: Annotated[float, typer.Option(min=0, help="Refuse models that need more; 0: this machine's memory.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Perplexity of a causal language model on a text, every token scored exactly once."""
    if mode is Mode.M2D2 and (context or stride or bos not in (None, Bos.NEVER)):
        raise typer.BadParameter("m2d2 sets context, stride and bos itself", param_hint="--mode")
    if context and stride > context:
        raise typer.BadParameter(f"must be at most the context of {context}", param_hint="--stride")
    with needs_extra("evaluation"):
        from leitmotif_services.evaluation.inputs.text import m2d2_text, read_text
        from leitmotif_services.evaluation.models.model_folder import inspect_model_folder
        from leitmotif_services.evaluation.scoring.document_scoring import Progress
        from leitmotif_services.evaluation.scoring.perplexity import evaluate_perplexity
        from leitmotif_services.evaluation.scoring.scoring_settings import BosPolicy, ScoringSettings
        from leitmotif_services.runtime.errors import ServiceError
    try:
        content = read_text(text, limit_bytes=_MAX_TEXT_BYTES)
        folder = inspect_model_folder(model)
        with needs_extra("evaluation"):  # after the checks: it takes seconds
            from leitmotif_services.evaluation.models.transformers_language_model import load_language_model
        limit_bytes = round(memory_limit_gb * 1e9) or os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        loaded = load_language_model(folder, threads=threads or os.cpu_count() or 1, memory_limit_bytes=limit_bytes)
        policy = BosPolicy.NEVER if mode is Mode.M2D2 else BosPolicy(bos.value if bos else "auto")
        settings = ScoringSettings(context=context, stride=stride, bos=policy, batch_size=batch)
        content = m2d2_text(content) if mode is Mode.M2D2 else content
        with ExitStack() as shown:
            advance: list[Callable[[float], None]] = []
            done = 0

            def on_progress(now: Progress) -> None:
                nonlocal done
                if not advance:  # the first call is the one that knows how many tokens there are
                    advance.append(shown.enter_context(progress("scoring", now.tokens_total)))
                advance[0](now.tokens_done - done)
                done = now.tokens_done

            result = evaluate_perplexity(loaded, content, settings, on_progress)
    except ServiceError as error:
        fail(error.message)
    figures: dict[str, float | str] = {
        "perplexity": result.perplexity,
        "bits_per_byte": result.bits_per_byte,
        "word_perplexity": result.word_perplexity,
        "byte_perplexity": result.byte_perplexity,
        **asdict(result),
        "mode": mode.value,
        "batch": batch,
    }
    if json:
        # A perplexity beyond the range of a double has no JSON number.
        print_json({name: None if isinstance(value, float) and not isfinite(value) else value for name, value in figures.items()})
        return
    for name, value in figures.items():
        stdout.print(f"{name:16} {value:.6g}" if isinstance(value, float) else f"{name:16} {value}", soft_wrap=True)
