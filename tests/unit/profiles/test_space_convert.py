from typing import Any

import numpy as np
import pytest

from leitmotif.api.common.v1.vectors_pb2 import FloatMatrix
from leitmotif.api.profiles.v1 import profiles_pb2 as pb
from leitmotif_services.profiles.space_convert import space_of
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace
from leitmotif_services.runtime.errors import Reason, ServiceError

IDS = ("calm", "loud")


def test_a_space_keeps_its_order() -> None:
    request = pb.RegisterPrototypeSpaceRequest(model_version="m1", prototype_ids=("calm", "loud", "fast"))
    assert space_of(request) == PrototypeSpace("m1", ("calm", "loud", "fast"))
    assert space_of(request).position("fast") == 2


def request(**fields: Any) -> pb.RegisterPrototypeSpaceRequest:
    return pb.RegisterPrototypeSpaceRequest(**{"model_version": "m1", "prototype_ids": IDS, **fields})


def directions(*rows: tuple[float, ...]) -> FloatMatrix:
    values = np.array(rows, "<f4")
    return FloatMatrix(values=values.tobytes(), dimension=values.shape[1])


def test_a_space_with_everything() -> None:
    space = space_of(request(labels=["Calm", ""], directions=directions((0.6, 0.8), (0.0, 0.0)), encoder_id="enc"))
    assert (space.labels, space.encoder_id) == (("Calm", ""), "enc")
    assert space.directions is not None
    assert space.directions.tolist() == np.array([[0.6, 0.8], [0, 0]], np.float32).tolist()
    assert not space.directions.flags.writeable
    nearly = space_of(request(directions=directions((1.0009, 0.0), (0.0, 0.9991)), encoder_id="enc"))
    assert nearly.directions is not None


def test_a_space_with_ids_alone() -> None:
    space = space_of(request())
    assert (space.model_version, space.prototype_ids, space.labels, space.directions, space.encoder_id) == (
        "m1", IDS, (), None, ""
    )  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "at_fault"),
    [
        ({"labels": ["Calm"]}, "labels"),
        ({"labels": ["Calm", "x" * 257]}, "labels[1]"),
        ({"labels": ["Calm\x07", "Loud"]}, "labels[0]"),
        ({"directions": directions((1, 0)), "encoder_id": "enc"}, "directions.values"),
        ({"directions": directions((1, 0), (1.002, 0)), "encoder_id": "enc"}, "directions.values"),
        ({"directions": directions((1, 0), (1e-30, 0)), "encoder_id": "enc"}, "directions.values"),
        ({"directions": directions((1, 0), (float("nan"), 0)), "encoder_id": "enc"}, "directions.values"),
        ({"directions": directions((1, 0), (float("inf"), 0)), "encoder_id": "enc"}, "directions.values"),
        ({"directions": FloatMatrix(), "encoder_id": "enc"}, "directions.dimension"),
        ({"directions": directions((1, 0), (0, 1))}, "encoder_id"),
        ({"directions": directions((1, 0), (0, 1)), "encoder_id": "{enc}"}, "encoder_id"),
        ({"encoder_id": "a b"}, "encoder_id"),
    ],
)
def test_a_space_at_fault_is_refused(fields: dict[str, Any], at_fault: str) -> None:
    with pytest.raises(ServiceError) as refused:
        space_of(request(**fields))
    assert refused.value.reason is Reason.FIELD_INVALID
    assert refused.value.violations[0].field == at_fault
