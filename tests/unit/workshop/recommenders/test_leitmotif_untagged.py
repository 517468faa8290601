"""Items without tags: a boost reaches those that sound like the tag, and never before those that carry it."""

import numpy as np
import pytest

from leitmotif_services.workshop.recommenders.leitmotif import Leitmotif
from leitmotif_services.workshop.recommenders.leitmotif_prototypes import CARRIED, ListeningPrototypes
from leitmotif_services.workshop.recommenders.leitmotif_untagged import LARGEST, with_untagged_items
from tests.unit.workshop.recommenders.training_examples import histories, training_on

ITEMS = 24
SOUND = np.where(np.arange(ITEMS) % 2 == 0, 1.0, -1.0)[:, None]
"""Even items sound like tag 0, odd ones like tag 1."""

ALIKE, UNLIKE, SILENT = 20, 21, 22
"""Items without tags; nothing is known of the sound of the last one."""


def data(audio=SOUND):
    rng = np.random.default_rng(0)
    audio = audio.copy()
    audio[SILENT] = 0.0
    tags = np.column_stack([SOUND[:, 0] > 0, SOUND[:, 0] < 0]).astype(float)
    tags[ALIKE : SILENT + 1] = 0.0
    heard = (rng.random((40, ITEMS)) < np.where(np.arange(40)[:, None] % 2 == np.arange(ITEMS) % 2, 0.5, 0.1)).astype(float)
    return training_on(heard, tags=tags, audio=audio)


def fitted(training):
    settings = {**Leitmotif.space.defaults, "prototypes": 4}
    return Leitmotif().fit(training, settings, seed=0, validation=None, advance=lambda _: None)


def test_they_express_the_tags_that_they_sound_like_less_than_any_carrier():
    scorer = fitted(data())
    first, second = scorer.anchors["tag 0"], scorer.anchors["tag 1"]
    affinities = scorer.affinities
    assert LARGEST >= affinities[ALIKE, first] > affinities[UNLIKE, first] >= 0.0
    assert LARGEST >= affinities[UNLIKE, second] > affinities[ALIKE, second] >= 0.0
    assert (
        affinities[scorer.found.carriers[:, first], first].min()
        >= CARRIED
        > affinities[~scorer.found.carriers[:, first], first].max()
    )
    assert not affinities[SILENT, [first, second]].any()


def test_a_boost_reaches_them():
    scorer = fitted(data())
    unmuted = np.zeros((1, len(scorer.prototypes)), bool)
    edits = np.zeros(unmuted.shape)
    nobody = histories(np.zeros((1, ITEMS)))
    before = scorer.edited_scores(nobody, edits, unmuted)[0]
    edits[0, scorer.anchors["tag 0"]] = 1.0
    rise = scorer.edited_scores(nobody, edits, unmuted)[0] - before
    assert rise[ALIKE] > 0.0
    assert rise[ALIKE] > rise[UNLIKE]
    assert rise[ALIKE] > rise[SILENT] == 0.0
    assert rise[scorer.found.carriers[:, scorer.anchors["tag 0"]]].min() > rise[ALIKE]


def test_tagged_items_and_discovered_prototypes_stay_as_they_are():
    training = data()
    rng = np.random.default_rng(1)
    carriers = np.asarray(training.tag_counts.toarray() > 0)
    found = ListeningPrototypes(("tag 0", "tag 1", "scene 1"), np.column_stack([carriers, rng.random(ITEMS)]), carriers)
    filled = with_untagged_items(found, training, np.ones(ITEMS), seed=0)
    np.testing.assert_array_equal(filled.affinities[:ALIKE], found.affinities[:ALIKE])
    np.testing.assert_array_equal(filled.affinities[:, 2], found.affinities[:, 2])
    assert filled.affinities[ALIKE : SILENT + 1, :2].any()


@pytest.mark.parametrize("audio", [np.zeros((ITEMS, 1)), np.zeros((ITEMS, 0))])
def test_where_nothing_is_known_of_the_sound_nothing_is_filled_in(audio):
    scorer = fitted(data(audio))
    assert not scorer.affinities[ALIKE : SILENT + 1, : scorer.found.carriers.shape[1]].any()
