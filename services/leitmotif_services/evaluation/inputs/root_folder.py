"""Resolves the paths that callers give, and lets none of them leave the folder it is relative to."""

from pathlib import Path, PurePosixPath
from typing import Any

from leitmotif_services.runtime.errors import Reason, ServiceError, invalid_field

_MAX_PATH_LENGTH = 1024


class RootFolder:
    """What lies below one folder. Symbolic links are followed and may point anywhere below it, nowhere else."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def find(self, field: str, relative: str, *, missing: Reason, kind: str) -> Path:
        """The resolved path of something that exists below the root.

        FIELD_INVALID for a path that is empty, absolute or steps up; `missing` when nothing is there, also for a link that
        leads outside, since a caller is not told what exists there. `kind` names the thing in messages, and in the metadata.
        """
        path = PurePosixPath(relative)
        if not relative or len(relative) > _MAX_PATH_LENGTH or "\0" in relative:
            raise invalid_field(field, f"must be a relative path of 1 to {_MAX_PATH_LENGTH} characters")
        if path.is_absolute() or ".." in path.parts:
            raise invalid_field(field, "must be relative to the configured root and must not contain '..'")
        try:
            resolved = (self._root / path).resolve(strict=True)
        except (OSError, RuntimeError):  # RuntimeError: a loop of links
            resolved = None
        if resolved is None or not self.holds(resolved):
            raise ServiceError(
                missing, f"no {kind} at {relative!r} below the configured root", **dict[str, Any]({kind: relative})
            )
        return resolved

    def holds(self, resolved: Path) -> bool:
        """Whether a resolved path lies below the root, or is it."""
        return resolved.is_relative_to(self._root)
