"""Why tracks enter and leave, on a model in which each case can be brought about."""

from pathlib import Path

import numpy as np
import pytest

from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.ranking.comparison import Comparison, compare
from leitmotif_services.prototypes.ranking.options import RankingOptions
from tests.unit.prototypes.sample_models import by_hand, profile, served


@pytest.fixture
def model(tmp_path: Path) -> ServedModel:
    # Of (2, 1) without edits: bix 2.25, ada 2.0, cab -0.75; piano expressed by ada, calm by bix; γ = 2.
    return served(by_hand(), tmp_path)


def told(compared: Comparison) -> tuple[list[tuple[str, int, int, str]], ...]:
    return tuple(
        [(each.ranked.track.track_id, each.rank_before, each.rank_after, each.reason) for each in changes]
        for changes in (compared.entered, compared.left)
    )


def test_nothing_changes(model: ServedModel) -> None:
    assert told(compare(model, profile((2, 1)), profile((2, 1)), count=2)) == ([], [])


def test_turned_up(model: ServedModel) -> None:
    # γΔ = 1: ada 2.75, bix 2.5. Bix gains too, but less.
    entered, left = told(compare(model, profile((2, 1)), profile((2, 1), (0.5, 0)), count=1))
    assert entered == [("ada", 2, 1, "Enters because you turned up piano.")]
    assert left == [("bix", 1, 2, "Leaves because you turned up piano, and others have more of it.")]


def test_turned_down(model: ServedModel) -> None:
    # γΔ = -1 on calm: bix 1.25, ada 1.75. Ada loses too, but less.
    entered, left = told(compare(model, profile((2, 1)), profile((2, 1), (0, -0.5)), count=1))
    assert entered == [("ada", 2, 1, "Enters because you turned down calm, and it has less of it than others.")]
    assert left == [("bix", 1, 2, "Leaves because you turned down calm.")]


def test_muted(model: ServedModel) -> None:
    entered, left = told(compare(model, profile((2, 1)), profile((2, 1), (), (1,)), count=1))
    assert left == [("bix", 1, 0, "Left out because you muted calm.")]
    # Ada's own score rises by 0.5, as calm spoke against it; bix' contribution of 1 is gone.
    assert entered == [("ada", 2, 1, "Enters because you muted calm.")]


def test_unmuted(model: ServedModel) -> None:
    entered, left = told(compare(model, profile((2, 1), (), (1,)), profile((2, 1)), count=1))
    assert entered == [("bix", 0, 1, "Enters because you unmuted calm.")]
    assert left == [("ada", 1, 2, "Leaves because you unmuted calm.")]


def test_listened(model: ServedModel) -> None:
    # Of (4, 1): ada 4, bix 3.25.
    entered, left = told(compare(model, profile((2, 1)), profile((4, 1)), count=1))
    assert entered == [("ada", 2, 1, "Enters because piano counts for more in your listening.")]
    assert left == [("bix", 1, 2, "Leaves because piano counts for more in your listening, and others have more of it.")]


def test_left_out_by_a_mute_that_changes_no_score(model: ServedModel) -> None:
    # With no weight on calm, muting it changes no contribution: ada 2.5, bix 1.25; piano mutes ada.
    entered, left = told(compare(model, profile((0, 1)), profile((0, 1), (), (0,)), count=3))
    assert entered == []
    assert left == [("ada", 3, 0, "Left out because you muted piano.")]


def test_entering_in_the_place_of_what_a_mute_removes(model: ServedModel) -> None:
    # Of (0, 1): bix 1.25, cab 1.25, ada 0. Muting calm, of weight 0: ada 0.5, cab 1.0 by bias, bix gone.
    entered, left = told(compare(model, profile((0, 0), (1, 0)), profile((0, 0), (1, 0), (0,)), count=1))
    assert [track for track, *_ in entered] == ["cab"]
    assert left == [("ada", 1, 0, "Left out because you muted piano.")]


def test_places_beyond_the_list_are_those_in_the_whole_catalogue(model: ServedModel) -> None:
    options = RankingOptions(excluded=["bix"])
    entered, left = told(compare(model, profile((2, 1)), profile((-2, 1)), count=1, options=options))
    # Of (-2, 1): ada -2, bix 0.25, cab 3.25.
    assert [each[:3] for each in entered] == [("cab", 3, 1)]
    assert [each[:3] for each in left] == [("ada", 1, 3)]


def test_places_of_ties_are_settled_as_lists_settle_them(tmp_path: Path) -> None:
    trained = by_hand()
    flat = trained.__class__(
        **{field: getattr(trained, field) for field in trained.__dataclass_fields__}
        | {"responses": np.zeros((3, 2), np.float32), "bias": np.zeros(3, np.float32)}
    )
    compared = compare(served(flat, tmp_path), profile((1, 1)), profile((1, 1), (0, 1)), count=1)
    # All tie before, so ada stands first; affinities for calm are 0.25, 1 and 0.5.
    assert [(each.ranked.track.track_id, each.rank_before, each.rank_after) for each in compared.entered] == [("bix", 2, 1)]
    assert [(each.ranked.track.track_id, each.rank_before, each.rank_after) for each in compared.left] == [("ada", 1, 3)]
