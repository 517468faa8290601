"""The simulated listeners do as their taste says."""

import csv

import numpy as np

from leitmotif_services.workshop.audience import simulate_audience, write_interactions

TAGS = ("calm", "dark", "happy", "jazz", "rock", "synth")


def catalogue(tracks=60):
    rng = np.random.default_rng(7)
    drawn = [rng.permutation(TAGS)[:2] for _ in range(tracks)]
    return {f"t{number}": {str(tag): float(rng.uniform(0.5, 1)) for tag in tags} for number, tags in enumerate(drawn)}


def test_people_hear_more_of_what_they_like_and_less_of_what_they_dislike():
    tags = catalogue()
    audience = simulate_audience(tags, listeners=150, seed=1)
    base = {tag: np.mean([tag in weights for weights in tags.values()]) for tag in TAGS}
    heard = {}
    for entry in audience.interactions:
        heard.setdefault(entry.user_id, []).append(entry.track_id)
    liked, disliked = [], []
    for person in audience.listeners:
        shares = {tag: np.mean([tag in tags[track] for track in heard[person.user_id]]) for tag in TAGS}
        liked += [shares[tag] / base[tag] for tag in person.likes]
        disliked.append(shares[person.dislikes] / base[person.dislikes])
    assert np.mean(liked) > 1.4
    assert np.mean(disliked) < 0.6


def test_some_tracks_are_popular_and_better_liked_ones_are_played_more():
    audience = simulate_audience(catalogue(), listeners=200, seed=2)
    counts = np.sort(np.bincount([int(entry.track_id[1:]) for entry in audience.interactions], minlength=60))[::-1]
    assert counts[:6].sum() > 1.5 * counts[-30:].mean() * 6
    assert all(entry.count >= 1 for entry in audience.interactions)
    assert len({(entry.user_id, entry.track_id) for entry in audience.interactions}) == len(audience.interactions)


def test_a_person_hears_at_most_half_of_a_small_catalogue():
    audience = simulate_audience(catalogue(5), listeners=10, seed=3)
    assert {sum(entry.user_id == person.user_id for entry in audience.interactions) for person in audience.listeners} == {2}


def test_a_catalogue_without_tags_still_has_listeners():
    audience = simulate_audience({"a": {}, "b": {}}, listeners=3)
    assert len(audience.interactions) == 3
    assert all(not person.likes and not person.dislikes for person in audience.listeners)


def test_time_goes_on_and_seeds_repeat(tmp_path):
    audience = simulate_audience(catalogue(), listeners=5, seed=4)
    assert audience == simulate_audience(catalogue(), listeners=5, seed=4)
    assert audience != simulate_audience(catalogue(), listeners=5, seed=5)
    for person in audience.listeners:
        times = [entry.timestamp_s for entry in audience.interactions if entry.user_id == person.user_id]
        assert times == sorted(times)
    write_interactions(tmp_path / "plays.csv", audience.interactions)
    with (tmp_path / "plays.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["user_id", "track_id", "count"]
    assert [(row["user_id"], row["track_id"], int(row["count"])) for row in rows] == [
        (entry.user_id, entry.track_id, entry.count) for entry in audience.interactions
    ]
