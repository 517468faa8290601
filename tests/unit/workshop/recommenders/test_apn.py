"""`apn` on listening whose right answer is known: what it reads, how it attends, what edits and explanations are."""

import dataclasses
import functools
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from leitmotif_services.workshop.recommenders.apn import Apn
from leitmotif_services.workshop.recommenders.apn_items import anchoring_tags, beginnings, item_inputs
from leitmotif_services.workshop.recommenders.apn_scorer import ApnScorer
from leitmotif_services.workshop.recommenders.torch_apn_training import new_network, parameters_of
from leitmotif_services.workshop.recommenders.torch_histories import histories_of
from tests.contract.block_listening import BLOCK_OF_ITEM, BLOCKS, ITEMS, block_people, block_training

TRAINING = block_training()
PEOPLE, BLOCK_OF_PERSON = block_people()
VALIDATION, _ = block_people(seed=3)
SETTINGS = {
    **Apn.space.defaults,
    "prototypes": 5,
    "hidden": 32,
    "dimension": 16,
    "hidden_dropout": 0.5,
    "learning_rate": 0.005,
    "batch_people": 64,
    "epochs": 30,
}


@functools.cache
def fitted() -> ApnScorer:
    return Apn().fit(TRAINING, SETTINGS, seed=5, validation=VALIDATION, advance=lambda _: None)


def nothing() -> np.ndarray:
    return np.zeros((PEOPLE.given.shape[0], len(fitted().prototypes)))


def test_an_items_inputs_by_hand() -> None:
    # 4 items, 2 tags: the first is carried by all, so says nothing (log 1 = 0); the second by two: log(1 + 3) · log 2 is all
    # there is of item 0, and as a unit row 1. Audio is divided by sqrt(2).
    data = dataclasses.replace(
        TRAINING,
        tag_counts=csr_array(np.array([[1.0, 3.0], [1.0, 0.0], [1.0, 1.0], [5.0, 0.0]])),
        audio=np.array([[2.0, 0.0], [0.0, -2.0], [0.0, 0.0], [1.0, 1.0]]),
    )
    inputs = item_inputs(data)
    rows = inputs.of(data.audio, data.tag_counts)
    np.testing.assert_allclose(rows[0], [2**0.5, 0.0, 0.0, 1.0])
    np.testing.assert_allclose(rows[1], [0.0, -(2**0.5), 0.0, 0.0])
    np.testing.assert_allclose(inputs.of(data.audio, None)[0], [2**0.5, 0.0, 0.0, 0.0])


def test_anchors_are_the_most_used_tags_that_tell_something_apart() -> None:
    counts = np.zeros((10, 4))
    counts[:3, 0] = 100.0  # three carriers: too few
    counts[:9, 1] = 50.0  # nine of ten: too many
    counts[:5, 2] = 1.0
    counts[:4, 3] = 7.0
    assert anchoring_tags(csr_array(counts), 9).tolist() == [3, 2]
    assert anchoring_tags(csr_array(counts), 1).tolist() == [3]


def test_without_tags_prototypes_are_found_in_the_sound() -> None:
    untagged = dataclasses.replace(TRAINING, tag_counts=csr_array((ITEMS, 0)), tags=())
    inputs = item_inputs(untagged)
    begun = beginnings(untagged, inputs.of(untagged.audio, untagged.tag_counts), BLOCKS, seed=0)
    assert (len(begun.anchors), len(begun.embeddings)) == (0, BLOCKS)
    scorer = Apn().fit(untagged, {**SETTINGS, "prototypes": 4, "epochs": 5}, seed=0, validation=None, advance=lambda _: None)
    assert (scorer.anchors, len(scorer.prototypes)) == ({}, 4)
    assert np.isfinite(scorer.scores(PEOPLE.given)).all()


def test_attention_is_shared_out_and_finds_the_tags_items() -> None:
    affinities = fitted().affinities
    np.testing.assert_allclose(affinities.sum(axis=1), 1.0, rtol=1e-5)
    for block in range(BLOCKS):
        column = affinities[:, fitted().anchors[f"block {block}"]]
        assert column[block == BLOCK_OF_ITEM].mean() > 2.0 * column[block != BLOCK_OF_ITEM].mean()


def test_numpy_scores_as_the_network_does() -> None:
    inputs = item_inputs(TRAINING)
    features = inputs.of(TRAINING.audio, TRAINING.tag_counts)
    network = new_network(TRAINING, features, beginnings(TRAINING, features, 5, seed=1), SETTINGS, seed=1)
    scorer = dataclasses.replace(fitted(), parameters=parameters_of(network), inputs=inputs)
    with torch.no_grad():
        expected = network.scores(histories_of(PEOPLE.given, np.arange(PEOPLE.given.shape[0]))).numpy()
    np.testing.assert_allclose(scorer.scores(PEOPLE.given), expected, atol=1e-4)
    np.testing.assert_allclose(
        scorer.cold_affinities(TRAINING.audio, TRAINING.tag_counts), scorer.parameters.affinities, atol=1e-6
    )


