"""One model after some changes: what it knows of new tracks, and what is left of those that are gone."""

from pathlib import Path

import numpy as np
import pytest

from leitmotif_services.prototypes.live_catalogue.changes import Delete
from leitmotif_services.prototypes.live_catalogue.filters import FieldIn, Not
from leitmotif_services.prototypes.live_catalogue.later_tracks import with_changes
from leitmotif_services.prototypes.model import ServedModel
from tests.unit.prototypes.live_catalogue.changed_models import unit, upsert
from tests.unit.prototypes.sample_models import by_hand, by_hand_apn, profile, served


@pytest.fixture
def model(tmp_path: Path) -> ServedModel:
    return served(by_hand(), tmp_path)


def sigmoid(x: float) -> float:
    return 1.0 / (1.0 + np.exp(-x))


def test_a_new_track_is_heard_by_the_head_and_responds_as_its_neighbours(model: ServedModel) -> None:
    changed = with_changes(model, [upsert("dot", 1, 0, 0)], 1)
    assert (len(changed.catalogue), len(changed.scoring), changed.catalogue_revision) == (4, 4, 1)
    position = changed.catalogue.position_of("dot")
    assert position == 3
    heard = [sigmoid(2.0 - 0.5), sigmoid(0.5 + 0.25)]
    assert changed.scoring.affinities[3] == pytest.approx(heard, abs=1e-6)
    # The embeddings are orthogonal: less their mean, the one at the same place has cosine 1, the others -0.5, that is nothing.
    assert changed.scoring.learned(np.array([3]))[0] == pytest.approx([1.0, -0.5], abs=1e-6)
    assert changed.scoring.bias(np.array([3])) == pytest.approx(np.quantile([0.5, 0.25, 1.0], 0.05))
    assert changed.embeddings[3].tolist() == [1.0, 0.0, 0.0]
    assert changed.alive is None


def test_what_people_say_counts_half(model: ServedModel) -> None:
    changed = with_changes(model, [upsert("dot", 1, 0, 0, tags=("piano",)), upsert("eve", 1, 0, 0, tags=("other",))], 1)
    heard = sigmoid(1.5)
    assert changed.scoring.affinities[np.array([3, 4])][:, 0] == pytest.approx([0.5 * heard + 0.5, 0.5 * heard], abs=1e-6)


def test_attention_knows_no_tags(tmp_path: Path) -> None:
    changed = with_changes(served(by_hand_apn(), tmp_path), [upsert("dot", 1, 0, 0, tags=("piano",))], 1)
    share = np.exp(1.0) / (np.exp(1.0) + 1.0)
    assert changed.scoring.affinities[3] == pytest.approx([(share + 0.5) / 2, (1.5 - share) / 2], abs=1e-6)
    assert changed.scoring.learned(np.array([3]))[0] == pytest.approx([1.0, -0.5], abs=1e-6)


def test_a_track_that_takes_anothers_place_without_audio_keeps_its_rows(model: ServedModel) -> None:
    changed = with_changes(model, [upsert("ada", 0, 1, 0, tags=("piano", "solo"), title="Renamed", heard_anew=False)], 1)
    position = changed.catalogue.position_of("ada")
    assert position == 3
    assert changed.catalogue.tracks[3].title == "Renamed"
    assert changed.embeddings[3].tolist() == [1.0, 0.0, 0.0]
    query = changed.scoring.query(profile((1.0, 2.0), (0.5, 0.25)))
    scores = changed.scoring.scores(query, np.array([0, 3]))
    assert scores[0] == scores[1]
    assert changed.alive is not None
    assert changed.alive.tolist() == [False, True, True, True]
    assert len(changed.catalogue) == 3


def test_other_tags_are_taken_into_account_without_new_audio(model: ServedModel) -> None:
    changed = with_changes(model, [upsert("ada", 1, 0, 0, tags=("solo",), heard_anew=False)], 1)
    assert changed.scoring.affinities[3][0] == pytest.approx(0.5 * sigmoid(1.5), abs=1e-6)
    assert changed.scoring.learned(np.array([3]))[0].tolist() == [1.0, -0.5]


def test_what_is_deleted_is_gone_and_may_come_back(model: ServedModel) -> None:
    gone = with_changes(model, [Delete("bix"), Delete("nobody")], 1)
    assert gone.catalogue.position_of("bix") is None
    assert gone.index.search(gone.scoring.query(profile((0.0, 0.0))), 10, None).tolist() == [2, 0]
    assert gone.exact.search(gone.scoring.query(profile((0.0, 0.0))), 10, np.ones(3, bool)).tolist() == [2, 0]
    back = with_changes(gone, [upsert("bix", 0, 1, 0)], 2)
    assert back.catalogue.position_of("bix") == 3
    assert gone.catalogue.position_of("bix") is None, "the model before is as it was"
    again = with_changes(back, [Delete("bix")], 3)
    assert again.catalogue.position_of("bix") is None
    assert back.catalogue.position_of("bix") == 3
    assert model.catalogue.position_of("bix") == 1
    assert len(again.catalogue) == 2


def test_who_expresses_what(model: ServedModel) -> None:
    # ada alone expresses piano, from 0.75 on; bix calm, from 1.
    changed = with_changes(
        model,
        [upsert("loud", 1, 0, 0), upsert("soft", -1, 0, 0), upsert("said", -1, 0, 0, tags=("piano",)), Delete("bix")],
        1,
    )
    assert changed.expression.mask(0).tolist() == [True, False, False, True, False, True]
    assert changed.expression.counts.tolist() == [3, 0]
    assert changed.expression.kept([0]).tolist() == [False, True, True, False, True, False]


def test_pages_by_id_and_filters_see_what_came_and_not_what_went(model: ServedModel) -> None:
    changed = with_changes(model, [upsert("bea", 1, 0, 0, tags=("calm",), title="Bea's étude"), Delete("cab")], 1)

    def page(kept: object, after: str = "", size: int = 10) -> list[str]:
        return [changed.catalogue.tracks[position].track_id for position in changed.catalogue.page(kept, after, size)]  # type: ignore[arg-type]

    assert page(None) == ["ada", "bea", "bix"]
    assert page(None, size=2) == ["ada", "bea"]
    assert page(None, "bea") == ["bix"]
    assert page(changed.catalogue.containing("ÉTUDE")) == ["ada", "bea"]
    calm = changed.catalogue.fields.mask(FieldIn("tags", ("calm",)))
    assert calm.tolist() == [False, True, False, True]
    assert page(calm) == ["bea", "bix"]
    assert page(changed.catalogue.fields.mask(Not(FieldIn("tags", ("calm",))))) == ["ada"]


def test_an_embedding_that_is_like_none_gets_the_mean_of_its_neighbours(model: ServedModel) -> None:
    centre = unit(1, 1, 1)
    changed = with_changes(model, [upsert("dot", *centre)], 1)
    assert np.isfinite(changed.scoring.learned(np.array([3]))).all()


def test_changes_go_on_behind_such_as_cancel_each_other_out(model: ServedModel) -> None:
    """What a replay folds to when tracks came and went: the deletion of a track that the bundle does not have."""
    nothing_left = with_changes(model, [Delete("came-and-went")], 2)
    assert (len(nothing_left.catalogue), nothing_left.catalogue_revision) == (3, 2)
    changed = with_changes(nothing_left, [upsert("dot", 1, 0, 0)], 3)
    assert changed.catalogue.position_of("dot") == 3
