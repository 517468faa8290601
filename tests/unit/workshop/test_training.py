"""The whole training on small data: a model that a bundle takes, the same from the same seed, from whatever there is."""

from dataclasses import replace

import numpy as np
import pytest

from leitmotif_services.prototypes.bundle_writing import write_bundle
from leitmotif_services.prototypes.safetensors_bundle import load_bundle
from leitmotif_services.workshop.exemplars import choose_segments
from leitmotif_services.workshop.training import anchoring_tags, train
from tests.unit.workshop.sample_music import TAGS, cut, dataset, listening, tagged_music


def test_tags_and_listening_give_a_model_with_figures(tmp_path):
    tracks = tagged_music(60)
    seen = []
    model = train(dataset(tracks, listening(tracks)), cut=cut, on_progress=lambda *step: seen.append(step))
    sources = [prototype.source for prototype in model.prototypes]
    assert sources == ["tag"] * 5 + ["discovered"] * 3
    assert sorted(prototype.label for prototype in model.prototypes[:5]) == sorted(TAGS)
    assert all(prototype.fidelity.roc_auc > 0.8 for prototype in model.prototypes[:5])
    assert all(prototype.fidelity is None for prototype in model.prototypes[5:])
    assert model.metrics["ndcg@100"] > model.metrics["popularity_ndcg@100"]
    assert {stage for stage, _, _ in seen} == {"prototypes", "responses", "exemplars"}
    assert seen[-1][1] == seen[-1][2]
    bundle = write_bundle(model, tmp_path, encoder_artifact=None)
    assert (bundle / "manifest.json").is_file()


def test_exemplars_come_from_tracks_that_carry_the_tag_and_from_different_artists():
    tracks = tagged_music(60)
    model = train(dataset(tracks), cut=cut)
    by_id = {track.track_id: track for track in tracks}
    for prototype in model.prototypes[:5]:
        assert len(prototype.exemplars) == 3
        assert len({exemplar.artist for exemplar in prototype.exemplars}) == 3
        assert all(prototype.label in by_id[exemplar.track_id].tags for exemplar in prototype.exemplars)
        affinities = [exemplar.affinity for exemplar in prototype.exemplars]
        assert affinities == sorted(affinities, reverse=True)
        for exemplar in prototype.exemplars:
            position = int(exemplar.track_id[1:])
            assert exemplar.duration_s == 8.0
            assert model.snippets[exemplar.snippet] == cut(f"audio of {position}".encode(), exemplar.start_s, 8.0)


def test_the_affinity_of_a_carrier_is_higher():
    tracks = tagged_music(60)
    model = train(dataset(tracks), cut=cut)
    carriers = dataset(tracks).tag_matrix(tuple(prototype.label for prototype in model.prototypes[:5])) > 0
    for column, carried in zip(model.affinities.T[:5], carriers.T, strict=True):
        assert column[carried].min() > column[~carried].mean()


def test_every_track_that_carries_a_tag_expresses_its_prototype_however_weakly(tmp_path):
    """Half of the tracks carry no tag, and some a tag with hardly any weight: affinities alone do not tell the carriers."""
    tracks = [
        replace(track, tags={tag: 0.001 if place else 1.0 for place, tag in enumerate(track.tags)} if number % 4 < 2 else {})
        for number, track in enumerate(tagged_music(60))
    ]
    model = load_bundle(write_bundle(train(dataset(tuple(tracks)), cut=cut), tmp_path, encoder_artifact=None))
    tagged = [position for position, prototype in enumerate(model.prototypes) if prototype.source == "tag"]
    assert len(tagged) == 5
    out_of_order = 0
    for position in tagged:
        carriers = np.array([model.prototypes[position].label in track.tags for track in model.catalogue.tracks])
        expressed = model.expression.mask(position)
        assert expressed[carriers].all()
        assert expressed.sum() >= max(6, carriers.sum())
        affinities = model.scoring.affinities[:, position]
        assert affinities[expressed].min() == min(affinities[carriers].min(), np.sort(affinities)[-6])
        out_of_order += affinities[carriers].min() < affinities[~carriers].max()
    assert out_of_order > 0
    for position in range(len(tagged), len(model.prototypes)):
        assert model.expression.counts[position] == 6


@pytest.mark.parametrize("tracks", [5, 6, 7, 8])
def test_a_handful_of_tagged_tracks_gives_prototypes_whose_carriers_all_express_them(tracks, tmp_path):
    music = [replace(track, tags={"some": 1.0} if number < 4 else {}) for number, track in enumerate(tagged_music(tracks))]
    model = load_bundle(write_bundle(train(dataset(tuple(music)), cut=cut), tmp_path, encoder_artifact=None))
    [position] = [position for position, prototype in enumerate(model.prototypes) if prototype.source == "tag"]
    assert model.expression.mask(position)[:4].all()


def test_the_same_seed_gives_the_same_model():
    tracks = tagged_music(30)
    one, again = (train(dataset(tracks, listening(tracks)), seed=4, cut=cut) for _ in range(2))
    for name in ("affinities", "responses", "bias", "head_weights", "head_offsets"):
        assert np.array_equal(getattr(one, name), getattr(again, name))
    assert (one.prototypes, one.edit_gain, one.metrics) == (again.prototypes, again.edit_gain, again.metrics)


@pytest.mark.parametrize(("tracks", "prototypes"), [(2, 3), (3, 3), (5, 3), (7, 3), (30, 12)])
def test_music_alone_gives_discovered_prototypes(tracks, prototypes, tmp_path):
    model = train(dataset(tagged_music(tracks, with_tags=False)), cut=cut)
    assert len(model.prototypes) == prototypes
    assert {prototype.source for prototype in model.prototypes} == {"discovered"}
    assert all(prototype.exemplars for prototype in model.prototypes)
    assert len({prototype.label for prototype in model.prototypes}) == prototypes
    assert model.metrics == {}
    write_bundle(model, tmp_path, encoder_artifact=None)


def test_the_number_of_prototypes_can_be_asked_for():
    tracks = tagged_music(60)
    assert len(train(dataset(tracks), prototypes=8, cut=cut).prototypes) == 8
    few = train(dataset(tracks), prototypes=3, cut=cut).prototypes
    assert [prototype.source for prototype in few] == ["tag"] * 3
    assert len(train(dataset(tracks), prototypes=1, cut=cut).prototypes) == 1


def test_tags_of_too_few_or_nearly_all_tracks_carry_no_prototype():
    tracks = list(tagged_music(20, with_tags=False))
    for position, track in enumerate(tracks):
        tags = {"all": 1.0} | ({"some": 1.0} if position < 6 else {}) | ({"few": 1.0} if position < 3 else {})
        tracks[position] = replace(track, tags=tags)
    assert anchoring_tags(dataset(tuple(tracks)), 128) == ["some"]
    assert anchoring_tags(dataset(tuple(tracks)), 0) == []


def test_segments_of_one_artist_are_chosen_once_and_weak_ones_not_at_all():
    affinity = np.array([0.9, 0.8, 0.7, 0.6, 0.2])
    tracks = np.array([0, 1, 2, 3, 4])
    assert choose_segments(affinity, tracks, ["a", "a", "b", "", "c"], 3) == [0, 2, 3]
    assert choose_segments(affinity, tracks, ["a", "b", "c", "d", "e"], 2) == [0, 1]
    assert choose_segments(np.array([0.9, 0.1]), np.array([0, 1]), ["a", "b"], 3) == [0]
