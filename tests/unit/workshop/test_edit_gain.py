"""γ does what it says, at every size of catalogue."""

import numpy as np
import pytest

from leitmotif_services.prototypes.expression import expressed_threshold
from leitmotif_services.workshop import edit_gain
from leitmotif_services.workshop.edit_gain import SMALLEST_GAIN, fit_edit_gain
from leitmotif_services.workshop.recommenders.leitmotif_responses import Responses


def model(tracks, prototypes=6, people=40, seed=0):
    rng = np.random.default_rng(seed)
    affinities = rng.random((tracks, prototypes)) ** 3
    fitted = Responses(rng.standard_normal((tracks, prototypes)) * 0.1, rng.random(tracks) * 0.1)
    return affinities, fitted, rng.random((people, prototypes)) * 2


def ranks_of(affinities):
    """The top decile of most prototypes; 30 % of the tracks for every third one, as with the tag of so many."""
    tracks, prototypes = affinities.shape
    return [-(-3 * tracks // 10) if prototype % 3 == 0 else -(-tracks // 10) for prototype in range(prototypes)]


def mean_share(affinities, fitted, histories, gain, edit, length=20):
    """Measured here over all pairs, with the served model's own definition of "expresses"."""
    shares = []
    for prototype, (column, rank) in enumerate(zip(affinities.T.astype(np.float32), ranks_of(affinities), strict=True)):
        expressed = column >= expressed_threshold(column, rank)
        for history in histories:
            scores = fitted.responses @ history + fitted.bias + gain * edit * affinities[:, prototype]
            shares.append(expressed[np.argsort(-scores)[:length]].mean())
    return float(np.mean(shares))


def test_an_edit_of_one_raises_the_share_by_a_quarter_and_a_smaller_gain_does_not():
    affinities, fitted, histories = model(300)
    gain = fit_edit_gain(affinities, fitted, histories, ranks_of(affinities), seed=0)
    before = mean_share(affinities, fitted, histories, gain, 0.0)
    assert mean_share(affinities, fitted, histories, gain, 1.0) - before == pytest.approx(0.25, abs=0.03)
    assert mean_share(affinities, fitted, histories, 0.8 * gain, 1.0) - before < 0.25
    assert mean_share(affinities, fitted, histories, gain, 2.0) > mean_share(affinities, fitted, histories, gain, 1.0)


def test_the_gain_follows_the_scale_of_the_scores():
    affinities, fitted, histories = model(300)
    tenfold = Responses(10 * fitted.responses, 10 * fitted.bias)
    assert fit_edit_gain(affinities, tenfold, histories, ranks_of(affinities), seed=0) == pytest.approx(
        10 * fit_edit_gain(affinities, fitted, histories, ranks_of(affinities), seed=0), rel=0.05
    )


@pytest.mark.parametrize("tracks", [2, 3, 5, 7, 12, 25])
def test_small_catalogues_have_a_gain_that_moves_the_list(tracks):
    affinities, fitted, histories = model(tracks)
    gain = fit_edit_gain(affinities, fitted, histories, ranks_of(affinities), seed=0)
    length = -(-tracks // 4)
    assert np.isfinite(gain)
    assert gain >= SMALLEST_GAIN
    before = mean_share(affinities, fitted, histories, gain, 0.0, length)
    assert mean_share(affinities, fitted, histories, gain, 1.0, length) > before + 0.1


def test_a_catalogue_without_any_difference_has_the_smallest_gain():
    equal = np.full((8, 3), 0.5)
    gain = fit_edit_gain(equal, Responses(np.zeros((8, 3)), np.zeros(8)), np.ones((2, 3)), [1, 1, 1], seed=0)
    assert gain == pytest.approx(SMALLEST_GAIN)


def test_many_tracks_are_judged_by_some_of_the_prototypes(monkeypatch):
    affinities, fitted, histories = model(300, prototypes=40)
    whole = fit_edit_gain(affinities, fitted, histories, ranks_of(affinities), seed=0)
    monkeypatch.setattr(edit_gain, "_SCORES", 1000)
    monkeypatch.setattr(edit_gain, "_FEWEST_PAIRS", 20)
    pairs = edit_gain._Pairs(affinities, fitted, histories, ranks_of(affinities), seed=0)
    assert pairs._scores.shape == (300, 20)
    assert fit_edit_gain(affinities, fitted, histories, ranks_of(affinities), seed=0) == pytest.approx(whole, rel=0.3)
