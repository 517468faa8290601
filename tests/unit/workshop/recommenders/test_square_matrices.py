"""Models with a number for every two items are refused before their memory is asked for."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from leitmotif_services.runtime.environment import ConfigurationError
from leitmotif_services.workshop.recommenders.ease import Ease
from leitmotif_services.workshop.recommenders.ease_tags import EaseTags
from leitmotif_services.workshop.recommenders.item_neighbours import ItemNeighbours
from leitmotif_services.workshop.recommenders.leitmotif import Leitmotif
from leitmotif_services.workshop.recommenders.square_matrices import SETTING, SquareMatrixLimit, TooManyItemsError
from tests.unit.workshop.recommenders.training_examples import histories, training_on

GIB = 2**30


@pytest.mark.skipif(not Path("/proc/meminfo").exists(), reason="the memory is read from /proc")
def test_the_limit_is_half_of_the_memory_or_what_is_set():
    half = SquareMatrixLimit.from_environment({}).limit_bytes
    lines = Path("/proc/meminfo").read_text().splitlines()
    total = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemTotal"))
    assert half == pytest.approx(total / 2, rel=0.01)
    assert SquareMatrixLimit.from_environment({SETTING: "1.5"}).limit_bytes == 1.5 * GIB
    with pytest.raises(ConfigurationError, match="SQUARE_MATRICES_GIB must be a number"):
        SquareMatrixLimit.from_environment({SETTING: "much"})


def test_what_fits_exactly_is_allowed_and_one_item_more_is_not():
    limit = SquareMatrixLimit(8 * 100 * 100 * 2)
    limit.check(100, what="a map", matrices=2)
    with pytest.raises(TooManyItemsError) as refused:
        limit.check(101, what="a map", matrices=2)
    error = refused.value
    assert (error.items, error.needed_bytes, error.limit_bytes) == (101, 8 * 101 * 101 * 2, limit.limit_bytes)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # as a pool of processes does


def test_it_is_told_what_is_needed_and_what_is_allowed():
    with pytest.raises(
        TooManyItemsError, match=rf"^EASE of 200,000 items needs 298\.0 GiB .* limit is 12\.0 GiB, which {SETTING}"
    ):
        SquareMatrixLimit(12 * GIB).check(200_000, what="EASE")


@pytest.mark.parametrize("recommender", [Ease(), EaseTags(), ItemNeighbours()])
def test_maps_from_items_to_items_are_refused(recommender, monkeypatch):
    monkeypatch.setenv(SETTING, "0")
    data = training_on(np.eye(12), tags=np.ones((12, 2)))
    with pytest.raises(TooManyItemsError, match="12 items"):
        recommender.fit(data, recommender.space.defaults, seed=0, validation=None, advance=lambda _: None)


def test_leitmotif_needs_none_but_to_tell_what_new_items_are_like(monkeypatch):
    monkeypatch.setenv(SETTING, "0")
    rng = np.random.default_rng(0)
    data = training_on((rng.random((20, 12)) < 0.4).astype(float), tags=np.eye(12)[:, :4], audio=rng.random((12, 2)))
    settings = {**Leitmotif.space.defaults, "prototypes": 4}
    scorer = Leitmotif().fit(data, settings, seed=0, validation=None, advance=lambda _: None)
    assert np.isfinite(scorer.scores(histories(np.eye(12)))).all()
    with pytest.raises(TooManyItemsError, match="the kernel for new items of 12 items"):
        scorer.cold_scores(histories(np.eye(12)), np.zeros((1, 2)), None)
