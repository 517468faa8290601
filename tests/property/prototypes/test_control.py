"""What a person who edits a profile may rely on."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leitmotif_services.prototypes.bundle_writing import TrainedModel
from leitmotif_services.prototypes.catalogue import Catalogue
from leitmotif_services.prototypes.expression import SMALLEST_AFFINITY, Expression, carriers_expressed_rank
from leitmotif_services.prototypes.profile import Profile
from leitmotif_services.prototypes.ranking.explanation import ALL, explain
from leitmotif_services.prototypes.search.exact_index import ExactIndex
from leitmotif_services.prototypes.search.faiss_index_files import build_index
from leitmotif_services.prototypes.search.linear_scoring import LinearScoring
from tests.unit.prototypes.sample_models import random_model

EDIT_GRID = 2.0**-10
"""Edits are drawn from a grid and arrays from quarters, so that every score here is exact in float64."""


@st.composite
def steered(draw: st.DrawFn) -> tuple[TrainedModel, Profile, int, float]:
    """A model, a profile, a prototype, and how much its edit is raised."""
    prototypes = draw(st.integers(1, 8))
    seed = draw(st.integers(0, 2**32 - 1))
    model = random_model(seed, tracks=draw(st.integers(2, 60)), prototypes=prototypes, levels=draw(st.sampled_from([2, 8, 40])))
    random = np.random.default_rng(seed + 1)
    history, edits = (random.integers(-2000, 2001, size=(2, prototypes)) * EDIT_GRID).astype(np.float32)
    muted = tuple(sorted(draw(st.sets(st.integers(0, prototypes - 1), max_size=2))))
    raise_by = draw(st.integers(1, 4000)) * EDIT_GRID
    return model, Profile(history, edits, muted), draw(st.integers(0, prototypes - 1)), raise_by


def table_of(model: TrainedModel) -> LinearScoring:
    return LinearScoring(model.responses, model.affinities, model.bias, model.edit_gain)


@settings(max_examples=200, deadline=None)
@given(steered())
def test_raising_an_edit_never_hurts_who_has_more_of_it(case: tuple[TrainedModel, Profile, int, float]) -> None:
    """a_ik ≥ a_jk ⇒ s_i − s_j does not fall when Δ_k is raised, for every pair of tracks."""
    model, profile, k, raise_by = case
    table = table_of(model)
    edits = profile.edits.copy()
    edits[k] += np.float32(raise_by)
    everyone = np.arange(len(table))
    before = table.scores(table.query(profile), everyone)
    after = table.scores(table.query(Profile(profile.history, edits, profile.muted)), everyone)
    affinities = model.affinities[:, k]
    has_more = affinities[:, None] >= affinities[None, :]
    gain = (after[:, None] - after[None, :]) - (before[:, None] - before[None, :])
    assert (gain[has_more] >= 0).all()


@settings(max_examples=200, deadline=None)
@given(steered(), st.integers(1, 80), st.data())
def test_a_muted_prototype_is_gone(case: tuple[TrainedModel, Profile, int, float], count: int, data: st.DataObject) -> None:
    """No track of a muted prototype's top decile, and none that carries its tag, is returned; no weaker one is held back."""
    model, profile, k, _ = case
    muted = tuple(sorted({*profile.muted, k}))
    everyone = len(model.tracks)
    carriers = [data.draw(st.sets(st.integers(0, everyone - 1))) for _ in model.prototypes]
    ranks = [
        carriers_expressed_rank(model.affinities[:, prototype], np.isin(np.arange(everyone), list(carrying)))
        for prototype, carrying in enumerate(carriers)
    ]
    table, expression = table_of(model), Expression(model.affinities, ranks)
    tracks = len(table)
    expressed = set()
    for prototype in muted:
        affinities = model.affinities[:, prototype]
        decile = np.sort(affinities)[::-1][: -(-tracks // 10)]
        weakest = min([decile.min(), *(affinities[n] for n in carriers[prototype])])
        expressed |= {n for n in range(tracks) if affinities[n] >= max(weakest, SMALLEST_AFFINITY)}
        assert {n for n in range(tracks) if affinities[n] > 0 and affinities[n] >= decile.min()} <= expressed
        assert {n for n in carriers[prototype] if affinities[n] > 0} <= expressed
    query = table.query(Profile(profile.history, profile.edits, muted))
    for index in (ExactIndex(table), build_index(table)):
        found = index.search(query, count, expression.kept(muted)).tolist()
        assert not expressed & set(found)
        assert len(found) == len(set(found)) == min(count, tracks - len(expressed))


@settings(max_examples=100, deadline=None)
@given(steered())
def test_a_muted_prototype_contributes_nothing(case: tuple[TrainedModel, Profile, int, float]) -> None:
    model, profile, k, _ = case
    table = table_of(model)
    muted = tuple(sorted({*profile.muted, k}))
    parts = table.contributions(table.query(Profile(profile.history, profile.edits, muted)), np.arange(len(table)))
    assert not parts.total[:, list(muted)].any()
    assert not parts.edited[:, list(muted)].any()


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(0, 45), st.sampled_from([1e-3, 1.0, 1e3]))
def test_contributions_sum_to_the_score(seed: int, prototypes: int, listed: int, scale: float) -> None:
    model = random_model(seed, tracks=15, prototypes=prototypes)
    random = np.random.default_rng(seed + 1)
    history, edits = (scale * random.normal(size=(2, prototypes))).astype(np.float32)
    profile = Profile(history, edits)
    table = table_of(model)
    parts = table.contributions(table.query(profile), np.arange(15))
    expression = Expression(model.affinities, [prototype.expressed_rank for prototype in model.prototypes])
    few = explain(parts, listed, profile, model.prototypes, expression)
    every = explain(parts, ALL, profile, model.prototypes, expression)
    for short, full in zip(few, every, strict=True):
        tolerance = 1e-5 * max(1.0, abs(short.score))
        told = short.bias + short.other_contributions + sum(part.contribution for part in short.contributions)
        assert told == pytest.approx(short.score, abs=tolerance)
        assert full.bias + sum(part.contribution for part in full.contributions) == pytest.approx(full.score, abs=tolerance)
        assert (full.other_contributions, len(full.contributions)) == (0.0, prototypes)
        assert short.contributions == full.contributions[:listed]
        magnitudes = [abs(part.contribution) for part in full.contributions]
        assert magnitudes == sorted(magnitudes, reverse=True)
        assert short.reason == full.reason


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(max_size=8), min_size=1, max_size=20), st.text(max_size=3).filter(lambda text: "\n" not in text))
def test_finding_tracks_by_text(titles: list[str], query: str) -> None:
    tracks = random_model(0, tracks=len(titles), prototypes=1).tracks
    named = [type(track)(track.track_id, title, "", 1.0, ()) for track, title in zip(tracks, titles, strict=True)]
    expected = sorted(track.track_id for track in named if query.casefold() in track.title.casefold())
    catalogue = Catalogue(named)
    assert [named[position].track_id for position in catalogue.page(catalogue.containing(query), "", 20)] == expected
