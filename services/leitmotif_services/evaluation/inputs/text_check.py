"""Checks a text that comes in pieces as `decode_text` checks a whole one, holding one piece at a time."""

import codecs

from leitmotif_services.runtime.errors import Reason, ServiceError


class TextCheck:
    """Sees every piece once, in order; pieces need not end where characters do."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self.seen_bytes = 0

    def add(self, piece: bytes) -> None:
        """The next piece; TEXT_NOT_UTF8, also for a NUL byte: no text has one (metadata: offset, from the text's begin)."""
        begun_bytes = len(self._decoder.getstate()[0])
        try:
            self._decoder.decode(piece)
        except UnicodeDecodeError as error:
            raise _not_utf8(self.seen_bytes - begun_bytes + error.start, error.object[error.start]) from None
        nul = piece.find(0)
        if nul >= 0:
            raise ServiceError(
                Reason.TEXT_NOT_UTF8, "the text holds a NUL byte: it is a binary file", offset=self.seen_bytes + nul
            )
        self.seen_bytes += len(piece)

    def end(self) -> None:
        """No piece is left: TEXT_EMPTY where there was no byte, TEXT_NOT_UTF8 where the last character is cut off."""
        if not self.seen_bytes:
            raise ServiceError(Reason.TEXT_EMPTY, "the text is empty")
        begun = self._decoder.getstate()[0]
        if begun:
            raise _not_utf8(self.seen_bytes - len(begun), begun[0])


def _not_utf8(offset: int, byte: int) -> ServiceError:
    message = f"the text is not valid UTF-8: byte {offset} is 0x{byte:02x}"
    return ServiceError(Reason.TEXT_NOT_UTF8, message, offset=offset)
