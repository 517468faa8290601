"""Tag heads hear what was put in, on artists they did not learn from, and say so when there is nothing to hear."""

import numpy as np
import pytest

from leitmotif_services.prototypes.affinity_heads import combined_affinities
from leitmotif_services.workshop.affinity_head import artist_folds, fit_tag_heads
from leitmotif_services.workshop.dataset import MusicDataset
from leitmotif_services.workshop.logistic_regression import fit_heads, sigmoid
from tests.unit.workshop.sample_music import TAGS, dataset, tagged_music


def carriers(music: MusicDataset):
    return music.tag_matrix(TAGS) > 0


def test_the_fit_is_the_minimum_of_its_loss():
    rng = np.random.default_rng(3)
    features, labels = rng.standard_normal((40, 6)), (rng.random((40, 3)) < 0.4).astype(float)
    head = fit_heads(features, labels, ridge=2.0)
    mean, scale = features.mean(axis=0), np.sqrt(features.var(axis=0).mean())
    standard = (features - mean) / scale
    shares = labels.mean(axis=0)
    weights = head.weights * scale
    offsets = head.offsets + np.log(shares / (1 - shares)) + head.weights @ mean
    residual = sigmoid(standard @ weights.T + offsets) - labels
    assert np.abs(residual.T @ standard + 2.0 * weights).max() < 0.02  # the gradient vanishes
    assert np.abs(residual.sum(axis=0)).max() < 0.02


def test_a_rare_label_is_judged_against_its_own_share():
    rng = np.random.default_rng(4)
    labels = np.zeros((200, 1))
    labels[:10] = 1.0
    head = fit_heads(rng.standard_normal((200, 2)), labels, ridge=1e6)  # nothing can be learnt
    assert np.allclose(head.affinities(np.zeros((1, 2))), 0.5, atol=0.01)


def test_constant_features_do_no_harm():
    features = np.ones((6, 3), np.float32)
    head = fit_heads(features, np.eye(6)[:, :2], ridge=1.0)
    assert np.isfinite(head.weights).all()
    assert np.allclose(head.affinities(features), 0.5, atol=0.01)


def test_tags_are_heard_on_held_out_artists():
    music = dataset(tagged_music(80))
    fitted = fit_tag_heads(music.embeddings, carriers(music), [track.artist for track in music.tracks], seed=0)
    assert all(fidelity.roc_auc > 0.85 and not fidelity.weak for fidelity in fitted.fidelity)
    assert [fidelity.positives for fidelity in fitted.fidelity] == carriers(music).sum(axis=0).tolist()


def test_a_tag_that_cannot_be_heard_is_weak():
    music = dataset(tagged_music(80))
    by_chance = np.random.default_rng(1).random((80, 4)) < 0.4
    fitted = fit_tag_heads(music.embeddings, by_chance, [track.artist for track in music.tracks], seed=0)
    assert all(fidelity.weak and fidelity.roc_auc < 0.7 for fidelity in fitted.fidelity)


def test_a_tag_of_every_track_has_no_fidelity():
    music = dataset(tagged_music(20))
    fitted = fit_tag_heads(music.embeddings, np.ones((20, 1), bool), [track.artist for track in music.tracks], seed=0)
    assert fitted.fidelity == (None,)


def test_a_tag_of_one_artist_is_measured_on_held_out_tracks_of_that_artist():
    tracks = tagged_music(60)
    music = dataset(tracks)
    one_artist = np.array([[track.artist == "Artist 3" and "jazz" in track.tags] for track in tracks])
    assert 1 < one_artist.sum() < 6
    fitted = fit_tag_heads(music.embeddings, one_artist, [track.artist for track in tracks], seed=0)
    assert fitted.fidelity[0].positives == one_artist.sum()
    assert fitted.fidelity[0].roc_auc > 0.6


def test_folds_whose_fit_saw_no_carrier_do_not_count():
    """Two artists carry the tag; where one is held out the other was seen, so every carrier counts once."""
    tracks = tagged_music(60)
    music = dataset(tracks)
    two = np.array([[track.artist in ("Artist 3", "Artist 4") and "jazz" in track.tags] for track in tracks])
    folds = artist_folds([track.artist for track in tracks], seed=0)
    together = len(np.unique(folds[two[:, 0]])) == 1
    fitted = fit_tag_heads(music.embeddings, two, [track.artist for track in tracks], seed=0)
    assert together or fitted.fidelity[0].positives == two.sum()


def test_an_artist_is_never_split():
    artists = [f"a{number % 7}" for number in range(50)] + [""] * 10
    folds = artist_folds(artists, seed=0)
    for name in set(artists) - {""}:
        assert len({int(fold) for fold, artist in zip(folds, artists, strict=True) if artist == name}) == 1
    assert len(np.unique(folds)) == 5
    assert np.bincount(folds).max() <= 2 * np.bincount(folds).min()
    assert len(np.unique(artist_folds(["one"] * 9, seed=0))) == 5  # a single artist has to be split


def test_what_people_say_is_weighed_with_what_is_heard():
    heard = np.array([[0.8, 0.2], [0.8, 0.2], [0.8, 0.2]])
    said = np.array([[0.0, 1.0], [0.5, 0.0], [0.0, 0.0]])
    combined = combined_affinities(heard, said, np.array([True, True, False]))
    assert combined == pytest.approx(np.array([[0.4, 0.6], [0.775, 0.1], [0.8, 0.2]]))
