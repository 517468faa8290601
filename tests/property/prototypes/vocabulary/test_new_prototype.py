"""A new prototype changes nothing until somebody edits it, and then does what its column says."""

import itertools
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leitmotif_services.prototypes.bundle_writing import Trained
from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.model_kinds import KINDS
from leitmotif_services.prototypes.profile import Profile
from leitmotif_services.prototypes.prototype import Prototype
from leitmotif_services.prototypes.ranking.recommendation import explain_track, recommend
from leitmotif_services.prototypes.vocabulary.extended_model import extended
from leitmotif_services.prototypes.vocabulary.new_prototype import (
    NewColumn,
    column_from_clip,
    column_from_phrase,
    column_from_tracks,
)
from leitmotif_services.runtime.errors import Reason, ServiceError
from tests.unit.prototypes.sample_models import random_apn, random_model, served

TRACKS = 40
PROTOTYPES = 7
ADDED = 3
MAKERS = {"leitmotif": random_model, "apn": random_apn}
EVERYONE = np.arange(TRACKS)
STRONG = np.where(EVERYONE % 8 == 0, 0.9, 0.05).astype(np.float32)
"""Affinities of the last prototype that is added."""


def new(name: str) -> Prototype:
    return Prototype(name, name, "Like these tracks.", "tracks", None, (), 1)


def column(seed: int) -> NewColumn:
    random = np.random.default_rng(seed)
    affinities = (random.random(TRACKS) * (random.random(TRACKS) < 0.5)).astype(np.float32)
    return NewColumn(affinities, random.normal(size=8).astype(np.float32), float(random.normal()))


@pytest.fixture(scope="module", params=MAKERS)
def family(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[ServedModel]:
    """A model, and the same with one, two and three more prototypes, each after a round trip through a bundle.

    7 + 1 and 8 + 1 prototypes are where sums of products fall into other lanes.
    """
    root: Path = tmp_path_factory.mktemp("models")
    models: list[Trained] = [MAKERS[request.param](4, tracks=TRACKS, prototypes=PROTOTYPES)]
    for added in range(ADDED - 1):
        models.append(extended(models[-1], new(f"mine-{added}"), column(added)))
    last = column(99)
    models.append(extended(models[-1], new("last"), NewColumn(STRONG, last.head_weights, last.head_offset)))
    return [served(model, root) for model in models]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), muted=st.sets(st.integers(0, PROTOTYPES - 1), max_size=2), first_edited=st.booleans())
def test_scores_are_what_they_were_bit_for_bit_until_it_is_edited(
    family: list[ServedModel], seed: int, muted: set[int], first_edited: bool
) -> None:
    random = np.random.default_rng(seed)
    history, edits = random.normal(size=(2, PROTOTYPES)).astype(np.float32)
    if first_edited:  # an edit of a prototype that was added first, which those that came later leave alone
        family, edits = family[1:], np.append(edits, np.float32(random.normal()))
        history = np.append(history, np.float32(random.normal()))
    expected = None
    for model in family:
        beyond = len(model.prototypes) - len(history)
        # Whatever listening says of the new prototypes: nobody has a weight on them.
        heard = np.append(history, (random.normal(size=beyond) * 10.0).astype(np.float32))
        profile = Profile(heard, np.append(edits, np.zeros(beyond, np.float32)), tuple(sorted(muted)))
        scores = model.scoring.scores(model.scoring.query(profile), EVERYONE)
        listed = [item.track.track_id for item in recommend(model, profile, count=TRACKS)]
        if expected is None:
            expected = scores, listed
        np.testing.assert_array_equal(scores, expected[0])
        assert listed == expected[1]
        explained = explain_track(model, profile, "track-3")[0].explanation
        assert [part.contribution for part in explained.contributions if part.prototype >= len(history)] == [0.0] * beyond


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), raised=st.floats(0.0625, 4.0))
def test_editing_it_never_hurts_who_has_more_of_it(family: list[ServedModel], seed: int, raised: float) -> None:
    model = family[-1]
    if model.manifest.kind != "leitmotif":
        return  # raising an edit promises that of `leitmotif` alone
    history = np.random.default_rng(seed).normal(size=PROTOTYPES + ADDED).astype(np.float32)

    def scores(edit: float) -> np.ndarray:
        edits = np.zeros(PROTOTYPES + ADDED, np.float32)
        edits[-1] = edit
        return model.scoring.scores(model.scoring.query(Profile(history, edits)), EVERYONE)

    gain = scores(raised) - scores(0.0)
    assert (gain[np.argsort(STRONG)][1:] >= gain[np.argsort(STRONG)][:-1] - 1e-9).all()


