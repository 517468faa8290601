"""Comparing is asking twice; edits that bring a track up do so, and are the smallest."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.profile import Profile
from leitmotif_services.prototypes.ranking.comparison import compare
from leitmotif_services.prototypes.ranking.lifting_edits import lifting_edits
from leitmotif_services.prototypes.ranking.options import RankingOptions
from leitmotif_services.prototypes.ranking.recommendation import explain_track, recommend
from tests.property.prototypes.ranking.ranked_models import PROTOTYPES, options, profiles, ranked_model

KINDS = st.sampled_from(["leitmotif", "apn"])


@st.composite
def changes(draw: st.DrawFn) -> tuple[Profile, Profile]:
    before = draw(profiles())
    edits = before.edits.copy()
    for k in draw(st.sets(st.integers(0, PROTOTYPES - 1), max_size=2)):
        edits[k] = draw(st.floats(-4, 4, width=32))
    muted = tuple(sorted(draw(st.sets(st.integers(0, PROTOTYPES - 1), max_size=2))))
    return before, Profile(before.history, edits, muted if draw(st.booleans()) else before.muted)


@settings(max_examples=60, deadline=None)
@given(KINDS, changes(), options(), st.sampled_from([1, 10, 100]))
def test_comparing_is_editing_and_asking(kind: str, change: tuple[Profile, Profile], chosen: RankingOptions, count: int) -> None:
    model, (before, after) = ranked_model(1, kind=kind), change
    compared = compare(model, before, after, count=count, options=chosen)
    assert compared.before == recommend(model, before, count=count, options=chosen)
    assert compared.after == recommend(model, after, count=count, options=chosen)
    first = [item.track.track_id for item in compared.before]
    second = [item.track.track_id for item in compared.after]
    assert [each.ranked.track.track_id for each in compared.entered] == [name for name in second if name not in first]
    assert [each.ranked.track.track_id for each in compared.left] == [name for name in first if name not in second]
    for each in compared.entered:
        assert each.ranked == compared.after[each.rank_after - 1]
        assert each.reason.startswith("Enters")
    for each in compared.left:
        assert each.rank_before == first.index(each.ranked.track.track_id) + 1
        assert each.ranked.rank == each.rank_after
    if not chosen.seeds:  # which are part of the profile that the places are those of
        for each in compared.entered[:3]:
            assert each.rank_before == explain_track(model, before, each.ranked.track.track_id)[0].rank
        for each in compared.left[:3]:
            asked, removed_by = explain_track(model, after, each.ranked.track.track_id)
            assert each.rank_after == asked.rank
            assert each.ranked.explanation.score == asked.explanation.score
            assert each.reason.startswith("Left out because you muted" if removed_by else "Leaves")


def rank_with(model: ServedModel, profile: Profile, position: int, prototype: int, amount: float) -> int:
    edits = profile.edits.copy()
    edits[prototype] = np.float32(float(edits[prototype]) + amount)
    edited = Profile(profile.history, edits, profile.muted)
    return explain_track(model, edited, model.catalogue.tracks[position].track_id)[0].rank


def ranks_at_every_step(model: ServedModel, profile: Profile, position: int, prototype: int) -> dict[float, int]:
    """The track's rank for every amount in whole thousandths that keeps the edit within -4 to 4, by plain arithmetic."""
    parts = model.scoring.contributions(model.scoring.query(profile), np.arange(len(model.scoring)))
    kept = model.expression.kept(profile.muted)
    rest = parts.total.sum(axis=1) - parts.edited[:, prototype] + parts.bias
    edit = float(profile.edits[prototype])
    ranks = {}
    for step in range(-8000, 8001):
        if step and -4 <= edit + step / 1000 <= 4:
            scores = rest + model.manifest.edit_gain * float(np.float32(edit + step / 1000)) * parts.affinities[:, prototype]
            before = (scores > scores[position]) | ((scores == scores[position]) & (np.arange(len(scores)) < position))
            ranks[step / 1000] = 1 + int((kept & before).sum())
    return ranks


@st.composite
def tied_profiles(draw: st.DrawFn) -> Profile:
    """Whole eighths, and nobody's history or no edits in many cases: with a model of few levels, scores are exact and tie."""
    eighths = st.lists(st.integers(-16, 16), min_size=PROTOTYPES, max_size=PROTOTYPES) | st.just([0] * PROTOTYPES)
    history, edits = (np.array(draw(eighths), np.float32) / 8 for _ in range(2))
    muted = tuple(sorted(draw(st.sets(st.integers(0, PROTOTYPES - 1), max_size=1))))
    return Profile(history, edits, muted)


