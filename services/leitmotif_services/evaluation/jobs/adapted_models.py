"""Where jobs put the models that they adapt, and what they keep while they are at it."""

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from leitmotif_services.evaluation.adaptation.adaptation import AdaptationResult
from leitmotif_services.evaluation.adaptation.output_folder import named_output
from leitmotif_services.runtime.errors import Reason, ServiceError, invalid_field

ADAPTED = "adapted"
"""Folder below the model root."""
_CHECKPOINTS = ".checkpoints"


@dataclass(frozen=True)
class AdaptedModel:
    """What an adaptation job gives."""

    model: str
    """Folder relative to the model root."""
    adaptation: AdaptationResult


class AdaptedModels:
    """The folder `adapted` below the model root, and the checkpoints in it, a folder each job."""

    def __init__(self, model_root: Path, *, retention_s: float) -> None:
        """`retention_s`: checkpoints that nobody wrote to for so long are of a job that failed or was cancelled."""
        self._root = model_root / ADAPTED
        self._retention_s = retention_s

    def check_free(self, name: str) -> None:
        """FIELD_INVALID for a name that is none, or that a folder has already; empty stands for the job's id, and is free."""
        if name and (self._named(name).is_symlink() or self._named(name).exists()):
            raise invalid_field("spec.adaptation.output", f"{name!r} exists already")

    def begin(self, name: str, job_id: str) -> tuple[Path, Path]:
        """The folder that the model gets, and that of the job's checkpoints; parents are made. STORE_UNAVAILABLE."""
        checkpoints = self._root / _CHECKPOINTS
        try:
            checkpoints.mkdir(mode=0o700, parents=True, exist_ok=True)
            for left in checkpoints.iterdir():
                if left.name != job_id and left.stat().st_mtime + self._retention_s < time.time():
                    shutil.rmtree(left, ignore_errors=True)
        except OSError as error:
            raise ServiceError(Reason.STORE_UNAVAILABLE, "adapted models cannot be written below the model root") from error
        return self._named(name or job_id), checkpoints / job_id

    def _named(self, name: str) -> Path:
        try:
            return named_output(self._root, name)
        except ServiceError as error:
            raise invalid_field("spec.adaptation.output", error.violations[0].description) from None
