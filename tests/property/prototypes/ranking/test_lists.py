"""What a list holds, whatever options it is asked with, and that pages are stretches of it."""

import dataclasses
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leitmotif_services.prototypes.profile import Profile
from leitmotif_services.prototypes.ranking.chance import noise
from leitmotif_services.prototypes.ranking.explanation import ALL
from leitmotif_services.prototypes.ranking.list_building import WINDOW
from leitmotif_services.prototypes.ranking.options import PLAIN, Exploration, RankingOptions
from leitmotif_services.prototypes.ranking.recommendation import RankedTrack, recommend, recommend_page
from leitmotif_services.prototypes.ranking.seeding import blended
from leitmotif_services.prototypes.ranking.sent_tracks import NOTHING_SENT
from tests.property.prototypes.ranking.ranked_models import TRACKS, options, passes, profiles, ranked_model

MODELS = st.sampled_from([(1, 0, "exact"), (2, 2, "exact"), (1, 0, "faiss")])


def ids(ranked: list[RankedTrack]) -> list[str]:
    return [item.track.track_id for item in ranked]


@settings(max_examples=40, deadline=None)
@given(MODELS, profiles(), options(), st.lists(st.integers(1, 60), min_size=1, max_size=6))
def test_pages_are_one_long_list(case: tuple[int, int, str], profile: Profile, chosen: RankingOptions, sizes: list[int]) -> None:
    seed, levels, index = case
    model = ranked_model(seed, levels=levels, index=index)
    whole = recommend(model, profile, count=sum(sizes), options=chosen)
    pages, sent = [], NOTHING_SENT
    for size in sizes:
        page = recommend_page(model, profile, count=size, options=chosen, sent=sent)
        pages += page.tracks
        if page.sent is None:
            break
        sent = page.sent
    assert pages == whole
    assert [item.rank for item in pages] == list(range(1, len(pages) + 1))


@settings(max_examples=40, deadline=None)
@given(MODELS, profiles(), options(), st.sampled_from([1, 7, 40, 1000]))
def test_a_list_holds_what_it_may_and_leaves_no_gap(
    case: tuple[int, int, str], profile: Profile, chosen: RankingOptions, count: int
) -> None:
    seed, levels, index = case
    model = ranked_model(seed, levels=levels, index=index)
    found = recommend(model, profile, count=count, options=chosen, contribution_count=ALL)
    away = {*chosen.excluded, *chosen.seeds}
    muted = [model.expression.mask(k) for k in profile.muted]
    allowed = [
        track
        for position, track in enumerate(model.catalogue.tracks)
        if track.track_id not in away and passes(track, chosen.filter) and not any(mask[position] for mask in muted)
    ]
    room = Counter(track.artist for track in allowed)
    if chosen.max_per_artist:
        room = Counter({artist: min(n, chosen.max_per_artist) if artist else n for artist, n in room.items()})
    assert set(ids(found)) <= {track.track_id for track in allowed}
    assert len(set(ids(found))) == len(found) == min(count, sum(room.values()))
    assert not Counter(item.track.artist for item in found) - room
    for item in found:
        why = item.explanation
        assert why.bias + sum(part.contribution for part in why.contributions) == pytest.approx(why.score, abs=1e-5)


@settings(max_examples=40, deadline=None)
@given(MODELS, profiles(), options())
def test_without_variety_and_chance_a_list_is_by_score(
    case: tuple[int, int, str], profile: Profile, chosen: RankingOptions
) -> None:
    """What `max_per_artist` leaves is the ranking with the surplus of each artist struck out."""
    seed, levels, index = case
    model = ranked_model(seed, levels=levels, index=index)
    plain = dataclasses.replace(chosen, diversity=0.0, exploration=None)
    everything = recommend(model, profile, count=TRACKS, options=dataclasses.replace(plain, max_per_artist=0))
    scores = [item.explanation.score for item in everything]
    assert scores == sorted(scores, reverse=True)
    taken: Counter[str] = Counter()
    expected = []
    for item in everything:
        if not plain.max_per_artist or not item.track.artist or taken[item.track.artist] < plain.max_per_artist:
            expected.append((item.track.track_id, item.explanation))
        taken[item.track.artist] += 1
    found = recommend(model, profile, count=50, options=plain)
    assert [(item.track.track_id, item.explanation) for item in found] == expected[:50]


