"""What is learnt from listening, against popularity on simulated listeners; and closeness where nobody listened."""

import numpy as np
import pytest

from leitmotif_services.workshop.content_responses import content_responses
from leitmotif_services.workshop.dataset import Interactions
from leitmotif_services.workshop.recommenders.leitmotif_scorer import history_profiles
from leitmotif_services.workshop.response_training import histories, train_responses
from tests.unit.workshop.sample_music import TAGS, dataset, listening, tagged_music


def test_plays_weigh_by_their_logarithm():
    heard = Interactions(("u0", "u1", "u2"), np.array([0, 0, 1]), np.array([0, 1, 2]), np.array([1.0, 3.0, 1.0], np.float32))
    affinities = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]])
    profiles = history_profiles(affinities, histories(heard, 3))
    # u0: c = 1 and log2(4) = 2: (1·[1,0] + 2·[0,1]) / √3
    assert profiles == pytest.approx(np.array([[1 / 3**0.5, 2 / 3**0.5], [0.5, 0.5], [0.0, 0.0]]))


def test_responses_beat_popularity_on_held_out_people():
    tracks = tagged_music(80)
    trained = train_responses(dataset(tracks).tag_matrix(TAGS), listening(tracks, 200), seed=0)
    assert trained.metrics["ndcg@100"] > trained.metrics["popularity_ndcg@100"] + 0.1
    assert trained.metrics["recall@20"] > trained.metrics["popularity_recall@20"] + 0.1
    assert trained.metrics["test_users"] == 30


def test_tracks_without_listeners_are_ranked_by_content():
    tracks = tagged_music(80)
    affinities = dataset(tracks).tag_matrix(TAGS)
    heard = listening(tracks, 200)
    cold = heard.tracks % 10 == 0
    warm = heard.entries(~cold)
    fitted = train_responses(affinities, warm, seed=0).fitted
    scores = history_profiles(affinities, histories(warm, 80)) @ fitted.responses.T
    candidates = np.arange(0, 80, 10)
    wanted = np.zeros((len(scores), 80), bool)
    wanted[heard.users[cold], heard.tracks[cold]] = True
    ahead = [
        float(np.mean(scores[user, track] > scores[user, candidates[~wanted[user, candidates]]]))
        for user, track in zip(heard.users[cold], heard.tracks[cold], strict=True)
    ]
    assert np.mean(ahead) > 0.7  # 0.5 is chance


@pytest.mark.parametrize("listeners", [1, 5, 19])
def test_a_small_audience_is_fitted_but_not_measured(listeners):
    tracks = tagged_music(10)
    trained = train_responses(dataset(tracks).tag_matrix(TAGS), listening(tracks, listeners), seed=0)
    assert trained.metrics == {}
    assert np.isfinite(trained.fitted.responses).all()
    assert trained.fitted.responses.any()


def test_people_of_one_track_are_learnt_from_but_never_held_out():
    tracks = tagged_music(20)
    people = 30
    single = Interactions(
        tuple(f"u{n}" for n in range(people)), np.arange(people), np.arange(people) % 20, np.ones(people, np.float32)
    )
    trained = train_responses(dataset(tracks).tag_matrix(TAGS), single, seed=0)
    assert trained.metrics == {}
    assert (trained.fitted.bias > 0.0).all()


def test_content_responses_rank_by_likeness_whatever_the_length_of_the_history():
    tracks = tagged_music(60, with_tags=True)
    affinities = 0.6 + 0.4 * dataset(tracks).tag_matrix(TAGS)  # much in common, some of it their own
    fitted = content_responses(affinities)
    alike = [position for position, track in enumerate(tracks) if "rock" in track.tags]
    for length in (1, 4, len(alike)):
        history = affinities[alike[:length]].sum(axis=0) / np.sqrt(length)
        scores = fitted.responses @ history
        assert scores[alike].mean() > scores.mean() + 0.5 * scores.std()
    constant = 3.0 * affinities.mean(axis=0)
    assert np.abs(fitted.responses @ constant).max() < 1e-9  # what everybody hears tells nobody apart
