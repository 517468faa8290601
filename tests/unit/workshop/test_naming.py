"""Prototypes get names that a person understands, and no two the same."""

import numpy as np
import pytest

from leitmotif_services.runtime.validation import ID_PATTERN
from leitmotif_services.workshop.naming import Name, descriptor_matrix, name_discovered, name_tags, unique_prototype_ids
from tests.unit.workshop.sample_music import described

NO_TAGS = np.zeros((4, 0), bool)


def test_what_stands_out_makes_the_name():
    qualities = descriptor_matrix(
        [
            described(tempo_bpm=60.0, brightness_hz=400.0),
            described(tempo_bpm=62.0, brightness_hz=1500.0),
            described(tempo_bpm=120.0, brightness_hz=1500.0),
            described(tempo_bpm=125.0, brightness_hz=2000.0, percussiveness=0.9),
        ]
    )
    affinities = np.array([[0.9, 0.1], [0.2, 0.1], [0.1, 0.1], [0.1, 0.9]])
    first, second = name_discovered(affinities, qualities, (), NO_TAGS, ())
    assert set(first.label.split(" · ")) == {"dark", "slow"}
    assert "percussive" in second.label
    assert first.prototype_id == f"sound-{'-'.join(first.label.split(' · '))}"


def test_the_nearest_tag_comes_first():
    qualities = descriptor_matrix([described(tempo_bpm=tempo) for tempo in (60.0, 60.0, 140.0, 140.0)])
    carriers = np.array([[1, 0], [1, 1], [0, 0], [0, 1]], bool)
    [name] = name_discovered(np.array([[0.9], [0.9], [0.1], [0.1]]), qualities, ("piano", "live"), carriers, ())
    assert name.label == "piano · slow"
    assert "“piano”" in name.description


def test_labels_differ_even_where_the_sound_does_not():
    qualities = descriptor_matrix([described(tempo_bpm=tempo) for tempo in (60.0, 60.0, 140.0, 140.0)])
    affinities = np.tile([[0.9], [0.9], [0.1], [0.1]], 12)
    taken = [Name("slow", "slow", "")]
    names = name_discovered(affinities, qualities, (), NO_TAGS, taken)
    assert len({name.label.casefold() for name in [*names, *taken]}) == 13
    assert len({name.prototype_id for name in [*names, *taken]}) == 13
    assert all(ID_PATTERN.fullmatch(name.prototype_id) for name in names)


def test_equal_tracks_have_no_qualities_but_a_name():
    qualities = descriptor_matrix([described()] * 4)
    assert not qualities.any()
    [name] = name_discovered(np.full((4, 1), 0.5), qualities, (), NO_TAGS, ())
    assert name.label


def test_an_unknown_tempo_counts_as_the_mean():
    qualities = descriptor_matrix([described(tempo_bpm=0.0), described(tempo_bpm=60.0), described(tempo_bpm=120.0)])
    assert qualities[:, 0] == pytest.approx([0.0, -1.0, 1.0])


def test_tags_keep_their_words_and_get_ids():
    names = name_tags(["Drum & Bass", "drum-bass", "日本語"], [3, 4, 5], 9)
    assert [name.label for name in names] == ["Drum & Bass", "drum-bass", "日本語"]
    assert [name.prototype_id for name in names] == ["drum-bass", "drum-bass-2", "track"]
    assert "3 of 9" in names[0].description


def test_ids_stay_within_bounds():
    ids = unique_prototype_ids(["x" * 500, "x" * 501])
    assert len(set(ids)) == 2
    assert all(ID_PATTERN.fullmatch(prototype_id) for prototype_id in ids)
