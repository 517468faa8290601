"""Likeness by sound and by affinity, on tracks whose cosines can be worked out."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from leitmotif_services.prototypes.live_catalogue.filters import FieldIn
from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.ranking.similar_tracks import similar_tracks
from leitmotif_services.runtime.errors import Reason, ServiceError
from tests.unit.prototypes.sample_models import by_hand, random_model, served


@pytest.fixture
def model(tmp_path: Path) -> ServedModel:
    embeddings = np.array([[1, 0, 0], [0.6, 0.8, 0], [0, 0, 1]], np.float32)
    return served(dataclasses.replace(by_hand(), embeddings=embeddings), tmp_path)


def test_by_sound(model: ServedModel) -> None:
    found = similar_tracks(model, "ada", likeness="sound", count=5)
    assert [(each.track.track_id, round(each.similarity, 6)) for each in found] == [("bix", 0.6), ("cab", 0.0)]


def test_by_affinity(model: ServedModel) -> None:
    # (0.25, 1) with (0, 0.5): 0.5 / (√1.0625 · 0.5); with (0.75, 0.25): 0.4375 / (√1.0625 · √0.625)
    found = similar_tracks(model, "bix", likeness="affinity", count=5)
    assert [each.track.track_id for each in found] == ["cab", "ada"]
    assert [each.similarity for each in found] == pytest.approx([1 / np.sqrt(1.0625), 0.4375 / np.sqrt(1.0625 * 0.625)])


def test_filters_exclusions_and_count(model: ServedModel) -> None:
    assert [
        each.track.track_id
        for each in similar_tracks(model, "ada", likeness="sound", count=5, passing=FieldIn("artist", ("Cab", "Ada")))
    ] == ["cab"]
    assert [each.track.track_id for each in similar_tracks(model, "ada", likeness="sound", count=1)] == ["bix"]
    found = similar_tracks(model, "ada", likeness="sound", count=1, excluded=["bix", "nobody", "bix"])
    assert [each.track.track_id for each in found] == ["cab"]
    assert similar_tracks(model, "ada", likeness="sound", count=1, excluded=["bix", "cab"]) == []


def test_an_unknown_track(model: ServedModel) -> None:
    with pytest.raises(ServiceError) as raised:
        similar_tracks(model, "nobody", likeness="sound", count=1)
    assert raised.value.reason is Reason.TRACK_NOT_FOUND


@pytest.mark.parametrize("likeness", ["sound", "affinity"])
def test_against_every_pair(tmp_path: Path, likeness: str) -> None:
    trained = random_model(3, tracks=900, prototypes=6, levels=2)
    trained = dataclasses.replace(trained, embeddings=np.repeat(trained.embeddings[:450], 2, axis=0))
    model = served(trained, tmp_path)
    rows = (trained.embeddings if likeness == "sound" else trained.affinities).astype(np.float64)
    lengths = np.linalg.norm(rows, axis=1)
    unit = rows / np.where(lengths > 0, lengths, 1)[:, None]
    own = next(n for n in range(900) if lengths[n] > 0)
    cosines = np.round(unit @ unit[own], 9)
    expected = sorted((n for n in range(900) if n != own), key=lambda n: (-cosines[n], n))[:30]
    found = similar_tracks(model, f"track-{own}", likeness=likeness, count=30)  # type: ignore[arg-type]
    # Ties in exact arithmetic may come out either way where they are not equal rows; their cosines are the same.
    assert [round(each.similarity, 9) for each in found] == pytest.approx([cosines[n] for n in expected], abs=2e-9)
    if likeness == "sound":
        assert found[0].track.track_id == f"track-{own ^ 1}"


def test_shared_prototypes_are_expressed_by_both(tmp_path: Path) -> None:
    model = served(random_model(4, tracks=200, prototypes=6), tmp_path)
    expressed = np.column_stack([model.expression.mask(k) for k in range(6)])
    shown = 0
    for own in range(0, 200, 7):
        for each in similar_tracks(model, f"track-{own}", likeness="affinity", count=10):
            other = model.catalogue.position_of(each.track.track_id)
            both = {k for k in range(6) if expressed[own, k] and expressed[other, k]}
            assert set(each.shared) <= both
            assert len(each.shared) == min(3, len(both))
            shown += len(each.shared)
    assert shown > 20
    hidden = dataclasses.replace(model, hidden_prototype_ids=frozenset({"p0", "p1", "p2", "p3", "p4"}))
    for own in range(0, 200, 7):
        assert all(set(each.shared) <= {5} for each in similar_tracks(hidden, f"track-{own}", likeness="affinity", count=10))