def test_an_edit_of_it_is_told_and_moves_the_list(family: list[ServedModel]) -> None:
    model, last = family[-1], PROTOTYPES + ADDED - 1
    edits = np.zeros(last + 1, np.float32)
    edits[-1] = 4.0
    profile = Profile(np.zeros_like(edits), edits)
    explanation = explain_track(model, profile, "track-8")[0].explanation
    [part] = [part for part in explanation.contributions if part.prototype == last]
    assert part.contribution == pytest.approx(part.edit_contribution)
    assert part.edit_contribution != 0.0
    unedited = recommend(model, Profile(np.zeros_like(edits), np.zeros_like(edits)), count=TRACKS)
    assert [item.track for item in recommend(model, profile, count=TRACKS)] != [item.track for item in unedited]
    muted = recommend(model, Profile(np.zeros_like(edits), edits, (last,)), count=TRACKS)
    assert not {item.track.track_id for item in muted} & {f"track-{n}" for n in range(0, TRACKS, 8)}


def test_a_later_track_gets_its_affinity_from_the_row_that_was_added(family: list[ServedModel]) -> None:
    """In the bundle's ONNX model and in what the service computes; the others are what they were."""
    embeddings = np.random.default_rng(7).normal(size=(5, 8)).astype(np.float32)
    heard = []
    for model in family:
        session = onnxruntime.InferenceSession(model.folder / "affinity.onnx", providers=["CPUExecutionProvider"])
        [affinities] = session.run(["affinity"], {"embedding": embeddings})
        np.testing.assert_allclose(KINDS[model.manifest.kind].head(model.constants)(embeddings), affinities, atol=1e-5)
        heard.append(affinities)
    for before, after in itertools.pairwise(heard):
        np.testing.assert_allclose(after[:, :-1], before, atol=1e-6)
    row = column(0)
    logits = embeddings.astype(np.float64) @ row.head_weights + row.head_offset
    np.testing.assert_allclose(heard[1][:, -1], 1.0 / (1.0 + np.exp(-logits)), atol=1e-5)


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), tracks=st.integers(2, 60), dimension=st.integers(2, 8))
def test_a_column_is_one_row_of_a_head_and_its_top_decile_expresses_it(seed: int, tracks: int, dimension: int) -> None:
    random = np.random.default_rng(seed)
    embeddings = random.normal(size=(tracks, dimension))
    embeddings = (embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)).astype(np.float32)
    clip = embeddings[random.integers(tracks)]
    for made in (column_from_clip(embeddings, clip), column_from_phrase(embeddings, clip)):
        logits = embeddings.astype(np.float64) @ made.head_weights.astype(np.float64) + made.head_offset
        np.testing.assert_allclose(made.affinities, 1.0 / (1.0 + np.exp(-np.clip(logits, -500, 500))), atol=1e-4)
        assert (made.affinities >= 0.5 - 1e-6).sum() >= -(-tracks // 10)
        assert made.affinities.min() >= 0.0
    np.testing.assert_array_equal(
        column_from_tracks(embeddings, [0]).affinities, column_from_clip(embeddings, embeddings[0]).affinities
    )


def test_tracks_of_one_kind_are_followed_by_the_others_of_it() -> None:
    # Two kinds along two axes, and a common part along a third: named by two of the first kind, all of it ranks first.
    embeddings = np.array([[1, 0, 2]] * 5 + [[0, 1, 2]] * 15, np.float32) / np.sqrt(5.0).astype(np.float32)
    affinities = column_from_tracks(embeddings, [0, 1]).affinities
    assert affinities[:5].min() > affinities[5:].max() + 0.4


def test_what_cannot_be_a_prototype_is_told() -> None:
    embeddings = np.eye(3, dtype=np.float32)
    refused = [
        lambda: column_from_tracks(embeddings, []),
        lambda: column_from_tracks(embeddings, [0, 1, 2]),  # the catalogue as a whole
        lambda: column_from_clip(embeddings, np.ones(2, np.float32)),
        lambda: column_from_phrase(embeddings, np.full(3, np.inf, np.float32)),
    ]
    for call in refused:
        with pytest.raises(ServiceError) as told:
            call()
        assert told.value.reason == Reason.FIELD_INVALID
