"""A text on its way to the service, in pieces: a file is read as it is sent. No network."""

import hashlib
import os
from pathlib import Path
from typing import BinaryIO

PIECE_BYTES = 256 << 10

Content = str | bytes | os.PathLike[str]
"""A text itself, its bytes in UTF-8, or the file that holds it."""


class TextPieces:
    """The pieces of one attempt to send a text."""

    def __init__(self, content: Content) -> None:
        self._content = content.encode() if isinstance(content, str) else content
        self._file: BinaryIO | None = None
        self._sent = 0
        self._sha256 = hashlib.sha256()
        self.failure: OSError | None = None
        """Why the file could not be read to its end. Not raised where it happens: gRPC hides what its request iterator raises."""

    def next(self) -> bytes:
        """The next piece; empty at the end, or when the file cannot be read."""
        try:
            piece = self._read()
        except OSError as failure:
            self.failure = failure
            piece = b""
        self._sha256.update(piece)
        if not piece:
            self.close()
        return piece

    @property
    def text_id(self) -> str:
        """Of what was sent."""
        return self._sha256.hexdigest()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _read(self) -> bytes:
        if isinstance(self._content, bytes):
            piece = self._content[self._sent : self._sent + PIECE_BYTES]
            self._sent += len(piece)
            return piece
        if self._file is None:
            self._file = Path(self._content).open("rb")  # noqa: SIM115 - it is read over many calls, and closed by `close`
        return self._file.read(PIECE_BYTES)
