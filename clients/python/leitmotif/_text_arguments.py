"""The texts that a caller gives to an evaluation. No network."""

import os

from leitmotif._convert.texts import documents_number_of, source_message_of
from leitmotif.api.evaluation.v1 import specs_pb2
from leitmotif.types import Documents, TextSource, UploadedText

INLINE_BYTES = 1 << 20
"""A longer text does not fit into a request: it is uploaded."""

TextArgument = str | os.PathLike[str] | UploadedText | TextSource
"""A text itself, a file here, which is uploaded, one that was uploaded before, or any source that the service knows."""


def one_text(text: TextArgument | None, text_path: str | None, text_id: str | None, documents: Documents) -> TextArgument:
    """The one that is given; ValueError for none and for several. `documents` is for a path and an id."""
    given = [
        *([] if text is None else [text]),
        *([] if text_path is None else [TextSource(text_path=text_path, documents=documents)]),
        *([] if text_id is None else [TextSource(text_id=text_id, documents=documents)]),
    ]
    if len(given) != 1:
        raise ValueError("give exactly one of text, text_path and text_id")
    return given[0]


def content_to_upload(text: TextArgument) -> str | os.PathLike[str] | None:
    """What must be uploaded before a request can name it; None for the rest."""
    content = text.text if isinstance(text, TextSource) else text
    if isinstance(content, UploadedText):
        return None
    if isinstance(content, str):
        return content if len(content.encode()) > INLINE_BYTES else None
    return content


def source_message(text: TextArgument, uploaded: UploadedText | None, documents: Documents) -> specs_pb2.TextSource:
    """The message of a text, `uploaded` where that was needed. `documents` is for texts whose source does not say it.

    ValueError for a TextSource that does not name exactly one text.
    """
    if isinstance(text, TextSource):
        if sum(map(bool, (text.text, text.text_path, text.text_id))) != 1:
            raise ValueError("a TextSource must have exactly one of text, text_path and text_id")
        documents = text.documents
    number = documents_number_of(documents)
    if uploaded is not None:
        return specs_pb2.TextSource(text_id=uploaded.text_id, documents=number)
    if isinstance(text, TextSource):
        return source_message_of(text)
    if isinstance(text, UploadedText):
        return specs_pb2.TextSource(text_id=text.text_id, documents=number)
    if isinstance(text, str):
        return specs_pb2.TextSource(text=text, documents=number)
    raise TypeError(f"a text is a str, a path, an UploadedText or a TextSource, not {type(text).__name__}")
