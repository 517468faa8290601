"""Collects phrases into calls that stay below the service's bounds."""

from collections.abc import Iterable, Iterator
from itertools import islice

from leitmotif.errors import InvalidArgumentError, Reason
from leitmotif.types import TextFailure

MAX_TEXTS = 64
"""Phrases of a call: what the service takes by default."""

MAX_CHARACTERS = 65_536
"""A longer text is not sent: a call of them would not fit into a message. What the service itself allows is far less."""


def text_batches(texts: Iterable[str], batch_texts: int = MAX_TEXTS) -> Iterator[list[str | TextFailure]]:
    """Phrases in their order; those that cannot be sent as the failures they are. InvalidArgumentError for a bare string."""
    if isinstance(texts, str):
        raise InvalidArgumentError("texts must be several phrases, such as a list, not one string")
    entries = map(_checked, texts)
    while batch := list(islice(entries, max(1, batch_texts))):
        yield batch


def _checked(text: str) -> str | TextFailure:
    if len(text) > MAX_CHARACTERS:
        why, reason = f"the phrase has {len(text)} characters, {MAX_CHARACTERS} are allowed", Reason.LIMIT_EXCEEDED
        metadata = {"limit": str(MAX_CHARACTERS), "actual": str(len(text))}
    elif any("\ud800" <= character <= "\udfff" for character in text):
        why, reason, metadata = "the phrase holds lone surrogates, which are no text", Reason.FIELD_INVALID, {}
    else:
        return text
    return TextFailure(text, InvalidArgumentError(why, code="INVALID_ARGUMENT", reason=reason, metadata=metadata))
