"""Texts of evaluations."""

from leitmotif._convert.times import time_of
from leitmotif.api.evaluation.v1 import specs_pb2, texts_pb2
from leitmotif.types import Documents, TextSource, UploadedText

_DOCUMENTS = {
    # Not by its own number: the M2D2 protocol wants the field left out.
    Documents.WHOLE: specs_pb2.DOCUMENTS_UNSPECIFIED,
    Documents.LINES: specs_pb2.DOCUMENTS_LINES,
    Documents.PARAGRAPHS: specs_pb2.DOCUMENTS_PARAGRAPHS,
}
_DOCUMENTS_BACK = {number: name for name, number in _DOCUMENTS.items()}


def documents_number_of(documents: Documents) -> specs_pb2.Documents:
    return _DOCUMENTS[documents]


def documents_of(number: int) -> Documents:
    return next((name for known, name in _DOCUMENTS_BACK.items() if known == number), Documents.WHOLE)


def source_message_of(source: TextSource) -> specs_pb2.TextSource:
    """The message; `source` names exactly one text."""
    message = specs_pb2.TextSource(documents=documents_number_of(source.documents))
    for name in ("text", "text_path", "text_id"):
        if getattr(source, name):
            setattr(message, name, getattr(source, name))
    return message


def source_of(message: specs_pb2.TextSource) -> TextSource:
    return TextSource(message.text, message.text_path, message.text_id, documents_of(message.documents))


def uploaded_text_of(message: texts_pb2.Text) -> UploadedText:
    return UploadedText(message.text_id, message.bytes, time_of(message, "uploaded_at"), time_of(message, "expires_at"))
