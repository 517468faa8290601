# Generated from leitmotif/_async/texts.py by clients/python/generate_sync.py; edit that file instead.
"""Texts that evaluations read, kept by the service."""

from collections.abc import Iterator

from leitmotif._convert.texts import uploaded_text_of
from leitmotif._sync.transport import Transport
from leitmotif._text_pieces import Content, TextPieces
from leitmotif.api.evaluation.v1 import texts_pb2 as pb2
from leitmotif.errors import DataLossError, LeitmotifError
from leitmotif.types import UploadedText

UPLOAD_TIMEOUT_S = 300.0


class Texts:
    """Uploaded texts: `client.texts`. The same text is kept once, whatever it is called, until it expires."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def upload(self, text: Content, *, timeout_s: float = UPLOAD_TIMEOUT_S) -> UploadedText:
        """Upload a text: a `pathlib.Path` stands for the file there, read as it is sent; a str or bytes (UTF-8) for itself.

        InvalidArgumentError (TEXT_EMPTY, TEXT_NOT_UTF8, LIMIT_EXCEEDED) where the service does not take it, OverloadedError where
        there is no room for it beside the texts that it keeps already, OSError where the file cannot be read.
        """
        attempts: list[TextPieces] = []

        def requests() -> Iterator[pb2.UploadTextRequest]:
            attempts.append(TextPieces(text))
            return _messages(attempts[-1])

        method = self._transport.stubs.texts.UploadText
        try:
            response = self._transport.intake(method, requests, timeout_s=timeout_s)
        except LeitmotifError:
            if attempts and attempts[-1].failure is not None:
                raise attempts[-1].failure from None
            raise
        sent = attempts[-1]
        if sent.failure is not None:
            raise sent.failure
        if response.text.text_id != sent.text_id:
            raise DataLossError(f"the service has kept another text than was sent, {response.text.text_id}", code="DATA_LOSS")
        return uploaded_text_of(response.text)

    def get(self, text_id: str, *, timeout_s: float | None = None) -> UploadedText:
        """What is known of a text. NotFoundError (TEXT_NOT_FOUND) when it is not kept, or not any more."""
        method = self._transport.stubs.texts.GetText
        request = pb2.GetTextRequest(text_id=text_id)
        response = self._transport.call(method, request, timeout_s=timeout_s, repeatable=True)
        return uploaded_text_of(response.text)

    def list(self, *, page_size: int = 0, timeout_s: float | None = None) -> Iterator[UploadedText]:
        """Every text, by id. Pages are fetched as they are needed."""
        method = self._transport.stubs.texts.ListTexts
        for response in self._transport.pages(
            lambda page_token: self._transport.call(
                method,
                pb2.ListTextsRequest(page_size=page_size, page_token=page_token),
                timeout_s=timeout_s,
                repeatable=True,
            )
        ):
            for text in response.texts:
                yield uploaded_text_of(text)

    def delete(self, text_id: str, *, timeout_s: float | None = None) -> bool:
        """Delete a text; False when there was none. A job that waits for it will fail."""
        method = self._transport.stubs.texts.DeleteText
        request = pb2.DeleteTextRequest(text_id=text_id)
        response = self._transport.call(method, request, timeout_s=timeout_s, repeatable=False)
        return response.existed


def _messages(pieces: TextPieces) -> Iterator[pb2.UploadTextRequest]:
    try:
        while piece := pieces.next():
            yield pb2.UploadTextRequest(chunk=piece)
    finally:
        pieces.close()