def test_contributions_are_differences_and_sum_to_the_score_with_what_is_left() -> None:
    scorer, edits = fitted(), nothing()
    edits[:, 1] = 0.5
    scores = scorer.edited_scores(PEOPLE.given, edits, edits > np.inf)
    for person, item in ((0, 3), (7, 40)):
        parts = scorer.contributions(PEOPLE.given, edits, person, item)
        assert parts.sum() == pytest.approx(scores[person, item], abs=1e-9)
        weights = np.maximum(scorer.profiles(PEOPLE.given)[person] + scorer.edit_gain * edits[person], 0.0)
        for prototype in range(len(scorer.prototypes)):
            without = weights.copy()
            without[prototype] = 0.0
            lost = scores[person, item] - scorer.scores_of_profiles(without[None, :])[0, item]
            assert parts[prototype] == pytest.approx(lost, abs=1e-9)


def test_an_edit_of_one_raises_the_share_by_about_a_quarter() -> None:
    scorer, rises = fitted(), []
    before = scorer.scores(PEOPLE.given)
    before[PEOPLE.given.toarray() > 0] = -np.inf
    for block in range(BLOCKS):
        edits = nothing()
        edits[:, scorer.anchors[f"block {block}"]] = 1.0
        after = scorer.edited_scores(PEOPLE.given, edits, edits > np.inf)
        after[PEOPLE.given.toarray() > 0] = -np.inf
        tagged = TRAINING.tag_counts.toarray()[:, block] > 0
        share = [tagged[np.argsort(-scores, axis=1)[:, :20]].mean() for scores in (before, after)]
        rises.append(share[1] - share[0])
    assert 0.05 < np.mean(rises) < 0.45, rises
    assert sorted(rises)[1] > 0.1  # of one that is everywhere anyway the net need not show more


def test_a_mute_removes_carriers_of_the_tag() -> None:
    scorer, muted = fitted(), nothing() > 0
    muted[::2, scorer.anchors["block 2"]] = True
    scores = scorer.edited_scores(PEOPLE.given, nothing(), muted)
    removed = scores[0] == -np.inf
    assert removed.sum() == max(6, (TRAINING.tag_counts.toarray()[:, 2] > 0).sum())
    assert (BLOCK_OF_ITEM[removed] == 2).mean() > 0.6
    np.testing.assert_array_equal(scores[1], scorer.scores(PEOPLE.given)[1])


def test_new_items_are_ranked_by_what_they_sound_like() -> None:
    scores = fitted().cold_scores(PEOPLE.given, np.eye(BLOCKS) * 2.0, None)
    assert (scores.argmax(axis=1) == BLOCK_OF_PERSON).mean() > 0.6


def test_separation_keeps_prototypes_apart() -> None:
    def nearness(separation: float) -> float:
        inputs = item_inputs(TRAINING)
        features = inputs.of(TRAINING.audio, TRAINING.tag_counts)
        settings = {**SETTINGS, "separation": separation}
        network = new_network(TRAINING, features, beginnings(TRAINING, features, 5, seed=1), settings, seed=1)
        optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
        generator = torch.Generator().manual_seed(0)
        for _ in range(20):
            optimizer.zero_grad()
            network.loss(histories_of(TRAINING.heard, np.arange(160)), 0.0, generator).backward()
            optimizer.step()
        return float(network._nearness().detach())

    assert nearness(100.0) < 0.5 * nearness(0.0)


def test_calibration_is_nothing_where_weights_are_the_tags() -> None:
    # Two items, each with one of two tags, and attention that follows it wholly: KL(tags ‖ profile) = 0.
    data = dataclasses.replace(
        TRAINING, heard=TRAINING.heard[:, :2], tag_counts=TRAINING.tag_counts[:2], audio=TRAINING.audio[:2]
    )
    features = np.eye(2)
    begun = beginnings(dataclasses.replace(data, tags=("a", "b")), np.ones((2, 2)), 2, seed=0)
    begun = dataclasses.replace(begun, embeddings=np.eye(2), item_tags=np.eye(2))
    network = new_network(data, features, begun, {**SETTINGS, "sharpness": 1.0, "dimension": 2}, seed=0)
    history = histories_of(csr_array(np.array([[1.0, 1.0], [1.0, 0.0]])), np.arange(2))
    equal = torch.tensor([[0.7, 0.7], [1.0, 0.0]])
    assert float(network._miscalibration(history, equal)) == pytest.approx(0.0, abs=1e-6)
    # A person with one tag whose weights are even: log 2; the other is calibrated. The mean is half of it.
    even = torch.tensor([[0.7, 0.7], [0.5, 0.5]])
    assert float(network._miscalibration(history, even)) == pytest.approx(np.log(2.0) / 2.0, abs=1e-6)


def test_a_run_that_was_broken_off_ends_as_an_unbroken_one(tmp_path: Path) -> None:
    class BrokenOffError(Exception):
        pass

    done = 0.0

    def break_off(share: float) -> None:
        nonlocal done
        done += share
        if done >= 0.5:
            raise BrokenOffError

    settings = {**SETTINGS, "epochs": 8}
    whole = Apn().fit(TRAINING, settings, seed=5, validation=VALIDATION, advance=lambda _: None)
    resumable = Apn(checkpoint=tmp_path / "apn.pt")
    with pytest.raises(BrokenOffError):
        resumable.fit(TRAINING, settings, seed=5, validation=VALIDATION, advance=break_off)
    shares: list[float] = []
    resumed = resumable.fit(TRAINING, settings, seed=5, validation=VALIDATION, advance=shares.append)
    assert shares[0] > 0.3
    np.testing.assert_array_equal(resumed.scores(PEOPLE.given), whole.scores(PEOPLE.given))
    assert resumed.epochs_used == whole.epochs_used
