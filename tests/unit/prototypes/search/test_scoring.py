"""Scores, mutes and ranks of the by-hand model, each figure worked out in the comment beside it."""

from pathlib import Path

import numpy as np
import pytest

from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.profile import Profile
from leitmotif_services.prototypes.ranking.options import RankingOptions
from leitmotif_services.prototypes.ranking.recommendation import RankedTrack, explain_track, recommend
from leitmotif_services.runtime.errors import Reason, ServiceError
from tests.unit.prototypes.sample_models import by_hand, profile, served


@pytest.fixture(params=["exact", "faiss"])
def model(request: pytest.FixtureRequest, tmp_path: Path) -> ServedModel:
    return served(by_hand(), tmp_path, request.param)


def ranking(model: ServedModel, wanted: Profile, **options: object) -> list[tuple[int, str, float]]:
    ranked = recommend(model, wanted, **{"count": 20, **options})  # type: ignore[arg-type]
    return [(item.rank, item.track.track_id, item.explanation.score) for item in ranked]


def parts(item: RankedTrack) -> list[tuple[int, float, float, float]]:
    return [(part.prototype, part.contribution, part.edit_contribution, part.affinity) for part in item.explanation.contributions]


def test_listening_alone(model: ServedModel) -> None:
    # ada: 2·1 + 1·(-0.5) + 0.5 = 2; bix: 2·0.5 + 1·1 + 0.25 = 2.25; cab: 2·(-1) + 1·0.25 + 1 = -0.75
    assert ranking(model, profile((2, 1))) == [(1, "bix", 2.25), (2, "ada", 2.0), (3, "cab", -0.75)]


def test_an_edit_acts_through_affinities_with_its_gain(model: ServedModel) -> None:
    # γΔ = (1, 0) adds a_i,piano: ada 2 + 0.75, bix 2.25 + 0.25, cab -0.75 + 0
    assert ranking(model, profile((2, 1), (0.5, 0))) == [(1, "ada", 2.75), (2, "bix", 2.5), (3, "cab", -0.75)]


def test_contributions_of_listening_and_edit_are_told_apart(model: ServedModel) -> None:
    first, second, third = recommend(model, profile((2, 1), (0.5, 0)), count=3)
    assert parts(first) == [(0, 2.0 + 0.75, 0.75, 0.75), (1, -0.5, 0.0, 0.25)]
    assert parts(second) == [(0, 1.0 + 0.25, 0.25, 0.25), (1, 1.0, 0.0, 1.0)]
    assert parts(third) == [(0, -2.0, 0.0, 0.0), (1, 0.25, 0.0, 0.5)]
    assert [item.explanation.bias for item in (first, second, third)] == [0.5, 0.25, 1.0]


def test_contributions_that_are_not_listed_are_summed(model: ServedModel) -> None:
    first, second, third = recommend(model, profile((2, 1), (0.5, 0)), count=3, contribution_count=1)
    assert [parts(item)[0][:2] for item in (first, second, third)] == [(0, 2.75), (0, 1.25), (0, -2.0)]
    assert [item.explanation.other_contributions for item in (first, second, third)] == [-0.5, 1.0, 0.25]


def test_a_mute_removes_who_expresses_it_and_silences_its_weight(model: ServedModel) -> None:
    # ceil(3 / 10) = 1 track expresses calm: bix. Without calm, ada: 2·1 + 0.5 = 2.5, cab: 2·(-1) + 1 = -1.
    assert ranking(model, profile((2, 1), (0, 4), (1,))) == [(1, "ada", 2.5), (2, "cab", -1.0)]


def test_ties_go_to_the_earlier_position(model: ServedModel) -> None:
    # Without piano, bix: 1·1 + 0.25 = 1.25, cab: 1·0.25 + 1 = 1.25
    assert ranking(model, profile((2, 1), (), (0,))) == [(1, "bix", 1.25), (2, "cab", 1.25)]
    assert ranking(model, profile((2, 1), (), (0,)), count=1) == [(1, "bix", 1.25)]


def test_excluded_tracks_leave_no_gap_and_unknown_ones_are_ignored(model: ServedModel) -> None:
    options = RankingOptions(excluded=["bix", "nobody", "bix"])
    assert ranking(model, profile((2, 1)), options=options) == [(1, "ada", 2.0), (2, "cab", -0.75)]


def test_nothing_left_is_an_empty_list(model: ServedModel) -> None:
    assert ranking(model, profile((2, 1), (), (0, 1)), options=RankingOptions(excluded=["cab"])) == []


def test_the_reference_can_be_asked_for(model: ServedModel) -> None:
    assert ranking(model, profile((2, 1)), exact=True) == ranking(model, profile((2, 1)))


def test_explained_rank_is_the_place_in_the_whole_catalogue(model: ServedModel) -> None:
    places = {track: explain_track(model, profile((2, 1)), track)[0].rank for track in ("ada", "bix", "cab")}
    assert places == {"bix": 1, "ada": 2, "cab": 3}
    places = {track: explain_track(model, profile((2, 1), (), (0,)), track)[0].rank for track in ("ada", "bix", "cab")}
    assert places == {"bix": 1, "cab": 2, "ada": 0}


def test_explaining_a_removed_track_says_what_removes_it(model: ServedModel) -> None:
    ranked, removed_by = explain_track(model, profile((2, 1), (), (1,)), "bix")
    assert removed_by == [1]
    assert (ranked.rank, ranked.explanation.score) == (0, 1.25)  # 2·0.5 + 0.25
    assert ranked.explanation.reason == "Left out because you muted calm."


def test_explaining_an_unknown_track(model: ServedModel) -> None:
    with pytest.raises(ServiceError) as refused:
        explain_track(model, profile((2, 1)), "nobody")
    assert (refused.value.reason, refused.value.metadata) == (Reason.TRACK_NOT_FOUND, {"track_id": "nobody"})


def test_rows_join_responses_affinities_and_bias(model: ServedModel) -> None:
    np.testing.assert_array_equal(model.scoring.rows[1], np.array([0.5, 1.0, 0.25, 1.0, 0.25], dtype=np.float32))
    np.testing.assert_array_equal(model.scoring.query(profile((2, 1), (0.5, 0))).vector, [2, 1, 1, 0, 1])
