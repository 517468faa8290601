"""Texts that evaluations read."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Documents(StrEnum):
    """Where one document of a text ends and the next begins. Empty documents are passed over."""

    WHOLE = "whole"
    """The text is one document."""
    LINES = "lines"
    """Each line is one, without its end."""
    PARAGRAPHS = "paragraphs"
    """What blank lines divide."""


@dataclass(frozen=True, slots=True)
class UploadedText:
    """A text that the service keeps. Wherever an evaluation takes a text, it takes this."""

    text_id: str
    """SHA-256 of its bytes in UTF-8, lower-case hexadecimal."""
    bytes: int
    uploaded_at: datetime | None
    """The last time."""
    expires_at: datetime | None
    """When it is deleted by itself, unless it is uploaded again."""


@dataclass(frozen=True, slots=True)
class TextSource:
    """Where a text comes from; exactly one of the first three is given. The service never echoes `text`."""

    text: str = field(default="", repr=False)
    """The text itself."""
    text_path: str = ""
    """A UTF-8 file below the service's text root."""
    text_id: str = ""
    """A text that was uploaded before."""
    documents: Documents = Documents.WHOLE
