"""What the model promises of its tracks holds for those that came since its bundle, and between those and the others."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leitmotif_services.prototypes.live_catalogue.changes import Change, Delete, Upsert
from leitmotif_services.prototypes.live_catalogue.later_tracks import with_changes
from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.profile import Profile
from leitmotif_services.prototypes.ranking.recommendation import explain_track, recommend
from leitmotif_services.prototypes.track import Track
from tests.unit.prototypes.live_catalogue.changed_models import unit
from tests.unit.prototypes.sample_models import random_apn, random_model, served

TRACKS, PROTOTYPES, LATER = 60, 4, 25


def changed(seed: int, *, kind: str = "leitmotif") -> ServedModel:
    """A random model after random changes, in several batches."""
    rng = np.random.default_rng([seed, 1])
    make = random_model if kind == "leitmotif" else random_apn
    with tempfile.TemporaryDirectory() as folder:
        model = served(make(seed, tracks=TRACKS, prototypes=PROTOTYPES), Path(folder))
        for revision in range(1, 4):
            ids = rng.choice(
                [f"track-{number}" for number in range(TRACKS)] + [f"new-{n}" for n in range(LATER)], 15, replace=False
            )
            changes: list[Change] = []
            for track_id in ids.tolist():
                if rng.random() < 0.3:
                    changes.append(Delete(track_id))
                else:
                    tags = tuple(rng.choice(["tag", "x"], rng.integers(0, 2), replace=False).tolist())
                    track = Track(track_id, track_id, f"Artist {rng.integers(5)}", 1.0, tags)
                    changes.append(Upsert(track, unit(*rng.normal(size=8)), bool(rng.random() < 0.8)))
            model = with_changes(model, changes, revision)
    return model


weights = st.lists(st.integers(-8, 8).map(lambda value: value / 4), min_size=PROTOTYPES, max_size=PROTOTYPES).map(
    lambda values: np.array(values, np.float32)
)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 30), weights, weights, st.sampled_from(["leitmotif", "apn"]))
def test_contributions_sum_to_scores(seed: int, history: np.ndarray, edits: np.ndarray, kind: str) -> None:  # type: ignore[type-arg]
    model = changed(seed, kind=kind)
    for ranked in recommend(model, Profile(history, edits), count=200, contribution_count=-1):
        parts = sum(part.contribution for part in ranked.explanation.contributions)
        assert parts + ranked.explanation.bias == pytest.approx(ranked.explanation.score, abs=1e-5)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 30), weights, weights, st.integers(0, PROTOTYPES - 1), st.sampled_from([0.25, 1.0, 4.0]))
def test_raising_an_edit_never_parts_two_tracks_the_other_way(
    seed: int,
    history: np.ndarray,  # type: ignore[type-arg]
    edits: np.ndarray,  # type: ignore[type-arg]
    prototype: int,
    amount: float,
) -> None:
    model = changed(seed)
    raised = edits.copy()
    raised[prototype] += amount
    positions = np.arange(len(model.scoring))
    before, after = (model.scoring.scores(model.scoring.query(Profile(history, each)), positions) for each in (edits, raised))
    affinities = np.asarray(model.scoring.affinities)[:, prototype]
    gained = (after - before)[np.argsort(affinities, kind="stable")]
    assert np.all(np.diff(gained) >= -1e-9)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 30), weights, st.sets(st.integers(0, PROTOTYPES - 1), min_size=1), st.sampled_from(["leitmotif", "apn"]))
def test_a_mute_removes_what_expresses_the_prototype(
    seed: int,
    history: np.ndarray,  # type: ignore[type-arg]
    muted: set[int],
    kind: str,
) -> None:
    model = changed(seed, kind=kind)
    profile = Profile(history, np.zeros_like(history), tuple(sorted(muted)))
    found = {ranked.track.track_id for ranked in recommend(model, profile, count=200)}
    for position, track in enumerate(model.catalogue.tracks):
        if model.catalogue.position_of(track.track_id) != position:
            continue  # gone, or replaced
        affinities = model.scoring.affinities[position]
        expressed = [each for each in muted if affinities[each] >= model.expression.thresholds[each]]
        assert (track.track_id in found) == (not expressed)
        ranked, removed_by = explain_track(model, profile, track.track_id)
        assert (sorted(removed_by), ranked.rank == 0) == (sorted(expressed), bool(expressed))