@settings(max_examples=20, deadline=None)
@given(profiles(), st.sampled_from([0.0, 0.2, 0.5, 1.0]), st.sampled_from([0, 2]), st.sampled_from([None, 0.1, 1.0]))
def test_variety_and_chance_against_a_plain_reference(
    profile: Profile, diversity: float, max_per_artist: int, strength: float | None
) -> None:
    """Maximal marginal relevance, one candidate looked at after the other."""
    model = ranked_model(1)
    ranking = recommend(model, profile, count=TRACKS)
    scores = np.array([item.explanation.score for item in ranking])
    chance = np.zeros(len(ranking)) if strength is None else strength * scores[:100].std() * noise(11, ids(ranking))
    rows = {track.track_id: model.scoring.affinities[n].astype(np.float64) for n, track in enumerate(model.catalogue.tracks)}
    unit = {track_id: row / (np.linalg.norm(row) or 1.0) for track_id, row in rows.items()}
    best, worst = scores[0], scores[min(WINDOW, len(scores)) - 1]
    chosen: list[str] = []
    artists: Counter[str] = Counter()
    waiting = list(ranking)
    while len(chosen) < 20:
        waiting = [
            item
            for item in waiting
            if item.track.track_id not in chosen
            and not (max_per_artist and item.track.artist and artists[item.track.artist] >= max_per_artist)
        ]
        if not waiting:
            break

        def worth(item: RankedTrack) -> float:
            relevance = (item.explanation.score + chance[item.rank - 1] - worst) / (best - worst)
            likeness = max((float(unit[item.track.track_id] @ unit[other]) for other in chosen), default=0.0)
            return round(float((1 - diversity) * relevance - diversity * likeness), 9)

        following = max(waiting[:WINDOW], key=lambda item: (worth(item), -item.rank))
        chosen.append(following.track.track_id)
        artists[following.track.artist] += 1
    exploration = None if strength is None else Exploration(strength, 11)
    asked = RankingOptions(diversity=diversity, max_per_artist=max_per_artist, exploration=exploration)
    assert ids(recommend(model, profile, count=20, options=asked)) == chosen


def test_chance_is_standard_normal_and_depends_on_seed_and_track_alone() -> None:
    names = [f"track-{n}" for n in range(20_000)]
    drawn = noise(-5, names)
    assert abs(drawn.mean()) < 0.03
    assert abs(drawn.std() - 1) < 0.02
    assert abs(np.corrcoef(drawn, noise(-4, names))[0, 1]) < 0.03
    assert noise(-5, names[77:78])[0] == drawn[77]


def test_chance_grows_with_its_strength_and_differs_by_seed() -> None:
    model = ranked_model(1)
    profile = Profile(np.ones(6, np.float32), np.zeros(6, np.float32))
    plain = ids(recommend(model, profile, count=50))

    def kept(strength: float, seed: int) -> int:
        asked = RankingOptions(exploration=Exploration(strength, seed))
        return len(set(plain) & set(ids(recommend(model, profile, count=50, options=asked))))

    overlaps = [np.mean([kept(strength, seed) for seed in range(20)]) for strength in (0.01, 0.1, 0.4, 1.0)]
    assert overlaps == sorted(overlaps, reverse=True)
    assert overlaps[0] > 48
    assert overlaps[-1] < 40
    lists = {
        tuple(ids(recommend(model, profile, count=20, options=RankingOptions(exploration=Exploration(1.0, n)))))
        for n in range(20)
    }
    assert len(lists) == 20


@settings(max_examples=40, deadline=None)
@given(profiles(), st.lists(st.integers(0, TRACKS - 1), min_size=1, max_size=5), st.floats(0.01, 1.0))
def test_seeds_rank_as_their_blended_history_does(profile: Profile, seeds: list[int], weight: float) -> None:
    model = ranked_model(1)
    names = [f"track-{n}" for n in seeds]
    mean = model.scoring.affinities[list(dict.fromkeys(seeds))].astype(np.float64).mean(axis=0)
    length = np.linalg.norm(profile.history.astype(np.float64)) / np.linalg.norm(mean)
    history = (1 - weight) * profile.history.astype(np.float64) + weight * length * mean
    mixed = Profile(history.astype(np.float32), profile.edits, profile.muted)
    expected = recommend(model, mixed, count=20, options=RankingOptions(excluded=names))
    assert recommend(model, profile, count=20, options=RankingOptions(seeds=names, seed_weight=weight)) == expected


def test_seeds_alone_are_a_history_of_them() -> None:
    model = ranked_model(1)
    nobody = Profile(np.zeros(6, np.float32), np.zeros(6, np.float32))
    seeds = [3, 5, 8, 13]
    # Four plays: the sum of their affinities over the root of four.
    expected = model.scoring.affinities[seeds].astype(np.float64).sum(axis=0) / 2
    assert blended(nobody, model.scoring.affinities, seeds, 1.0).history == pytest.approx(expected, rel=1e-6)
    assert PLAIN.by_score_alone
