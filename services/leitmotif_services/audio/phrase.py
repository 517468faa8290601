"""What may be embedded as a phrase."""

import unicodedata

from leitmotif_services.runtime.errors import Reason, ServiceError, invalid_field

LONGEST_PHRASE = 2000
"""Characters. Checked before a phrase is tokenized, which takes time and memory by its length."""

_NOT_TEXT = frozenset({"Cc", "Cs"})
"""Unicode categories: control characters, surrogates that stand alone."""


def checked_phrase(text: str) -> str:
    """`text` as it is. LIMIT_EXCEEDED when it is longer than LONGEST_PHRASE, FIELD_INVALID when it holds control characters or
    lone surrogates, TEXT_EMPTY when it holds nothing but space.
    """
    if len(text) > LONGEST_PHRASE:
        raise ServiceError(
            Reason.LIMIT_EXCEEDED,
            f"the phrase has {len(text)} characters, {LONGEST_PHRASE} are allowed",
            limit=LONGEST_PHRASE,
            actual=len(text),
        )
    if not text.strip():
        raise ServiceError(Reason.TEXT_EMPTY, "the phrase holds nothing but space" if text else "the phrase is empty")
    if any(unicodedata.category(character) in _NOT_TEXT for character in text):
        raise invalid_field("texts", "a phrase must not contain control characters, line breaks or lone surrogates")
    return text
