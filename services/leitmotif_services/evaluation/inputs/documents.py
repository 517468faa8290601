"""Where one document of a text ends and the next begins."""

import re
from enum import StrEnum

_LINE_END = re.compile(r"\r\n|\r|\n")
_BLANK_LINES = re.compile(r"(?:\r\n|\r|\n)[^\S\r\n]*(?:\r\n|\r|\n)\s*")


class Documents(StrEnum):
    """How a text is divided."""

    WHOLE = "whole"
    """It is one document, as it stands."""
    LINES = "lines"
    """Each line is one, without its end."""
    PARAGRAPHS = "paragraphs"
    """What blank lines divide, without those."""


def documents_of(text: str, division: Documents) -> list[str]:
    """The documents of a text, in order; empty ones are left out."""
    match division:
        case Documents.WHOLE:
            found = [text]
        case Documents.LINES:
            found = _LINE_END.split(text)
        case Documents.PARAGRAPHS:
            found = _BLANK_LINES.split(text)
    return [document for document in found if document.strip() or (division is Documents.WHOLE and document)]
