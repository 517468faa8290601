"""A new prototype changes nothing until somebody edits it, and then does what its column says."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.profile import Profile
from leitmotif_services.prototypes.prototype import Prototype
from leitmotif_services.prototypes.ranking.recommendation import explain_track, recommend
from leitmotif_services.prototypes.vocabulary.new_prototype import (
    column_from_clip,
    column_from_phrase,
    column_from_tracks,
    with_new_prototype,
)
from leitmotif_services.runtime.errors import Reason, ServiceError
from tests.unit.prototypes.sample_models import random_apn, random_model, served

TRACKS, PROTOTYPES = 40, 4
NEW = Prototype("mine", "mine", "Like these tracks.", "discovered", None, (), 1)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ServedModel]:
    root: Path = tmp_path_factory.mktemp("models")
    return {make.__name__: served(make(4, tracks=TRACKS, prototypes=PROTOTYPES), root) for make in (random_model, random_apn)}


@pytest.mark.parametrize("make", ["random_model", "random_apn"])
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), muted=st.sets(st.integers(0, PROTOTYPES - 1), max_size=2))
def test_scores_are_what_they_were_until_it_is_edited(
    models: dict[str, ServedModel], make: str, seed: int, muted: set[int]
) -> None:
    model, random = models[make], np.random.default_rng(seed)
    affinities = (random.random(TRACKS) * (random.random(TRACKS) < 0.5)).astype(np.float32)
    longer = with_new_prototype(model, NEW, affinities)
    history, edits = random.normal(size=(2, PROTOTYPES)).astype(np.float32)
    # Whatever listening says of the new prototype: nobody has a weight on it.
    heard_too = np.append(history, np.float32(random.normal() * 10.0))
    before = Profile(history, edits, tuple(sorted(muted)))
    after = Profile(heard_too, np.append(edits, np.float32(0.0)), tuple(sorted(muted)))
    expected = recommend(model, before, count=TRACKS, contribution_count=-1)
    found = recommend(longer, after, count=TRACKS, contribution_count=-1)
    assert [item.track for item in found] == [item.track for item in expected]
    for item, other in zip(found, expected, strict=True):
        assert item.explanation.score == pytest.approx(other.explanation.score, abs=1e-6)
        assert [part.contribution for part in item.explanation.contributions if part.prototype == PROTOTYPES] == [0.0]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), raised=st.floats(0.0625, 4.0))
def test_editing_it_never_hurts_who_has_more_of_it(models: dict[str, ServedModel], seed: int, raised: float) -> None:
    random = np.random.default_rng(seed)
    affinities = random.random(TRACKS).astype(np.float32)
    longer = with_new_prototype(models["random_model"], NEW, affinities)
    history = np.append(random.normal(size=PROTOTYPES), 0.0).astype(np.float32)
    everyone = np.arange(TRACKS)

    def scores(edit: float) -> np.ndarray:
        edits = np.zeros(PROTOTYPES + 1, np.float32)
        edits[-1] = edit
        return longer.scoring.scores(longer.scoring.query(Profile(history, edits)), everyone)

    gain = scores(raised) - scores(0.0)
    assert (gain[np.argsort(affinities)][1:] >= gain[np.argsort(affinities)][:-1] - 1e-9).all()


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), tracks=st.integers(2, 60), dimension=st.integers(2, 8))
def test_a_column_is_one_row_of_a_head_and_its_top_decile_expresses_it(seed: int, tracks: int, dimension: int) -> None:
    random = np.random.default_rng(seed)
    embeddings = random.normal(size=(tracks, dimension))
    embeddings = (embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)).astype(np.float32)
    clip = embeddings[random.integers(tracks)]
    for column in (column_from_clip(embeddings, clip), column_from_phrase(embeddings, clip)):
        logits = embeddings.astype(np.float64) @ column.head_weights.astype(np.float64) + column.head_offset
        np.testing.assert_allclose(column.affinities, 1.0 / (1.0 + np.exp(-np.clip(logits, -500, 500))), atol=1e-4)
        assert (column.affinities >= 0.5 - 1e-6).sum() >= -(-tracks // 10)
        assert column.affinities.min() >= 0.0
    np.testing.assert_array_equal(
        column_from_tracks(embeddings, [0]).affinities, column_from_clip(embeddings, embeddings[0]).affinities
    )


def test_tracks_of_one_kind_are_followed_by_the_others_of_it() -> None:
    # Two kinds along two axes, and a common part along a third: named by two of the first kind, all of it ranks first.
    embeddings = np.array([[1, 0, 2]] * 5 + [[0, 1, 2]] * 15, np.float32) / np.sqrt(5.0).astype(np.float32)
    affinities = column_from_tracks(embeddings, [0, 1]).affinities
    assert affinities[:5].min() > affinities[5:].max() + 0.4


@pytest.mark.parametrize("make", ["random_model", "random_apn"])
def test_an_edit_of_it_is_told_and_moves_the_list(models: dict[str, ServedModel], make: str) -> None:
    affinities = np.where(np.arange(TRACKS) % 8 == 0, 0.9, 0.05).astype(np.float32)
    longer = with_new_prototype(models[make], NEW, affinities)
    edits = np.zeros(PROTOTYPES + 1, np.float32)
    edits[-1] = 4.0
    profile = Profile(np.zeros_like(edits), edits)
    explanation = explain_track(longer, profile, "track-8")[0].explanation
    [part] = [part for part in explanation.contributions if part.prototype == PROTOTYPES]
    assert part.contribution == pytest.approx(part.edit_contribution)
    assert part.edit_contribution != 0.0
    unedited = recommend(longer, Profile(np.zeros_like(edits), np.zeros_like(edits)), count=TRACKS)
    assert [item.track for item in recommend(longer, profile, count=TRACKS)] != [item.track for item in unedited]
    muted = recommend(longer, Profile(np.zeros_like(edits), edits, (PROTOTYPES,)), count=TRACKS)
    assert not {item.track.track_id for item in muted} & {f"track-{n}" for n in range(0, TRACKS, 8)}


def test_what_cannot_be_a_prototype_is_told(models: dict[str, ServedModel]) -> None:
    model, embeddings = models["random_model"], np.eye(3, dtype=np.float32)
    once = with_new_prototype(model, NEW, np.ones(TRACKS, np.float32))
    refused = [
        lambda: with_new_prototype(once, NEW, np.ones(TRACKS, np.float32)),
        lambda: with_new_prototype(model, NEW, np.ones(TRACKS - 1, np.float32)),
        lambda: with_new_prototype(model, NEW, np.full(TRACKS, np.nan, np.float32)),
        lambda: with_new_prototype(model, NEW, np.full(TRACKS, -1.0, np.float32)),
        lambda: column_from_tracks(embeddings, []),
        lambda: column_from_tracks(embeddings, [0, 1, 2]),  # the catalogue as a whole
        lambda: column_from_clip(embeddings, np.ones(2, np.float32)),
        lambda: column_from_phrase(embeddings, np.full(3, np.inf, np.float32)),
    ]
    for call in refused:
        with pytest.raises(ServiceError) as told:
            call()
        assert told.value.reason == Reason.FIELD_INVALID
