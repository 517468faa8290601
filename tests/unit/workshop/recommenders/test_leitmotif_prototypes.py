import numpy as np
import pytest

from leitmotif_services.workshop.recommenders.leitmotif_prototypes import (
    CARRIED,
    anchoring_tags,
    co_heard_scenes,
    find_prototypes,
    typicality,
    varimax,
)
from tests.unit.workshop.recommenders.training_examples import training_on


def two_groups():
    """Items 0 to 3 are heard together, and so are 4 to 7, by fewer people; tag 0 is on the first, tag 1 on the second group."""
    heard = np.array([[1, 1, 1, 1, 0, 0, 0, 0]] * 6 + [[0, 0, 0, 0, 1, 1, 1, 1]] * 4, float)
    return training_on(heard, tags=heard[[0, 9]].T)


def test_the_item_that_the_tags_listeners_hear_most_stands_for_it_best():
    # The tag is on items 0, 1 and 3. Person 0 has half of it, person 1 all, person 2 none: r = (1/2 + 1, 1, -, 0).
    data = training_on([[1, 0, 1, 0], [1, 1, 0, 0], [0, 0, 1, 0]])
    carriers = np.array([[True], [True], [False], [True]])
    expected = [1.0, np.log(2.0) / np.log(2.5), 0.0, CARRIED]
    np.testing.assert_allclose(typicality(data, carriers)[:, 0], expected)


def test_a_tag_that_nobody_listens_to_still_has_its_carriers():
    data = training_on([[1, 0], [1, 0]])
    np.testing.assert_array_equal(typicality(data, np.array([[False], [True]])), [[0.0], [CARRIED]])


def test_tags_that_too_few_or_all_items_carry_anchor_nothing():
    counts = np.zeros((5, 4))
    counts[:2, 0], counts[:, 1], counts[:3, 2], counts[:4, 3] = 9.0, 1.0, 1.0, 1.0
    data = training_on(np.eye(5), tags=counts)
    assert anchoring_tags(data, 10).tolist() == [3, 2]
    assert anchoring_tags(data, 1).tolist() == [3]


@pytest.mark.parametrize("angle", [0.3, 1.0])
def test_varimax_turns_mixed_columns_back(angle):
    simple = np.zeros((8, 2))
    simple[:4, 0], simple[4:, 1] = 0.5, 0.5
    turned = simple @ np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    found = np.abs(varimax(turned))
    order = np.argsort(found[0] < 0.25)
    np.testing.assert_allclose(found[:, order], simple, atol=1e-2)


def test_scenes_are_what_is_heard_together():
    data = two_groups()
    together = (data.heard.T @ data.heard).toarray()
    scenes = co_heard_scenes(together, np.ones(8), 2)
    groups = np.repeat([[1.0, 0.0], [0.0, 1.0]], 4, axis=0)
    order = np.argsort(-scenes[0])
    np.testing.assert_allclose(scenes[:, order], groups, atol=1e-2)
    assert (scenes >= 0.0).all()


def test_no_more_scenes_than_there_is_to_tell_apart():
    data = two_groups()
    assert co_heard_scenes((data.heard.T @ data.heard).toarray(), np.ones(8), 6).shape == (8, 2)


def test_anchored_ones_first_and_scenes_named_by_their_tags():
    data = two_groups()
    found = find_prototypes(data, (data.heard.T @ data.heard).toarray(), np.ones(8), count=4)
    assert found.labels[:2] == ("tag 0", "tag 1")
    assert found.anchors == {"tag 0": 0, "tag 1": 1}
    scene_of = {label.split(": ")[1]: found.affinities[:, 2 + place] for place, label in enumerate(found.labels[2:])}
    assert set(scene_of) == {"tag 0", "tag 1"}
    assert scene_of["tag 0"][:4].min() > scene_of["tag 0"][4:].max()
    assert len(set(found.labels)) == len(found.labels)


def test_without_tags_all_are_scenes():
    data = training_on(two_groups().heard.toarray())
    found = find_prototypes(data, (data.heard.T @ data.heard).toarray(), np.ones(8), count=2)
    assert (found.anchors, found.labels) == ({}, ("scene 1", "scene 2"))
    assert found.carriers.shape == (8, 0)
