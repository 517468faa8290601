"""Checkpoints of a training: folders that are there whole or not at all, and the newest of them."""

import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leitmotif_services.evaluation.adaptation.output_folder import flush_folder
from leitmotif_services.runtime.errors import Reason, ServiceError, invalid_field

_PREFIX = "step-"
_UNFINISHED = ".writing-"
_POSITION_FILE = "position.json"


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint on disk."""

    folder: Path
    position: dict[str, Any]


class Checkpoints:
    """The checkpoints of one run, in a folder of their own. Each is a folder "step-<n>"; the last is kept.

    Nothing in them is pickled: tensors are safetensors, the position is JSON.
    """

    def __init__(self, folder: Path, identity: str, *, interval_s: float, writes: bool = True) -> None:
        """`identity` tells which run they are of: model, text and settings. Without `writes` they are read alone."""
        self._writes = writes
        self._folder = folder
        self._identity = identity
        self._interval_s = interval_s
        self._last_write_s = time.monotonic()

    def latest(self) -> Checkpoint | None:
        """The newest; None where there is none. FIELD_INVALID when it is of another run."""
        found = self._steps()
        if not found:
            return None
        folder = found[max(found)]
        try:
            kept = json.loads((folder / _POSITION_FILE).read_bytes())
            identity, position = kept["identity"], dict(kept["position"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ServiceError(Reason.STORED_VALUE_UNREADABLE, f"the checkpoint {folder.name} is damaged; delete it") from error
        if identity != self._identity:
            raise invalid_field(
                "checkpoint_folder",
                f"{self._folder.name!r} holds a checkpoint of another model, text or settings; delete it first",
            )
        return Checkpoint(folder, position)

    def due(self) -> bool:
        """Whether the last one was written, or the run begun, so long ago that it is time for the next."""
        return time.monotonic() - self._last_write_s >= self._interval_s

    def write(self, step: int, position: dict[str, Any], write_state: Callable[[Path], None]) -> None:
        """Write the checkpoint before `step`, then remove older ones. Killed at any point, one of both is whole."""
        if not self._writes:
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        writing = self._folder / f"{_UNFINISHED}{step}-{os.getpid()}"
        shutil.rmtree(writing, ignore_errors=True)
        writing.mkdir()
        write_state(writing)
        (writing / _POSITION_FILE).write_text(json.dumps({"identity": self._identity, "position": position}))
        flush_folder(writing)
        target = self._folder / f"{_PREFIX}{step}"
        shutil.rmtree(target, ignore_errors=True)
        writing.rename(target)
        flush_folder(self._folder)
        for other_step, other in self._steps().items():
            if other_step != step:
                shutil.rmtree(other, ignore_errors=True)
        for left_over in self._folder.glob(f"{_UNFINISHED}*"):
            shutil.rmtree(left_over, ignore_errors=True)
        self._last_write_s = time.monotonic()

    def remove(self) -> None:
        """Delete them all, and their folder."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _steps(self) -> dict[int, Path]:
        found = self._folder.glob(f"{_PREFIX}*") if self._folder.is_dir() else ()
        return {int(each.name.removeprefix(_PREFIX)): each for each in found if each.name.removeprefix(_PREFIX).isdecimal()}
