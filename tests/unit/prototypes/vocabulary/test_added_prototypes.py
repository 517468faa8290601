"""What was added after training stands behind what was trained, in prototypes as in arrays; anything else is refused."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from leitmotif_services.prototypes.bundle_writing import Trained, write_bundle
from leitmotif_services.prototypes.prototype import Prototype, listened_count
from leitmotif_services.prototypes.safetensors_bundle import load_bundle
from leitmotif_services.prototypes.vocabulary.extended_model import extended
from leitmotif_services.prototypes.vocabulary.new_prototype import NewColumn
from tests.unit.prototypes.sample_models import by_hand, by_hand_apn

COLUMN = NewColumn(np.array([0.5, 0.25, 1.0], np.float32), np.array([1, 0, -1], np.float32), 0.5)


def of_source(*sources: str) -> list[Prototype]:
    return [Prototype(f"p{k}", "x", "", source, None, (), 1) for k, source in enumerate(sources)]  # type: ignore[arg-type]


def added(model: Trained) -> Trained:
    return extended(model, of_source("clip")[0], COLUMN)


def test_how_many_were_trained() -> None:
    assert listened_count(of_source("tag", "discovered")) == 2
    assert listened_count(of_source("tag", "tracks", "clip", "phrase")) == 1
    for wrong in (of_source("tracks", "tag"), of_source("tag", "clip", "discovered"), of_source("phrase"), []):
        with pytest.raises(ValueError, match=r"trained|training"):
            listened_count(wrong)


def test_arrays(tmp_path: Path) -> None:
    """Responses and attention are those of training; each other array has a place more."""
    linear, apn = added(by_hand()), added(by_hand_apn())
    for model in (linear, apn):
        loaded = load_bundle(write_bundle(model, tmp_path, encoder_artifact=None))
        assert loaded.scoring.affinities[np.arange(3)][:, 2].tolist() == [0.5, 0.25, 1.0]
        assert [prototype.expressed_rank for prototype in loaded.prototypes] == [1, 1, 1]
        assert loaded.profile_version == loaded.model_version
    assert (linear.responses.shape, linear.head_weights.shape) == ((3, 2), (3, 3))  # type: ignore[attr-defined]
    assert (apn.attention_weights.shape, apn.hidden_weights.shape) == ((2, 2, 3), (2, 3))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("model", "changed", "problem"),
    [
        (by_hand, {"responses": np.zeros((3, 3), np.float32)}, "responses is float32 of shape"),
        (by_hand, {"responses": np.zeros((3, 1), np.float32)}, "responses is float32 of shape"),
        (by_hand_apn, {"attention_weights": np.zeros((2, 3, 3), np.float32)}, "attention_weights is float32 of shape"),
        (by_hand_apn, {"added_head_weights": None}, "there is no added_head_weights"),
        (by_hand_apn, {"added_head_weights": np.zeros((2, 3), np.float32)}, "added_head_weights is float32 of shape"),
        (by_hand_apn, {"added_head_offsets": np.full(1, np.nan, np.float32)}, "added_head_offsets holds NaN"),
    ],
)
def test_arrays_at_odds_with_what_was_added(model: object, changed: dict[str, object], problem: str, tmp_path: Path) -> None:
    wrong = dataclasses.replace(added(model()), **changed)  # type: ignore[operator]
    with pytest.raises(ValueError, match=problem):
        write_bundle(wrong, tmp_path, encoder_artifact=None)


def test_the_column_of_apn_points_to_who_expresses_it() -> None:
    """W1 (Σ α a / Σ α − mean a), as long as W1's columns, 1 and √2, are on average.

    α = (0, 0, 1): a of cab, less the mean of (0.75, 0.25), (0.25, 0.75), (0.5, 0.5), which is the same: no direction.
    α = (1, 0, 0): (0.25, −0.25), which W1 takes to (0.5, −0.25).
    """
    nowhere = dataclasses.replace(COLUMN, affinities=np.array([0, 0, 1], np.float32))
    assert extended(by_hand_apn(), of_source("clip")[0], nowhere).hidden_weights[:, 2].tolist() == [0.0, 0.0]  # type: ignore[attr-defined]
    ada = dataclasses.replace(COLUMN, affinities=np.array([1, 0, 0], np.float32))
    length = (1 + np.sqrt(2)) / 2
    column = extended(by_hand_apn(), of_source("clip")[0], ada).hidden_weights[:, 2]  # type: ignore[attr-defined]
    np.testing.assert_allclose(column, np.array([0.5, -0.25]) / np.hypot(0.5, 0.25) * length, rtol=1e-6)
