"""The port behind which a model is trained."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from leitmotif_services.evaluation.models.language_model import LanguageModel, TokenIds


@dataclass(frozen=True)
class Optimization:
    """What stays the same in all steps."""

    weight_decay: float
    max_grad_norm: float
    seed: int
    """Of dropout, which is a function of it and of the step."""


class ModelTraining(Protocol):
    """A training under way."""

    def step(self, number: int, windows: Sequence[TokenIds], learning_rate: float) -> float:
        """Make one step on windows of (L + 1,) tokens, L of them to read and L to predict; the loss before it, in nats a token.

        The loss is the mean over all predicted tokens of the step, however many windows are computed at a time.
        LANGUAGE_MODEL_REFUSED (metadata: step) when loss or gradient is not finite; the weights are as before then.
        """

    def write_state(self, folder: Path) -> None:
        """Write weights and the optimizer's state into an empty folder."""

    def read_state(self, folder: Path) -> None:
        """Go on from what `write_state` wrote; STORED_VALUE_UNREADABLE where that is damaged."""


class TrainableModel(Protocol):
    """A model whose weights may change: never one that others score with."""

    @property
    def language_model(self) -> LanguageModel:
        """The same weights, to score with."""

    @property
    def end_token_id(self) -> int | None:
        """Id of the token that ends a text; None where the tokenizer has none."""

    def begin(self, optimization: Optimization, *, context: int) -> ModelTraining:
        """Prepare training on windows of at most `context` tokens; LIMIT_EXCEEDED when not even one fits into memory."""

    def write_weights(self, folder: Path) -> None:
        """Write the weights as safetensors, named as the library that loads such folders expects."""
