"""Texts to evaluate: bounded reading, the UTF-8 check, words and bytes."""

import stat
from pathlib import Path

from leitmotif_services.runtime.errors import Reason, ServiceError


def read_text(path: Path, *, limit_bytes: int) -> str:
    """The text of a regular file; line ends stay as they are.

    Raises TEXT_NOT_FOUND, LIMIT_EXCEEDED (metadata: limit, actual), TEXT_EMPTY, TEXT_NOT_UTF8. Never reads more than the
    limit, whatever the file grows to.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # a pipe or a device would block or never end
            raise ServiceError(Reason.TEXT_NOT_FOUND, f"{path.name} is not a regular file", text=path.name)
        if status.st_size > limit_bytes:
            raise text_too_large(limit_bytes, status.st_size)
        with path.open("rb") as file:
            raw = file.read(limit_bytes + 1)
    except OSError as error:
        raise ServiceError(Reason.TEXT_NOT_FOUND, f"no text file can be read at {path.name}", text=path.name) from error
    if len(raw) > limit_bytes:
        raise text_too_large(limit_bytes, len(raw))
    return decode_text(raw)


def decode_text(raw: bytes) -> str:
    """`raw` as text; TEXT_EMPTY without any byte, TEXT_NOT_UTF8 when it is something else than UTF-8 text.

    A NUL byte is valid UTF-8, but no text has one: such bytes are a binary file and refused as well.
    """
    if not raw:
        raise ServiceError(Reason.TEXT_EMPTY, "the text is empty")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ServiceError(
            Reason.TEXT_NOT_UTF8,
            f"the text is not valid UTF-8: byte {error.start} is 0x{raw[error.start]:02x}",
            offset=error.start,
        ) from None
    if "\0" in text:
        raise ServiceError(Reason.TEXT_NOT_UTF8, "the text holds a NUL byte: it is a binary file", offset=raw.index(0))
    return text


def check_inline_text(text: str, *, limit_bytes: int) -> None:
    """The same checks for a text that came with a request."""
    size = count_bytes(text)
    if size > limit_bytes:
        raise text_too_large(limit_bytes, size)
    decode_text(text.encode())


def m2d2_text(text: str) -> str:
    """The text as the M2D2 protocol reads it (Reid et al., EMNLP 2022): its lines, joined with a newline, none after the last."""
    return "\n".join(text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n"))


def count_words(text: str) -> int:
    """Words, separated by white space."""
    return len(text.split())


def count_bytes(text: str) -> int:
    """Bytes in UTF-8."""
    return len(text.encode())


def text_too_large(limit: int, actual: int) -> ServiceError:
    """LIMIT_EXCEEDED for a text of `actual` bytes."""
    return ServiceError(Reason.LIMIT_EXCEEDED, f"the text has {actual} bytes, {limit} are allowed", limit=limit, actual=actual)
