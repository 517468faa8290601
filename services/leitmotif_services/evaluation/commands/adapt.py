"""`leitmotif lm adapt`."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from leitmotif.cli.console import fail, needs_extra, print_json, stderr, stdout
from leitmotif_services.evaluation.commands.local_models import (
    MAX_TEXT_BYTES,
    Division,
    DocumentsOption,
    JsonOption,
    MemoryOption,
    ThreadsOption,
    json_figures,
    shown_progress,
)

if TYPE_CHECKING:
    from leitmotif_services.evaluation.adaptation.adaptation import OnProgress
    from leitmotif_services.evaluation.adaptation.torch_process_group import ProcessGroup
    from leitmotif_services.evaluation.adaptation.trainable_model import TrainableModel
    from leitmotif_services.evaluation.models.model_folder import ModelFolder
    from leitmotif_services.evaluation.scoring.document_scoring import Progress


class _StoppedError(Exception):
    """Raised between two steps after Ctrl-C."""


def adapt(
    model: Annotated[Path, typer.Option(help="Folder of the model to begin with; it stays as it is.")],
    text: Annotated[Path, typer.Option(help="UTF-8 text file to train on.")],
    out: Annotated[Path, typer.Option(help="Folder of the adapted model; must not be there yet.")],
    epochs: Annotated[float, typer.Option(help="Passes over the text, above 0, at most 100.")] = 1.0,
    learning_rate: Annotated[float, typer.Option(help="Highest learning rate, above 0, at most 1.")] = 5e-5,
    weight_decay: Annotated[float, typer.Option(help="Of matrices, 0 to 1.")] = 0.01,
    warmup_share: Annotated[float, typer.Option(help="Share of the steps in which the learning rate rises, 0 to 1.")] = 0.05,
    max_grad_norm: Annotated[float, typer.Option(help="Longest gradient, above 0.")] = 1.0,
    batch: Annotated[int, typer.Option(help="Windows of a step, 1 to 1024.")] = 8,
    context: Annotated[int, typer.Option(help="Tokens of a window; 0: the model's own length, 1024 at most.")] = 0,
    seed: Annotated[int, typer.Option(help="Of the order of windows and of dropout.")] = 0,
    held_out: Annotated[float, typer.Option(help="Share of the text's end to score before and after instead, 0 to 0.5.")] = 0.05,
    documents: DocumentsOption = Division.WHOLE,
    checkpoint_s: Annotated[float, typer.Option(min=0, help="Seconds between checkpoints.")] = 60.0,
    threads: ThreadsOption = 0,
    memory_limit_gb: MemoryOption = 0,
    json: JsonOption = False,
) -> None:
    """Train a language model further on a text of a domain.

    Broken off, by Ctrl-C or anything else, the same command goes on from the last checkpoint, which lies in OUT.partial until the
    model is whole, and comes to the same model. OUT.partial must be where nobody else writes.

    Under torchrun, its processes share the windows of each step; Ctrl-C leaves the last checkpoint that was due there.

    Examples:

        leitmotif lm adapt --model models/gpt2 --text law.txt --out models/gpt2-law

        leitmotif lm adapt --model models/gpt2 --text reviews.txt --documents lines --epochs 3 --out models/reviews --json

        torchrun --nproc-per-node 2 --no-python leitmotif lm adapt --model models/gpt2 --text law.txt --out models/gpt2-law
    """
    with needs_extra("evaluation"):
        from leitmotif_services.evaluation.adaptation.adaptation import adapt as train
        from leitmotif_services.evaluation.adaptation.adaptation_settings import AdaptationSettings
        from leitmotif_services.evaluation.inputs.documents import Documents
        from leitmotif_services.evaluation.inputs.text import read_text
        from leitmotif_services.evaluation.models.model_folder import inspect_model_folder
        from leitmotif_services.runtime.errors import ServiceError
    settings = AdaptationSettings(
        epochs=epochs,
        learning_rate=learning_rate,
        weight_decay=weight_decay,
        warmup_share=warmup_share,
        max_grad_norm=max_grad_norm,
        batch_size=batch,
        context=context,
        seed=seed,
        held_out_share=held_out,
        documents=Documents(documents.value),
    )
    partial = out.with_name(f"{out.name}.partial") if out.name else out
    if partial.exists():
        stderr.print(f"going on from the checkpoint in {partial}", markup=False, soft_wrap=True)
    try:
        content = read_text(text, limit_bytes=MAX_TEXT_BYTES)
        folder = inspect_model_folder(model)
        with ExitStack() as stack:
            group = _process_group(stack)
            leads = group is None or group.rank == 0
            on_progress: OnProgress = stack.enter_context(shown_progress()) if leads else lambda _phase, _progress: None
            if group is None:
                on_progress = stack.enter_context(_stopped_by_interrupt(on_progress))
            result = train(
                _trainable_loader(threads, memory_limit_gb, group),
                folder,
                content,
                settings,
                output=out,
                checkpoint_folder=partial,
                checkpoint_interval_s=checkpoint_s,
                writes=leads,
                on_progress=on_progress,
            )
    except ServiceError as error:
        fail(error.message)
    except _StoppedError:
        if not partial.exists():
            fail("stopped before the first step; nothing was written")
        fail(f"stopped; the checkpoint is in {partial}, run the same command again to go on")
    except OSError as error:
        fail(f"cannot write {out}: {error.strerror}")
    if not leads:
        return
    figures: dict[str, object] = {"model": str(out), **asdict(result)}
    if json:
        print_json(json_figures(figures))
        return
    for name, value in figures.items():
        stdout.print(f"{name:18} {value:.6g}" if isinstance(value, float) else f"{name:18} {value}", markup=False, soft_wrap=True)


def _process_group(stack: ExitStack) -> "ProcessGroup | None":
    """The processes that torchrun started with this one; None where it did not."""
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        return None
    with needs_extra("evaluation"):
        from leitmotif_services.evaluation.adaptation.torch_process_group import joined_process_group
    return stack.enter_context(joined_process_group())


def _trainable_loader(
    threads: int, memory_limit_gb: float, group: "ProcessGroup | None"
) -> "Callable[[ModelFolder], TrainableModel]":
    limit_bytes = round(memory_limit_gb * 1e9) or os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")

    def load(folder: "ModelFolder") -> "TrainableModel":
        with needs_extra("evaluation"):  # after the checks: it takes seconds
            from leitmotif_services.evaluation.adaptation.torch_adaptation import load_trainable_model
        return load_trainable_model(folder, threads=threads or os.cpu_count() or 1, memory_limit_bytes=limit_bytes, group=group)

    return load


@contextmanager
def _stopped_by_interrupt(show: "OnProgress") -> "Iterator[OnProgress]":
    """Turn Ctrl-C into an end at the next step, where the state is whole; a second one ends at once."""
    interrupted = False

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        nonlocal interrupted
        interrupted = True
        signal.signal(signal.SIGINT, earlier)
        stderr.print("stopping after this step", markup=False)

    def on_progress(phase: str, progress: "Progress") -> None:
        show(phase, progress)
        if interrupted:
            raise _StoppedError

    earlier = signal.signal(signal.SIGINT, interrupt)
    try:
        yield on_progress
    finally:
        signal.signal(signal.SIGINT, earlier)
