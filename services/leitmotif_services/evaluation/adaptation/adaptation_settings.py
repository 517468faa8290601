"""How a model is trained further."""

from dataclasses import dataclass

from leitmotif_services.evaluation.inputs.documents import Documents
from leitmotif_services.evaluation.scoring.scoring_settings import ScoringSettings, resolved_context
from leitmotif_services.runtime.errors import invalid_field

LONGEST_DEFAULT_CONTEXT = 1024
"""Tokens of a window where none are asked for, at most: long windows cost memory that grows with their square."""
MAX_EPOCHS = 100
MAX_BATCH_SIZE = 1024
MAX_HELD_OUT_SHARE = 0.5


@dataclass(frozen=True)
class AdaptationSettings:
    """Defaults are those of AdaptationSpec."""

    epochs: float = 1.0
    """Passes over the text."""
    learning_rate: float = 5e-5
    """The highest."""
    weight_decay: float = 0.01
    """Of matrices; biases and norms are not decayed."""
    warmup_share: float = 0.05
    """Share of the steps in which the learning rate rises."""
    max_grad_norm: float = 1.0
    batch_size: int = 8
    """Windows of a step."""
    context: int = 0
    """Tokens that a window reads; 0 stands for the model's own length, 1024 at most."""
    seed: int = 0
    """Of the order of windows and of dropout."""
    held_out_share: float = 0.05
    """Share of the text's end that is not trained on."""
    documents: Documents = Documents.WHOLE


def check_adaptation_settings(settings: AdaptationSettings) -> None:
    """FIELD_INVALID for the first setting out of its range, not-a-number included."""
    ranges = (
        ("epochs", 0 < settings.epochs <= MAX_EPOCHS, f"above 0, at most {MAX_EPOCHS}"),
        ("learning_rate", 0 < settings.learning_rate <= 1, "above 0, at most 1"),
        ("weight_decay", 0 <= settings.weight_decay <= 1, "0 to 1"),
        ("warmup_share", 0 <= settings.warmup_share <= 1, "0 to 1"),
        ("max_grad_norm", 0 < settings.max_grad_norm < float("inf"), "above 0"),
        ("batch_size", 1 <= settings.batch_size <= MAX_BATCH_SIZE, f"1 to {MAX_BATCH_SIZE}"),
        ("context", settings.context >= 0, "0 or above"),
        ("held_out_share", 0 <= settings.held_out_share <= MAX_HELD_OUT_SHARE, f"0 to {MAX_HELD_OUT_SHARE}"),
    )
    for field, allowed, told in ranges:
        if not allowed:
            raise invalid_field(field, f"must be {told}; is {getattr(settings, field)}")


def training_context(settings: AdaptationSettings, longest: int | None) -> int:
    """Tokens of a window under a model of that length; CONTEXT_INVALID where the model reads no such window."""
    context, _ = resolved_context(ScoringSettings(context=settings.context), longest)
    return settings.context or min(context, LONGEST_DEFAULT_CONTEXT)
