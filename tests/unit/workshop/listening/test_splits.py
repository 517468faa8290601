"""Splits: who is held out, what is hidden, and that nothing of a held-out person reaches training."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from leitmotif_services.workshop.listening.interaction_core import interaction_core
from leitmotif_services.workshop.listening.listening_data import Tagging
from leitmotif_services.workshop.listening.splits import SplitError, split, standardised
from tests.unit.workshop.comparison.small_study import clustered_listening


def rows(matrix):
    return sorted(map(tuple, matrix.toarray().tolist()))


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**31))
def test_people_are_divided_and_their_items_too(seed):
    data = clustered_listening(users=60)
    divided = split(data, seed)
    heard = (data.counts > 0).astype(float)
    test = divided.test.given + divided.test.wanted
    validation = divided.validation.given + divided.validation.wanted
    assert test.shape[0] == validation.shape[0] == 10
    assert (test.toarray() == heard.toarray()[divided.test_users]).all()
    everybody = sorted(rows(divided.training.heard) + rows(validation) + rows(test))
    assert everybody == rows(heard)
    assert sorted(rows(divided.training.heard) + rows(validation)) == rows(divided.training_with_validation.heard)
    for people in (divided.test, divided.validation):
        both = (people.given + people.wanted).toarray()
        assert both.max() == 1.0
        wanted = people.wanted.sum(axis=1)
        assert (wanted == np.maximum(1, np.round(0.2 * both.sum(axis=1)))).all()


def test_tags_of_held_out_people_are_left_out():
    users = 48
    data = clustered_listening(users=users)
    tagging = Tagging(
        tags=("own",),
        users=np.array([*range(users), -1]),
        items=np.zeros(users + 1, int),
        tag=np.zeros(users + 1, int),
        weights=2.0 ** np.arange(users + 1),
    )
    divided = split(replace(data, tagging=tagging), 3)
    test = set(divided.test_users.tolist())
    expected = sum(2.0**user for user in range(users) if user not in test) + 2.0**users
    assert divided.training_with_validation.tag_counts[0, 0] == expected
    # Each assignment weighs a power of two, so the sum names the people: eight fewer in training, none of them test people.
    left = int(divided.training.tag_counts[0, 0])
    people = {user for user in range(users + 1) if left >> user & 1}
    assert len(people) == users + 1 - 16
    assert not people & test


def test_the_same_seed_gives_the_same_split_and_another_does_not():
    data = clustered_listening(users=60)
    assert (split(data, 1).test.wanted != split(data, 1).test.wanted).nnz == 0
    assert not np.array_equal(split(data, 1).test_users, split(data, 2).test_users)


def test_how_many_are_held_out():
    data = clustered_listening(users=60)
    divided = split(data, 0, test_users=7, validation_users=5)
    assert divided.test.given.shape[0] == 7
    assert divided.validation.given.shape[0] == 5
    assert divided.training.heard.shape[0] == 48
    with pytest.raises(SplitError, match="60 of 60 people are to be held out, and nobody is left"):
        split(data, 0, test_users=40, validation_users=20)
    with pytest.raises(SplitError, match="61 of 60 people are to be held out, and 60 have the 2 items"):
        split(data, 0, test_users=41, validation_users=20)
    with pytest.raises(SplitError, match="5 people are too few to hold some out and measure on; 6 are the fewest"):
        split(clustered_listening(users=5), 0)


def test_somebody_with_one_item_is_never_held_out():
    data = clustered_listening(users=60)
    counts = data.counts.toarray()
    counts[:30] = 0
    counts[:30, 0] = 1
    divided = split(replace(data, counts=csr_array(counts)), 0)
    assert divided.test_users.min() >= 30


def test_standardised_over_the_items_that_have_it():
    audio = np.array([[1.0, 5.0], [3.0, 5.0], [np.nan, 5.0], [11.0, 5.0]])
    assert standardised(audio, np.array([0, 1, 2])).tolist() == [[-1, 0], [1, 0], [0, 0], [9, 0]]


def test_training_counts_and_histories_agree():
    training = split(clustered_listening(users=60), 0).training
    assert set(training.heard.data) == {1.0}
    assert ((training.counts > 0).astype(float) != training.heard).nnz == 0
    assert training.counts.data.max() > 1


def test_the_core_by_hand():
    # Person 2 has one item; without that person, item 2 has one person; without that, person 1 has two items still.
    heard = csr_array(np.array([[1, 1, 0, 1], [1, 1, 1, 0], [0, 0, 1, 0], [1, 1, 0, 1]], float))
    users, items = interaction_core(heard, user_items=2, item_users=2)
    assert users.tolist() == [0, 1, 3]
    assert items.tolist() == [0, 1, 3]
    users, items = interaction_core(heard, user_items=3, item_users=2)
    assert users.tolist() == [0, 3]
    assert items.tolist() == [0, 1, 3]
    users, items = interaction_core(heard, user_items=1, item_users=0)
    assert (len(users), len(items)) == (4, 4)


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000), user_items=st.integers(1, 6), item_users=st.integers(0, 4))
def test_everybody_in_the_core_has_enough(seed, user_items, item_users):
    heard = (np.random.default_rng(seed).random((20, 15)) < 0.25).astype(float)
    users, items = interaction_core(csr_array(heard), user_items=user_items, item_users=item_users)
    core = heard[users][:, items]
    assert (core.sum(axis=1) >= user_items).all()
    assert (core.sum(axis=0) >= item_users).all()
