import math

import pytest

from leitmotif_services.evaluation.adaptation.adaptation_settings import (
    AdaptationSettings,
    check_adaptation_settings,
    training_context,
)
from leitmotif_services.runtime.errors import Reason, ServiceError


def test_the_defaults_are_in_range() -> None:
    check_adaptation_settings(AdaptationSettings())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("epochs", 0.0), ("epochs", 100.1), ("epochs", math.nan), ("learning_rate", 0.0), ("learning_rate", 1.1),
        ("weight_decay", -0.1), ("weight_decay", 1.1), ("warmup_share", 1.1), ("max_grad_norm", 0.0), ("max_grad_norm", math.inf),
        ("batch_size", 0), ("batch_size", 1025), ("context", -1), ("held_out_share", 0.51), ("held_out_share", math.nan),
    ],
)  # fmt: skip
def test_what_is_out_of_range_is_named(field: str, value: float) -> None:
    with pytest.raises(ServiceError) as raised:
        check_adaptation_settings(AdaptationSettings(**{field: value}))
    assert raised.value.reason is Reason.FIELD_INVALID
    assert [violation.field for violation in raised.value.violations] == [field]


@pytest.mark.parametrize(
    ("asked", "longest", "expected"), [(0, 64, 64), (0, 4096, 1024), (2048, 4096, 2048), (32, 64, 32), (16, None, 16)]
)
def test_the_context_is_the_models_own_unless_asked_for(asked: int, longest: int | None, expected: int) -> None:
    assert training_context(AdaptationSettings(context=asked), longest) == expected


def test_a_context_that_the_model_does_not_read_is_refused() -> None:
    with pytest.raises(ServiceError) as raised:
        training_context(AdaptationSettings(context=65), 64)
    assert raised.value.reason is Reason.CONTEXT_INVALID
