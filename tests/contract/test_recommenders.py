"""What every recommender promises, run on each of them."""

import dataclasses
import functools
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy.sparse import csr_array

from leitmotif_services.workshop.comparison.accuracy import measure_accuracy
from leitmotif_services.workshop.recommenders.recommender import StoppedEarly
from leitmotif_services.workshop.recommenders.registry import NAMES, load
from tests.contract.block_listening import BLOCK_OF_ITEM, BLOCKS, ITEMS, ITEMS_A_BLOCK, block_people, block_training

PERSONAL = [name for name in NAMES if name != "popularity"]
STOPPED_EARLY = [name for name in NAMES if "epochs" in load(name).space.choices]
NOTHING_DRAWN = ["popularity", "item-neighbours", "ease", "ease-tags", "tag-cosine", "audio-cosine"]

EPOCHS = 30
"""At most, where a recommender counts them."""

TRAINING = block_training()
PEOPLE, BLOCK_OF_PERSON = block_people()
VALIDATION, _ = block_people(seed=3)


def settings_of(name):
    defaults = load(name).space.defaults
    return {**defaults, "epochs": min(EPOCHS, defaults["epochs"])} if "epochs" in defaults else defaults


def fit(name, data=TRAINING, *, seed=5, validation=VALIDATION, advance=lambda _: None, **settings):
    return load(name).fit(data, {**settings_of(name), **settings}, seed=seed, validation=validation, advance=advance)


@functools.cache
def fitted(name):
    return fit(name)


def close_to(expected):
    """To what a sum of float32 in another order gives."""
    return pytest.approx(expected, rel=1e-4, abs=1e-4 * float(np.abs(expected).max() + 1e-9))


@pytest.mark.parametrize("name", NAMES)
def test_it_is_called_as_the_registry_has_it_and_cites_its_source(name):
    recommender = load(name)
    assert recommender.name == name
    assert recommender.source.strip()


@pytest.mark.parametrize("name", NAMES)
def test_choices_are_of_one_kind_and_each_is_there_once(name):
    for values in load(name).space.choices.values():
        assert len(values) == len(set(values)) >= 1
        assert len({isinstance(value, str) for value in values}) == 1


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("item-neighbours", {"neighbours": 50, "shrinkage": 0.0}),
        ("ease", {"ridge": 500.0}),
        ("implicit-als", {"factors": 128, "alpha": 40.0}),
        ("mult-vae", {"hidden": 600, "latent": 200, "dropout": 0.5, "beta": 0.2, "learning_rate": 0.001, "batch_people": 500}),
        ("macrid-vae", {"kinds": 7, "dimension": 100, "temperature": 0.1, "dropout": 0.5, "beta": 0.2, "learning_rate": 0.001}),
        ("proto-mf", {"dimension": 100, "prototypes": 100, "learning_rate": 0.001, "weight_decay": 0.0001}),
    ],
)
def test_what_was_published_as_best_is_among_the_choices(name, published):
    choices = load(name).space.choices
    for setting, value in published.items():
        assert value in choices[setting]


@pytest.mark.parametrize("name", NAMES)
def test_a_finite_score_for_each_person_and_item(name):
    scores = fitted(name).scores(PEOPLE.given)
    assert scores.shape == PEOPLE.given.shape
    assert scores.dtype == np.float64
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_scores(name):
    np.testing.assert_array_equal(fit(name).scores(PEOPLE.given), fitted(name).scores(PEOPLE.given))


@pytest.mark.parametrize("name", NAMES)
def test_nobodys_scores_depend_on_who_else_is_scored(name):
    scorer = fitted(name)
    together = scorer.scores(PEOPLE.given)
    order = np.random.default_rng(0).permutation(len(together))
    assert scorer.scores(PEOPLE.given[order]) == close_to(together[order])
    for person in (0, 7):
        assert scorer.scores(PEOPLE.given[[person]]) == close_to(together[[person]])


@pytest.mark.parametrize("name", NAMES)
def test_more_people_than_are_scored_at_once(name):
    many = np.arange(600) % PEOPLE.given.shape[0]
    scorer = fitted(name)
    assert scorer.scores(PEOPLE.given[many]) == close_to(scorer.scores(PEOPLE.given)[many])


@pytest.mark.parametrize("name", NAMES)
def test_nobody_to_score(name):
    assert fitted(name).scores(PEOPLE.given[np.zeros(0, np.int64)]).shape == (0, ITEMS)


@pytest.mark.parametrize("name", NAMES)
def test_somebody_without_a_history_is_scored_beside_others(name):
    histories = csr_array(np.vstack([np.zeros(ITEMS), PEOPLE.given[[0]].toarray(), np.zeros(ITEMS)]))
    scores = fitted(name).scores(histories)
    assert np.isfinite(scores).all()
    assert scores[[1]] == close_to(fitted(name).scores(PEOPLE.given[[0]]))
    np.testing.assert_allclose(scores[0], scores[2], rtol=1e-6)


@pytest.mark.parametrize("name", PERSONAL)
def test_one_item_tells_the_block(name):
    # Of each block one item in turn; of all of these people, most have their own block's other items above the rest.
    items = np.arange(0, ITEMS, 2)
    scores = fitted(name).scores(csr_array(np.eye(ITEMS)[items]))
    assert np.isfinite(scores).all()
    own = BLOCK_OF_ITEM[None, :] == BLOCK_OF_ITEM[items][:, None]
    own_others = own.copy()
    own_others[np.arange(len(items)), items] = False
    right = [row[mine].mean() > row[~theirs].mean() for row, mine, theirs in zip(scores, own_others, own, strict=True)]
    assert np.mean(right) >= 0.75


