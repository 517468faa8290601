"""The key that page tokens are signed with, kept beside the bundles where an operator gives none."""

import logging
import os
import secrets
from pathlib import Path

NAME = "cursor-key"
_KEY_BYTES = 32

log = logging.getLogger(__name__)


def kept_key(folder: Path) -> bytes:
    """The key of the file NAME in `folder`; drawn, and written for its owner alone, where there is none.

    Services over one folder share it, so that pages are turned across a restart and from one to the other. Where it can be
    neither read nor written, or holds no key, the key is good for this process alone, and the log says so.
    """
    path = folder / NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write_first(path)
        key = path.read_bytes()
    except OSError as error:
        log.warning("page tokens of rankings end with this process: %s: %s", path.name, error.strerror or error)
        return secrets.token_bytes(_KEY_BYTES)
    if len(key) != _KEY_BYTES:
        log.warning("page tokens of rankings end with this process: %s is damaged; delete it", path.name)
        return secrets.token_bytes(_KEY_BYTES)
    return key


def _write_first(path: Path) -> None:
    """Written aside and linked into place: of two that begin at once, one comes first, and nobody reads half a key."""
    if path.exists():
        return
    aside = path.with_name(f".{NAME}-{secrets.token_hex(8)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(aside, path)
        except FileExistsError:
            return
    finally:
        aside.unlink(missing_ok=True)
