"""Messages of the models API ↔ domain."""

from google.protobuf.timestamp_pb2 import Timestamp

from leitmotif.api.prototypes.v1 import models_pb2 as pb2
from leitmotif_services.prototypes.manifest import Manifest
from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.models.serving import Serving
from leitmotif_services.prototypes.models.trial import Arm, Trial

ARMS: dict[Arm, pb2.Arm] = {"": pb2.ARM_UNSPECIFIED, "control": pb2.ARM_CONTROL, "trial": pb2.ARM_TRIAL}
"""Wire value of each arm."""


def model_message(manifest: Manifest, serving: Serving | None) -> pb2.Model:
    """What a manifest says of its model and, where it is in memory, how it stands now."""
    created_at = Timestamp()
    created_at.FromDatetime(manifest.created)
    loaded = None if serving is None else serving.version(manifest.model_version)
    return pb2.Model(
        model_version=manifest.model_version,
        kind=manifest.kind,
        encoder_id=manifest.encoder_id,
        prototype_count=manifest.prototype_count,
        track_count=manifest.track_count if loaded is None else track_count(loaded),
        created_at=created_at,
        metrics=dict(manifest.metrics),
        active=serving is not None and loaded is serving.active,
        profile_version=manifest.profile_version,
        loaded=loaded is not None,
        catalogue_revision=manifest.catalogue_revision,
    )


def track_count(model: ServedModel) -> int:
    """Tracks of a loaded model, with all changes since."""
    return len(model.catalogue)


def trial_message(trial: Trial | None) -> pb2.Trial | None:
    """A trial as a message; None for none."""
    if trial is None:
        return None
    started_at = Timestamp()
    started_at.FromDatetime(trial.started_at)
    return pb2.Trial(model_version=trial.model_version, share=trial.share, name=trial.name, started_at=started_at)
