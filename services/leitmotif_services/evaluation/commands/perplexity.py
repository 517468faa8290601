"""`leitmotif lm perplexity`."""

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from leitmotif.cli.console import fail, needs_extra, print_json, stdout
from leitmotif_services.evaluation.commands.local_models import (
    MAX_TEXT_BYTES,
    BatchOption,
    Bos,
    BosOption,
    ContextOption,
    Division,
    DocumentsOption,
    JsonOption,
    MemoryOption,
    StrideOption,
    ThreadsOption,
    check_stride,
    json_figures,
    loader,
    shown_progress,
)
from leitmotif_services.evaluation.commands.written_reports import Outputs, ReportOption


class Mode(StrEnum):
    """How the text is cut."""

    STANDARD = "standard"
    M2D2 = "m2d2"


def perplexity(
    model: Annotated[Path, typer.Option(help="Folder of the model: safetensors weights, or an ONNX export, and a tokenizer.")],
    text: Annotated[Path, typer.Option(help="UTF-8 text file.")],
    context: ContextOption = 0,
    stride: StrideOption = 0,
    batch: BatchOption = 1,
    bos: BosOption = None,
    documents: DocumentsOption = Division.WHOLE,
    full_last_window: Annotated[
        bool,
        typer.Option(
            "--full-last-window",
            help="Begin the last window earlier, for as much context as fits; with --bos always as lm-evaluation-harness does.",
        ),
    ] = False,
    mode: Annotated[
        Mode, typer.Option(help="m2d2: lines joined with a newline, disjoint windows of the model's length, no BOS.")
    ] = Mode.STANDARD,
    threads: ThreadsOption = 0,
    memory_limit_gb: MemoryOption = 0,
    report: ReportOption = None,
    json: JsonOption = False,
) -> None:
    """Perplexity of a causal language model on a text, every token scored exactly once.

    Examples:

        leitmotif lm perplexity --model models/gpt2 --text domain.txt

        leitmotif lm perplexity --model models/gpt2 --text reviews.txt --documents lines --batch 8 --json
    """
    settings_given = dict(locals())
    standard_only = context or stride or full_last_window or documents is not Division.WHOLE
    if mode is Mode.M2D2 and (standard_only or bos not in (None, Bos.NEVER)):
        raise typer.BadParameter("m2d2 sets context, stride, bos, documents and the last window itself", param_hint="--mode")
    check_stride(context, stride)
    outputs = Outputs(report=report)
    with needs_extra("evaluation"):
        from leitmotif_services.evaluation.inputs.documents import Documents
        from leitmotif_services.evaluation.inputs.text import m2d2_text, read_text
        from leitmotif_services.evaluation.scoring.perplexity import evaluate_perplexity
        from leitmotif_services.evaluation.scoring.scoring_settings import BosPolicy, ScoringSettings
        from leitmotif_services.runtime.errors import ServiceError
    try:
        content = read_text(text, limit_bytes=MAX_TEXT_BYTES)
        loaded = loader(model, threads=threads, memory_limit_gb=memory_limit_gb)()
        policy = BosPolicy.NEVER if mode is Mode.M2D2 else BosPolicy(bos.value if bos else "auto")
        settings = ScoringSettings(context, stride, policy, batch, Documents(documents.value), full_last_window)
        content = m2d2_text(content) if mode is Mode.M2D2 else content
        with shown_progress() as on_progress:
            result = evaluate_perplexity(loaded, content, settings, lambda now: on_progress("scoring", now))
    except ServiceError as error:
        fail(error.message)
    figures: dict[str, float | str] = {
        "perplexity": result.perplexity,
        "bits_per_byte": result.bits_per_byte,
        "word_perplexity": result.word_perplexity,
        "byte_perplexity": result.byte_perplexity,
        **asdict(result),
        "mode": mode.value,
        "division": documents.value,
        "batch": batch,
        "full_last_window": full_last_window,
    }
    if json:
        print_json(json_figures(figures))
    else:
        for name, value in figures.items():
            stdout.print(f"{name:16} {value:.6g}" if isinstance(value, float) else f"{name:16} {value}", soft_wrap=True)
    outputs.write(f"{model.name} on {text.name}", result, settings_given)
