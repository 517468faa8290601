"""The sentences, on the by-hand model: h and Δ decide what they say."""

import dataclasses
from pathlib import Path

import pytest

from leitmotif_services.prototypes.profile import Profile
from leitmotif_services.prototypes.prototype import Fidelity
from leitmotif_services.prototypes.ranking.recommendation import explain_track
from tests.unit.prototypes.sample_models import by_hand, profile, served


@pytest.mark.parametrize(
    ("wanted", "track_id", "reason"),
    [
        # piano 2·1 = 2, calm 1·(-0.5): only one speaks for it
        (profile((2, 1)), "ada", "Because you listen to piano."),
        # piano 2·0.5 = 1, calm 1·1 = 1
        (profile((2, 1)), "bix", "Because you listen to piano and calm."),
        # piano (-2)·(-1) = 2; calm 0.25 is less than a quarter of it
        (profile((-2, 1)), "cab", "Because you seldom listen to piano."),
        # γΔ = 4: piano 2·1 + 4·0.75 = 5, of which the edit 3
        (profile((2, 1), (2, 0)), "ada", "Because you turned up piano."),
        # γΔ = 8: piano 2·0.5 + 8·0.25 = 3, of which the edit 2; calm 1, which bix expresses
        (profile((2, 1), (4, 0)), "bix", "Because you turned up piano; also strong in calm, which you listen to."),
        # γΔ = (0, 4): calm 4·0.5 + 1·0.25; piano (-1)·(-1) = 1 from a weight below zero
        (profile((-1, 1), (0, 2)), "cab", "Because you turned up calm; you also seldom listen to piano."),
        # γΔ = (0, 4): calm 4·0.25 - 0.5·0.5; piano 0.5·1, which ada expresses
        (profile((0.5, 0.5), (0, 2)), "ada", "Because you turned up calm; also strong in piano, which you listen to."),
        # γΔ = (0, -2): piano 2·1; the edit of calm takes 2·0.25 = 0.5
        (profile((2, 0), (0, -1)), "ada", "Because you listen to piano, although you turned down calm."),
        (profile((0, 0)), "ada", "Nothing is known of your taste that concerns it."),
        (profile((-2, 0)), "ada", "Nothing in your profile speaks for it."),
        # A typical bias is (0.5 + 0.25 + 1) / 3 = 7/12, so cab's is 5/12 above; a quarter of that is 5/48.
        (profile((0, 0)), "cab", "Widely heard here."),
        (profile((2, 0)), "cab", "Widely heard here."),  # piano 2·(-1)
        (profile((0, 0.375)), "cab", "Widely heard here."),  # calm 0.375·0.25 = 4.5/48
        (profile((0, 1)), "cab", "Widely heard here; it also fits your listening to calm."),  # 0.25
        (profile((0, 1.75)), "cab", "Because you listen to calm."),  # 0.4375 = 21/48 is more than 20/48
        (profile((-0.25, 0)), "cab", "Widely heard here; you also seldom listen to piano."),  # 0.25
        # γΔ = (0, 0.5): calm 0.5·0.5 = 0.25, all of it the edit; piano 0.125
        (profile((-0.125, 0), (0, 0.25)), "cab", "Widely heard here; you also turned up calm; you also seldom listen to piano."),
        # γΔ = (0, -0.5): calm -0.25
        (profile((0, 0), (0, -0.25)), "cab", "Widely heard here, although you turned down calm."),
        # bix's bias is below the typical one: nothing is said of it
        (profile((0, 0.0625)), "bix", "Because you listen to calm."),
    ],
)
def test_reason(wanted: Profile, track_id: str, reason: str, tmp_path: Path) -> None:
    ranked, _ = explain_track(served(by_hand(), tmp_path), wanted, track_id)
    assert ranked.explanation.reason == reason


def test_a_weak_witness_says_so(tmp_path: Path) -> None:
    model = by_hand()
    piano = dataclasses.replace(model.prototypes[0], fidelity=Fidelity(0.6, 0.2, 5, weak=True))
    weak = served(dataclasses.replace(model, prototypes=[piano, model.prototypes[1]]), tmp_path)
    assert explain_track(weak, profile((2, 1)), "ada")[0].explanation.reason == "Because you listen to piano (uncertain)."
    removed = explain_track(weak, profile((2, 1), (), (0,)), "ada")[0]
    assert removed.explanation.reason == "Left out because you muted piano (uncertain)."


def test_what_is_widely_heard_may_be_strong_in_a_prototype_too(tmp_path: Path) -> None:
    model = by_hand()
    model.bias[1] = 8.0  # bix: 8 against a typical (0.5 + 8 + 1) / 3; calm 2·1
    ranked, _ = explain_track(served(model, tmp_path), profile((0, 2)), "bix")
    assert ranked.explanation.reason == "Widely heard here; also strong in calm, which you listen to."


@pytest.mark.parametrize("bias", [0.0, 0.1])
def test_where_all_are_heard_alike_popularity_is_no_reason(bias: float, tmp_path: Path) -> None:
    model = by_hand()
    model.bias[:] = bias
    for track_id in ("ada", "bix", "cab"):
        ranked, _ = explain_track(served(model, tmp_path), profile((0, 0)), track_id)
        assert ranked.explanation.reason == "Nothing is known of your taste that concerns it."


def test_a_track_that_nobody_heard_yet_is_not_called_widely_heard(tmp_path: Path) -> None:
    """Two heard by 1 and 8 of 9 people; the unheard one has the mean of the three counts, above their median."""
    model = by_hand()
    model.bias[:] = [1 / 9, 8 / 9, 3 / 9]
    reasons = [
        explain_track(served(model, tmp_path), profile((0, 0)), track_id)[0].explanation.reason for track_id in ("bix", "cab")
    ]
    assert reasons == ["Widely heard here.", "Nothing is known of your taste that concerns it."]


def test_several_mutes_are_all_named(tmp_path: Path) -> None:
    model = by_hand()
    model.affinities[0, 1] = 1.0  # ada ties with bix for calm
    ranked, removed_by = explain_track(served(model, tmp_path), profile((2, 1), (), (0, 1)), "ada")
    assert removed_by == [0, 1]
    assert ranked.explanation.reason == "Left out because you muted piano and calm."
