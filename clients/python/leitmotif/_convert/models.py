"""Models and trials."""

from leitmotif._convert.times import time_of
from leitmotif.api.prototypes.v1 import models_pb2 as pb2
from leitmotif.types import Arm, Model, Trial

_ARMS: dict[int, Arm] = {pb2.ARM_CONTROL: Arm.CONTROL, pb2.ARM_TRIAL: Arm.TRIAL}


def arm_of(number: int) -> Arm:
    """An arm that this release does not know reads as none."""
    return _ARMS.get(number, Arm.NONE)


def model_of(message: pb2.Model, prototype_ids: tuple[str, ...] = (), arm: int = 0) -> Model:
    return Model(
        model_version=message.model_version,
        kind=message.kind,
        encoder_id=message.encoder_id,
        prototype_count=message.prototype_count,
        track_count=message.track_count,
        created_at=time_of(message, "created_at"),
        metrics=dict(message.metrics),
        active=message.active,
        prototype_ids=prototype_ids,
        profile_version=message.profile_version,
        loaded=message.loaded,
        catalogue_revision=message.catalogue_revision,
        arm=arm_of(arm),
    )


def trial_of(message: pb2.Trial) -> Trial:
    return Trial(message.model_version, message.share, message.name, time_of(message, "started_at"))
