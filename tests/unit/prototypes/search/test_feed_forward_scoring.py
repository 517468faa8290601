"""Scores and contributions of the by-hand `apn`, each figure worked out in the comment beside it."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from leitmotif_services.prototypes.bundle_writing import write_bundle
from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.profile import Profile
from leitmotif_services.prototypes.ranking.recommendation import explain_track, recommend
from tests.unit.prototypes.sample_models import by_hand_apn, profile, random_apn, served


@pytest.fixture(params=["exact", "faiss"])
def model(request: pytest.FixtureRequest, tmp_path: Path) -> ServedModel:
    return served(by_hand_apn(), tmp_path, request.param)


def ranking(model: ServedModel, wanted: Profile) -> list[tuple[str, float]]:
    return [(item.track.track_id, item.explanation.score) for item in recommend(model, wanted, count=20)]


def test_listening_alone(model: ServedModel) -> None:
    # w = (2, 1), z = (1, 0): ada 1 + 0.5, bix 0.5 + 0.25, cab -1 + 1
    assert ranking(model, profile((2, 1))) == [("ada", 1.5), ("bix", 0.75), ("cab", 0.0)]


def test_an_edit_moves_the_weight_by_its_gain(model: ServedModel) -> None:
    # w = (2, 1 + 2·1) = (2, 3), z = (-1, 2): ada -0.5·2 + 0.5, bix 2 + 0.25, cab 2·2 + 1
    assert ranking(model, profile((2, 1), (0, 1))) == [("cab", 5.0), ("bix", 2.25), ("ada", -0.5)]


def test_a_weight_never_falls_below_zero(model: ServedModel) -> None:
    # w = (2, max(1 - 8, 0)) = (2, 0), z = (2, -1): ada 2 + 0.5
    assert dict(ranking(model, profile((2, 1), (0, -4))))["ada"] == 2.5
    assert ranking(model, profile((2, 1), (0, -4))) == ranking(model, profile((2, -7)))


def test_contributions_are_what_the_score_loses_without_each(model: ServedModel) -> None:
    explanation = explain_track(model, profile((2, 1), (0, 1)), "ada")[0].explanation
    # Without piano, w = (0, 3), z = (-3, 2): the units are the same. Without calm, w = (2, 0): 2.5, so calm costs 3, of which
    # its edit 2: without that alone, w = (2, 1): 1.5.
    assert [(part.prototype, part.contribution, part.edit_contribution) for part in explanation.contributions] == [
        (1, -3.0, -2.0),
        (0, 0.0, 0.0),
    ]
    assert (explanation.score, explanation.bias) == (-0.5, 2.5)


def test_a_mute_takes_the_weight_and_who_expresses_it(model: ServedModel) -> None:
    # bix expresses calm. w = (2, 0), z = (2, -1): ada 2 + 0.5, cab -2 + 1
    assert ranking(model, profile((2, 1), (0, 4), (1,))) == [("ada", 2.5), ("cab", -1.0)]


def test_what_everybody_would_be_shown_is_widely_heard(model: ServedModel) -> None:
    # With w = 0, z = (0, -1): the scores are the biases, of which cab's is above the mean of 7/12.
    assert explain_track(model, profile((0, 0)), "cab")[0].explanation.reason == "Widely heard here."
    assert explain_track(model, profile((0, 0)), "ada")[0].explanation.reason.startswith("Nothing is known")


def test_the_attention_in_onnx_runtime_equals_numpy(tmp_path: Path) -> None:
    model = random_apn(3, tracks=50, prototypes=9)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    path = write_bundle(model, tmp_path, encoder_artifact=None) / "affinity.onnx"
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    [affinities] = session.run(["affinity"], {"embedding": model.embeddings})
    logits = np.einsum("nd,akd->nak", model.embeddings, model.attention_weights, dtype=np.float64) + model.attention_offsets
    attention = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
    np.testing.assert_allclose(affinities, attention.mean(axis=1), atol=1e-6)
