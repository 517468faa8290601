"""Trains a model further on a text, from loading it to the folder of the adapted model."""

import hashlib
import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from leitmotif_services.evaluation.adaptation.adaptation_settings import (
    AdaptationSettings,
    check_adaptation_settings,
    training_context,
)
from leitmotif_services.evaluation.adaptation.checkpoints import Checkpoints
from leitmotif_services.evaluation.adaptation.held_out import split_held_out
from leitmotif_services.evaluation.adaptation.output_folder import finished_figures, write_model_folder
from leitmotif_services.evaluation.adaptation.schedule import learning_rate_share
from leitmotif_services.evaluation.adaptation.trainable_model import ModelTraining, Optimization, TrainableModel
from leitmotif_services.evaluation.adaptation.training_windows import TrainingOrder, joined_documents, training_windows
from leitmotif_services.evaluation.inputs.documents import documents_of
from leitmotif_services.evaluation.models.language_model import LanguageModel, TokenIds
from leitmotif_services.evaluation.models.model_folder import ModelFolder
from leitmotif_services.evaluation.scoring.document_scoring import Progress, perplexity_of, score_text
from leitmotif_services.evaluation.scoring.scoring_settings import ScoringSettings
from leitmotif_services.runtime.errors import Reason, ServiceError, invalid_field

CHECKPOINT_INTERVAL_S = 60.0

OnProgress = Callable[[str, Progress], None]
"""Told what is being done, and how far it is."""


@dataclass(frozen=True)
class AdaptationResult:
    """What training came to."""

    model_sha256: str
    """Of the adapted model."""
    base_sha256: str
    steps: int
    tokens: int
    """Tokens that were trained on, repeats included."""
    first_loss: float
    """Mean loss of the first tenth of the steps, in nats."""
    last_loss: float
    """The same of the last tenth."""
    base_perplexity: float
    """Of the held-out text, before; 0 where none was held out."""
    adapted_perplexity: float
    """The same after."""
    tokens_per_s: float
    """Of training alone."""
    context: int
    """Tokens of a window."""
    resumed_from_step: int = 0
    """Where the last run began; 0 for one that was never broken off."""


@dataclass
class _Position:
    """How far training is, as a checkpoint keeps it."""

    base_perplexity: float = 0.0
    losses: list[float] = field(default_factory=list)
    """Of the steps made."""
    nll_sum: float = 0.0
    seconds: float = 0.0