@settings(max_examples=12, deadline=None)
@given(profiles(), st.integers(0, 39), st.sampled_from([1, 3, 10]))
def test_lifting_edits_are_the_smallest_there_are(profile: Profile, position: int, target: int) -> None:
    check_smallest(ranked_model(5, tracks=40), profile, position, target)


@settings(max_examples=20, deadline=None)
@given(tied_profiles(), st.sampled_from([(1, True), (1, False), (4, False)]), st.integers(0, 39), st.sampled_from([1, 3, 10, 20]))
def test_lifting_edits_are_the_smallest_where_scores_tie(
    profile: Profile, case: tuple[int, bool], position: int, target: int
) -> None:
    levels, plays = case
    check_smallest(ranked_model(5, levels=levels, plays=plays, tracks=40), profile, position, target)


def test_a_listener_without_history_on_a_model_without_plays_has_lifting_edits() -> None:
    """All scores are 0, so the least edit of a prototype ranks by its affinity, or against it."""
    model = ranked_model(5, tracks=40, plays=False)
    nobody = Profile(np.zeros(PROTOTYPES, np.float32), np.zeros(PROTOTYPES, np.float32))
    for position in range(10, 40):
        reached = {
            (k, 0.001 * sign)
            for k in range(PROTOTYPES)
            for sign in (1, -1)
            if rank_with(model, nobody, position, k, 0.001 * sign) <= 10
        }
        found = lifting_edits(model, nobody, position, 10)
        assert {(each.prototype, each.amount) for each in found} <= reached
        assert len(found) == min(len(reached), 5)


def check_smallest(model: ServedModel, profile: Profile, position: int, target: int) -> None:
    ranked, removed_by = explain_track(model, profile, f"track-{position}")
    if removed_by:
        return
    found = lifting_edits(model, profile, position, target)
    smallest = []
    if ranked.rank > target:
        for k in set(range(PROTOTYPES)) - set(profile.muted):
            ranks = ranks_at_every_step(model, profile, position, k)
            for sign in (1, -1):
                reaching = [amount for amount, rank in ranks.items() if rank <= target and amount * sign > 0]
                if reaching:
                    smallest.append((min(reaching, key=abs), k))
    smallest.sort(key=lambda each: abs(each[0]))
    assert [abs(each.amount) for each in found] == [abs(amount) for amount, _ in smallest[:5]]
    assert {(each.amount, each.prototype) for each in found} <= set(smallest)
    for each in found:
        assert rank_with(model, profile, position, each.prototype, each.amount) == each.rank <= target


@settings(max_examples=25, deadline=None)
@given(KINDS, profiles(), st.integers(0, 699), st.sampled_from([1, 20, 300]), st.sampled_from([0.0, 3.5, -6.0]))
def test_lifting_edits_do_what_they_say(kind: str, profile: Profile, position: int, target: int, edit: float) -> None:
    model = ranked_model(1, kind=kind)
    edits = profile.edits.copy()
    edits[0] += np.float32(edit)  # beyond what people may set at times: the sum has to come back
    profile = Profile(profile.history, edits, profile.muted)
    ranked, removed_by = explain_track(model, profile, f"track-{position}")
    if removed_by:
        return
    found = lifting_edits(model, profile, position, target)
    assert len(found) <= 5
    assert not found or ranked.rank > target
    assert [abs(each.amount) for each in found] == sorted(abs(each.amount) for each in found)
    for each in found:
        assert each.amount
        assert -4 <= float(profile.edits[each.prototype]) + each.amount <= 4
        assert each.prototype not in profile.muted
        assert each.amount == pytest.approx(round(each.amount, 3), abs=1e-12)
        assert rank_with(model, profile, position, each.prototype, each.amount) == each.rank <= target


def test_a_non_linear_model_has_lifting_edits_too() -> None:
    model = ranked_model(1, kind="apn")
    nobody = Profile(np.full(PROTOTYPES, 0.3, np.float32), np.zeros(PROTOTYPES, np.float32))
    lifted = [position for position in range(60) if lifting_edits(model, nobody, position, 100)]
    assert len(lifted) > 10


def test_hidden_prototypes_are_left_alone() -> None:
    model = ranked_model(5, tracks=40)
    profile = Profile(np.ones(PROTOTYPES, np.float32), np.zeros(PROTOTYPES, np.float32))
    lifted = ((position, lifting_edits(model, profile, position, 10)) for position in range(40))
    position, used = next((position, found) for position, found in lifted if found)
    hidden = dataclasses.replace(model, hidden_prototype_ids=frozenset({f"p{used[0].prototype}"}))
    assert used[0].prototype not in {each.prototype for each in lifting_edits(hidden, profile, position, 10)}
