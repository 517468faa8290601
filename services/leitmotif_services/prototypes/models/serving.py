"""The models in memory at one moment, and which of them answers whom."""

from dataclasses import dataclass

from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.models.trial import Arm, Trial


@dataclass(frozen=True)
class Serving:
    """Replaced as a whole: who reads it once sees what belongs together."""

    active: ServedModel
    other: ServedModel | None = None
    """Loaded beside it: the one on trial, the one that was active before, or one that is about to be."""
    trial: Trial | None = None
    """The trial that is under way, of `other`."""
    earlier: tuple[str, ...] = ()
    """Versions that were active before, the latest first."""

    @property
    def loaded(self) -> tuple[ServedModel, ...]:
        """The active model, and the other where there is one."""
        return (self.active,) if self.other is None else (self.active, self.other)

    def version(self, model_version: str) -> ServedModel | None:
        """The loaded model of that version."""
        return next((model for model in self.loaded if model.model_version == model_version), None)

    def for_user(self, user_id: str) -> tuple[ServedModel, Arm]:
        """The model that answers the user, and the trial's arm; for "" it is the active one."""
        if self.trial is None or self.other is None:
            return self.active, ""
        arm = self.trial.arm_of(user_id)
        return (self.other if arm == "trial" else self.active), arm
