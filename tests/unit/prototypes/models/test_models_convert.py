"""Every field of a model and of a trial is filled, and every arm has its wire value."""

from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

from google.protobuf.message import Message

from leitmotif.api.prototypes.v1 import models_pb2 as pb2
from leitmotif_services.prototypes.models.serving import Serving
from leitmotif_services.prototypes.models.trial import Arm, Trial
from leitmotif_services.prototypes.models_convert import ARMS, model_message, trial_message
from tests.unit.prototypes.sample_models import by_hand, served


def filled(message: Message) -> set[str]:
    return {descriptor.name for descriptor, _ in message.ListFields()}


def test_model(tmp_path: Path) -> None:
    model = served(by_hand(), tmp_path)
    message = model_message(model.manifest, Serving(model))
    assert filled(message) == {field.name for field in pb2.Model.DESCRIPTOR.fields} - {"catalogue_revision"}
    assert message.created_at.ToDatetime(UTC) == model.manifest.created
    assert (message.model_version, message.profile_version, message.track_count) == (model.model_version, model.model_version, 3)
    apart = model_message(model.manifest, None)
    assert filled(message) - filled(apart) == {"active", "loaded"}
    assert apart.track_count == 3


def test_trial() -> None:
    began = datetime(2025, 1, 31, 12, tzinfo=UTC)
    message = trial_message(Trial("v", 0.25, "spring", began))
    assert message is not None
    assert filled(message) == {field.name for field in pb2.Trial.DESCRIPTOR.fields}
    assert message.started_at.ToDatetime(UTC) == began
    assert trial_message(None) is None


def test_arms() -> None:
    assert set(ARMS) == set(get_args(Arm))
    assert set(ARMS.values()) == set(pb2.Arm.values())