def adapt(
    load: Callable[[ModelFolder], TrainableModel],
    folder: ModelFolder,
    text: str,
    settings: AdaptationSettings,
    *,
    output: Path,
    checkpoint_folder: Path,
    run_id: str = "",
    checkpoint_interval_s: float = CHECKPOINT_INTERVAL_S,
    writes: bool = True,
    on_progress: OnProgress = lambda _phase, _progress: None,
) -> AdaptationResult:
    """Train the model of `folder` on `text`, and write the folder `output`.

    `load` must give a model of its own, since its weights change. `checkpoint_folder` is made where it is missing, goes when the
    output is there, and must be on no place where others write: what it holds becomes the model. A run that finds a checkpoint
    of the same model, text and settings in it goes on from there, and comes to the same weights as an unbroken one on the same
    machine and threads. What `on_progress` raises ends the run, training with a checkpoint; it is called between steps only.
    `run_id` is noted beside the output: an output that the same run finished earlier is its result, any other is refused.
    Of several processes that train together, one alone `writes`; the others score nothing either, and their results are without
    the perplexities and the model's hash.

    Raises FIELD_INVALID for settings, an existing output and a checkpoint of another run, CONTEXT_INVALID, TEXT_EMPTY for a text
    too short for half a window or whose held-out share has no token to score, LIMIT_EXCEEDED when training does not fit into
    memory, LANGUAGE_MODEL_REFUSED (metadata: step) when the loss is not finite, STORED_VALUE_UNREADABLE for a damaged checkpoint.
    """
    check_adaptation_settings(settings)
    if output.is_symlink() or output.exists():
        finished = finished_figures(output, run_id)
        if finished is None:
            raise invalid_field("output", f"{output.name!r} exists already")
        return AdaptationResult(**finished)
    trainable = load(folder)
    model = trainable.language_model
    context = training_context(settings, model.context_length)
    train_text, held_out = split_held_out(text, settings.held_out_share, settings.documents)
    windows = _windows(trainable, train_text, settings, context)
    identity = _identity(model.sha256, text, settings)
    checkpoints = Checkpoints(checkpoint_folder, identity, interval_s=checkpoint_interval_s, writes=writes)
    found = checkpoints.latest()
    training = trainable.begin(
        Optimization(settings.weight_decay, settings.max_grad_norm, settings.seed),
        context=max(len(window) - 1 for window in windows),
    )
    held_out = held_out if writes else ""
    if found is None:
        position = _Position(_perplexity(model, held_out, settings, context, "scoring the held-out text", on_progress))
    else:
        position = _Position(**found.position)
        training.read_state(found.folder)
    resumed_from = len(position.losses)
    order = TrainingOrder(len(windows), settings.batch_size, settings.epochs, settings.seed)
    tokens = _train(training, windows, order, settings, position, checkpoints, on_progress)
    tenth = max(1, order.steps // 10)
    result = AdaptationResult(
        model_sha256="",
        base_sha256=model.sha256,
        steps=order.steps,
        tokens=tokens,
        first_loss=math.fsum(position.losses[:tenth]) / tenth,
        last_loss=math.fsum(position.losses[-tenth:]) / tenth,
        base_perplexity=position.base_perplexity,
        adapted_perplexity=_perplexity(model, held_out, settings, context, "scoring the held-out text again", on_progress),
        tokens_per_s=tokens / max(position.seconds, 1e-9),
        context=context,
        resumed_from_step=resumed_from,
    )

    if not writes:
        return result

    def notes(model_sha256: str) -> dict[str, object]:
        figures = asdict(replace(result, model_sha256=model_sha256))
        return {"run_id": run_id, "settings": asdict(settings), "figures": figures}

    model_sha256 = write_model_folder(
        output, folder, trainable.write_weights, notes, temporary=output.with_name(f".{output.name}.{identity[:12]}.writing")
    )
    checkpoints.remove()
    return replace(result, model_sha256=model_sha256)


def _windows(trainable: TrainableModel, text: str, settings: AdaptationSettings, context: int) -> list[TokenIds]:
    model = trainable.language_model
    documents = [model.tokenize(document) for document in documents_of(text, settings.documents)]
    sequence = joined_documents(
        [document for document in documents if len(document)],
        bos_token_id=model.bos_token_id,
        end_token_id=trainable.end_token_id,
    )
    windows = training_windows(sequence, context=context)
    if not windows:
        raise ServiceError(
            Reason.TEXT_EMPTY,
            f"the text is too short to train on: it has {len(sequence)} tokens, not even half a window of {context}",
            tokens=len(sequence),
            context=context,
        )
    return windows


def _train(
    training: ModelTraining,
    windows: list[TokenIds],
    order: TrainingOrder,
    settings: AdaptationSettings,
    position: _Position,
    checkpoints: Checkpoints,
    on_progress: OnProgress,
) -> int:
    """Make the steps that are left; the tokens of all steps."""
    lengths = np.array([len(window) - 1 for window in windows])
    total = order.predictions_before(order.steps, lengths)
    first = len(position.losses)
    done = order.predictions_before(first, lengths)
    for step in range(first, order.steps + 1):
        perplexity = perplexity_of(position.nll_sum, done) if done else 0.0
        now = Progress(done, total, done / max(position.seconds, 1e-9) if done else 0.0, perplexity)
        try:
            on_progress("training", now)
        except BaseException:
            if step > first:
                checkpoints.write(step, asdict(position), training.write_state)
            raise
        if step == order.steps:
            break
        if step > first and checkpoints.due():
            checkpoints.write(step, asdict(position), training.write_state)
        started = time.perf_counter()
        taken = order.windows_of_step(step)
        share = learning_rate_share(step, steps=order.steps, warmup_share=settings.warmup_share)
        loss = training.step(step, [windows[number] for number in taken], settings.learning_rate * share)
        step_tokens = int(lengths[taken].sum())
        position.losses.append(loss)
        position.nll_sum += loss * step_tokens
        position.seconds += time.perf_counter() - started
        done += step_tokens
    if order.steps > first:
        checkpoints.write(order.steps, asdict(position), training.write_state)
    return total


def _perplexity(
    model: LanguageModel, text: str, settings: AdaptationSettings, context: int, phase: str, on_progress: OnProgress
) -> float:
    if not text:
        return 0.0
    scoring = ScoringSettings(context=context, documents=settings.documents)
    return score_text(model, text, scoring, lambda progress: on_progress(phase, progress)).scores.perplexity


def _identity(base_sha256: str, text: str, settings: AdaptationSettings) -> str:
    """The same for runs that come to the same model."""
    told = {"base": base_sha256, "text": hashlib.sha256(text.encode()).hexdigest(), "settings": asdict(settings)}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
