"""The protocol "lastfm-2k-audio" on the real data."""

import os
from pathlib import Path

import numpy as np
import pytest

from leitmotif_services.workshop.comparison.accuracy import measure_accuracy
from leitmotif_services.workshop.listening.lastfm import load
from leitmotif_services.workshop.listening.splits import split
from leitmotif_services.workshop.recommenders import registry

DATA = Path(os.environ.get("LEITMOTIF_TEST_DATA", Path(__file__).parents[3].parent / "shared/data")) / "lastfm-2k"

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"{DATA} is missing: set LEITMOTIF_TEST_DATA to the folder of test data"
)


@pytest.fixture(scope="module")
def loaded():
    return load(DATA)


def test_the_core_is_that_of_the_protocol(loaded):
    assert (loaded.report.users, loaded.report.items, loaded.report.pairs) == (1812, 2685, 63562)
    assert np.isfinite(loaded.data.audio).all()


def test_bad_rows_are_told(loaded):
    years = [entry for entry in loaded.report.left_out if "the year is not in" in entry.reason]
    assert [entry.count for entry in years] == [5]
    assert years[0].examples[0] == "row 4146: 1956"
    unknown = [entry for entry in loaded.report.left_out if "not in artists.dat" in entry.reason]
    assert [(entry.file, entry.count) for entry in unknown] == [("user_taggedartists.dat", 1538)]


def test_splits_are_of_the_protocols_size(loaded):
    divided = split(loaded.data, 0)
    assert divided.test.given.shape == (300, 2685)
    assert divided.validation.given.shape == (300, 2685)
    assert divided.training.heard.shape == (1212, 2685)
    share = divided.test.wanted.nnz / (divided.test.wanted.nnz + divided.test.given.nnz)
    assert 0.19 < share < 0.21


def test_a_baseline_has_the_figure_of_the_protocol(loaded):
    # Measured by a plain script on splits of its own: popularity 0.185 ± 0.010, cosine on TF-IDF tags 0.339.
    for name, expected, tolerance in (("popularity", 0.185, 0.03), ("tag-cosine", 0.339, 0.03)):
        divided, recommender = split(loaded.data, 0), registry.load(name)
        scorer = recommender.fit(
            divided.training_with_validation, recommender.space.defaults, seed=0, validation=None, advance=lambda _: None
        )
        assert measure_accuracy(scorer, divided.test).ndcg100.mean() == pytest.approx(expected, abs=tolerance)