@pytest.mark.parametrize("name", PERSONAL)
def test_it_finds_peoples_blocks_and_so_beats_popularity(name):
    scores = fitted(name).scores(PEOPLE.given)
    scores[PEOPLE.given.toarray() > 0] = -np.inf
    left = ITEMS_A_BLOCK - 7
    first = np.argsort(-scores, axis=1)[:, :left]
    assert (BLOCK_OF_ITEM[first] == BLOCK_OF_PERSON[:, None]).mean() >= 0.6
    popular = measure_accuracy(fitted("popularity"), PEOPLE).ndcg100.mean()
    assert measure_accuracy(fitted(name), PEOPLE).ndcg100.mean() > popular + 0.1


@pytest.mark.parametrize("name", NOTHING_DRAWN)
def test_the_order_of_training_people_does_not_matter(name):
    order = np.random.default_rng(0).permutation(TRAINING.heard.shape[0])
    shuffled = dataclasses.replace(TRAINING, heard=TRAINING.heard[order], counts=TRAINING.counts[order])
    expected = fitted(name).scores(PEOPLE.given)
    np.testing.assert_allclose(fit(name, shuffled).scores(PEOPLE.given), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", NOTHING_DRAWN)
def test_items_in_another_order_get_their_scores_in_that_order(name):
    order = np.random.default_rng(0).permutation(ITEMS)
    shuffled = dataclasses.replace(
        TRAINING,
        heard=TRAINING.heard[:, order],
        counts=TRAINING.counts[:, order],
        tag_counts=TRAINING.tag_counts[order],
        audio=TRAINING.audio[order],
        artists=tuple(TRAINING.artists[item] for item in order),
    )
    expected = fitted(name).scores(PEOPLE.given)[:, order]
    np.testing.assert_allclose(fit(name, shuffled).scores(PEOPLE.given[:, order]), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", NOTHING_DRAWN)
def test_the_seed_does_not_matter_where_nothing_is_drawn(name):
    np.testing.assert_array_equal(fit(name, seed=6).scores(PEOPLE.given), fitted(name).scores(PEOPLE.given))


@pytest.mark.parametrize("name", STOPPED_EARLY)
def test_without_validation_people_as_many_epochs_give_what_early_stopping_kept(name):
    stopped = fitted(name)
    assert isinstance(stopped, StoppedEarly)
    assert 1 <= stopped.epochs_used <= EPOCHS
    again = fit(name, validation=None, epochs=stopped.epochs_used)
    np.testing.assert_array_equal(again.scores(PEOPLE.given), stopped.scores(PEOPLE.given))


@pytest.mark.parametrize("name", [name for name in NAMES if name not in STOPPED_EARLY])
def test_validation_people_change_nothing_where_no_epochs_are_counted(name):
    np.testing.assert_array_equal(fit(name, validation=None).scores(PEOPLE.given), fitted(name).scores(PEOPLE.given))


@pytest.mark.parametrize("validation", [VALIDATION, None], ids=["validated", "alone"])
@pytest.mark.parametrize("name", NAMES)
def test_progress_comes_to_the_whole(name, validation):
    shares = []
    fit(name, validation=validation, advance=shares.append)
    assert min(shares) >= 0.0
    assert sum(shares) == pytest.approx(1.0)


@pytest.mark.parametrize("name", NAMES)
def test_training_leaves_its_data_as_it_is(name):
    data, people = block_training(), block_people()[0]
    fit(name, data, validation=people)
    for mine, untouched in ((data.heard, TRAINING.heard), (data.counts, TRAINING.counts), (data.tag_counts, TRAINING.tag_counts)):
        np.testing.assert_array_equal(mine.toarray(), untouched.toarray())
    np.testing.assert_array_equal(data.audio, TRAINING.audio)
    np.testing.assert_array_equal(people.given.toarray(), PEOPLE.given.toarray())


@pytest.mark.parametrize("name", NAMES)
def test_items_that_nobody_heard_and_people_who_heard_nothing(name):
    heard = TRAINING.heard.toarray()
    heard[:, [3, 40]] = 0.0
    heard[[0, 11]] = 0.0
    counts = TRAINING.counts.toarray() * heard
    data = dataclasses.replace(TRAINING, heard=csr_array(heard), counts=csr_array(counts))
    assert np.isfinite(fit(name, data).scores(PEOPLE.given)).all()


@pytest.mark.parametrize("name", NAMES)
def test_data_without_tags_and_audio(name):
    data = dataclasses.replace(TRAINING, tag_counts=csr_array((ITEMS, 0)), tags=(), audio=np.zeros((ITEMS, 0)))
    assert np.isfinite(fit(name, data).scores(PEOPLE.given)).all()


@pytest.mark.parametrize("name", NAMES)
def test_threads_score_side_by_side_as_one_alone_does(name):
    scorer = fitted(name)
    expected = scorer.scores(PEOPLE.given)
    with ThreadPoolExecutor(4) as pool:
        for scores in pool.map(lambda _: scorer.scores(PEOPLE.given), range(8)):
            np.testing.assert_array_equal(scores, expected)


def test_the_block_data_is_what_it_says():
    heard = TRAINING.heard.toarray()
    own = np.stack([heard[:, block == BLOCK_OF_ITEM].sum(axis=1) for block in range(BLOCKS)], axis=1)
    assert (np.sort(own, axis=1)[:, -1] >= 9).all()
    assert np.bincount(own.argmax(axis=1)).tolist() == [80, 27, 27, 26]
    assert not (PEOPLE.given.toarray() * PEOPLE.wanted.toarray()).any()
