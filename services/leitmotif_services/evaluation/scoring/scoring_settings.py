"""How texts are scored: windows, context, and where documents begin."""

from dataclasses import dataclass
from enum import StrEnum

from leitmotif_services.evaluation.inputs.documents import Documents
from leitmotif_services.runtime.errors import Reason, ServiceError, invalid_field


class BosPolicy(StrEnum):
    """Whether a beginning-of-sequence token is put before each document, so that its first token is scored too."""

    AUTO = "auto"
    """As ALWAYS where the tokenizer has such a token, else as NEVER."""
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True)
class ScoringSettings:
    """How to cut and compute the windows; see `windows` for what context and stride mean."""

    context: int = 0
    """Tokens that a window reads at most; 0 stands for the model's own length."""
    stride: int = 0
    """Tokens that each window moves on; 0 stands for `context`."""
    bos: BosPolicy = BosPolicy.AUTO
    batch_size: int = 1
    """Windows computed together. The result does not depend on it."""
    documents: Documents = Documents.WHOLE
    """No token sees another document."""
    full_last_window: bool = False
    """Let the last window of a document begin earlier, so that it has as much context as fits."""


def check_context_and_stride(context: int, stride: int) -> None:
    """What can be checked of both before a model is at hand; CONTEXT_INVALID when the stride would skip tokens."""
    if context and stride > context:
        raise ServiceError(
            Reason.CONTEXT_INVALID,
            f"stride must be at most the context of {context} tokens, or tokens would be skipped; is {stride}",
            limit=context,
            actual=stride,
        )


def resolved_context(settings: ScoringSettings, longest: int | None) -> tuple[int, int]:
    """Context and stride under a model of that length; CONTEXT_INVALID where they do not fit it."""
    if longest is None and not settings.context:
        raise ServiceError(Reason.CONTEXT_INVALID, "the model names no context length of its own: give one")
    if longest is not None and settings.context > longest:
        raise ServiceError(
            Reason.CONTEXT_INVALID,
            f"the model reads at most {longest} tokens, a context of {settings.context} was asked for",
            limit=longest,
            actual=settings.context,
        )
    context = settings.context or longest or 0
    check_context_and_stride(context, settings.stride)
    return context, settings.stride or context


def resolved_bos(policy: BosPolicy, bos_token_id: int | None) -> int | None:
    """The token to put before each document, None for none; FIELD_INVALID when it is asked for and the tokenizer has none."""
    if policy is BosPolicy.ALWAYS and bos_token_id is None:
        raise invalid_field("bos", "the tokenizer has no beginning-of-sequence token")
    return None if policy is BosPolicy.NEVER else bos_token_id
