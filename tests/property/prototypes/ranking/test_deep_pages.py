"""Pages of a catalogue that is searched by codes are one long list too, however deep they go."""

import functools
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leitmotif_services.prototypes.bundle_writing import write_bundle
from leitmotif_services.prototypes.live_catalogue.filters import FieldRange, Filter
from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.ranking.options import Exploration, RankingOptions
from leitmotif_services.prototypes.ranking.recommendation import RankedTrack, recommend, recommend_page
from leitmotif_services.prototypes.ranking.sent_tracks import NOTHING_SENT
from leitmotif_services.prototypes.safetensors_bundle import load_bundle
from leitmotif_services.prototypes.search.exact_index import ExactIndex
from leitmotif_services.prototypes.search.faiss_index import FaissIndex
from leitmotif_services.prototypes.search.scoring import Mask, Positions, Query
from leitmotif_services.workshop.bench_retrieval_catalogue import SampleCatalogue, sample_catalogue, sample_profiles
from tests.unit.prototypes.sample_models import random_model

TRACKS, PROTOTYPES = 30_000, 32


@functools.cache
def catalogue() -> SampleCatalogue:
    return sample_catalogue(TRACKS, PROTOTYPES, seed=5)


@functools.cache
def model(shards: int) -> ServedModel:
    arrays = catalogue()
    trained = random_model(1, tracks=TRACKS, prototypes=PROTOTYPES)
    trained = replace(
        trained,
        tracks=[replace(track, artist=f"artist {n % 9000}", year=1980 + n % 40) for n, track in enumerate(trained.tracks)],
        affinities=arrays.affinities,
        responses=arrays.responses,
        bias=arrays.bias,
        edit_gain=arrays.edit_gain,
    )
    with tempfile.TemporaryDirectory() as folder:
        written = write_bundle(trained, Path(folder), encoder_artifact=None, index_storage="int4", index_shards=shards)
        return load_bundle(written, index="faiss")


def in_pages(over: ServedModel, profile: object, options: RankingOptions, sizes: list[int]) -> list[RankedTrack]:
    pages: list[RankedTrack] = []
    sent = NOTHING_SENT
    for size in sizes:
        page = recommend_page(over, profile, count=size, options=options, sent=sent)  # type: ignore[arg-type]
        pages += page.tracks
        if page.sent is None:
            break
        sent = page.sent
    return pages


FILTERS: tuple[Filter | None, ...] = (None, FieldRange("year", 1980, 1999), FieldRange("year", 1985, 1985))


@pytest.mark.parametrize("shards", [1, 2])
@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 2**31),
    st.booleans(),
    st.sampled_from([0.0, 0.0, 0.4]),
    st.sampled_from([None, None, Exploration(0.2, 3)]),
    st.sampled_from(FILTERS),
    st.sampled_from([0, 0, 1, 3]),
    st.lists(st.integers(10, 400), min_size=2, max_size=8).filter(lambda sizes: sum(sizes) <= 900),
)
def test_pages_are_one_long_list(
    shards: int,
    seed: int,
    edited: bool,
    diversity: float,
    exploration: Exploration | None,
    passing: Filter | None,
    max_per_artist: int,
    sizes: list[int],
) -> None:
    [profile] = sample_profiles(catalogue(), 1, edited=edited, seed=seed)
    options = RankingOptions(filter=passing, diversity=diversity, exploration=exploration, max_per_artist=max_per_artist)
    whole = recommend(model(shards), profile, count=sum(sizes), options=options)
    assert in_pages(model(shards), profile, options, sizes) == whole


@pytest.mark.parametrize("max_per_artist", [0, 1])
def test_where_the_index_alone_would_give_another_list(max_per_artist: int) -> None:
    index, options, unsteady = model(1).index, RankingOptions(max_per_artist=max_per_artist), 0
    for profile in sample_profiles(catalogue(), 12, edited=True, seed=11):
        query = model(1).scoring.query(profile)
        unsteady += index.search(query, 900, None)[:256].tolist() != index.search(query, 256, None).tolist()
        assert in_pages(model(1), profile, options, [100] * 9) == recommend(model(1), profile, count=900, options=options)
    assert unsteady > 0


def test_it_is_by_codes_that_deep_pages_are_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    # Were all of it exact, the test above would say nothing; and a list that never went deeper than codes are steady, too.
    exact: list[int] = []
    search = ExactIndex.search

    def noted(index: ExactIndex, query: Query, count: int, kept: Mask | None) -> Positions:
        exact.append(count)
        return search(index, query, count, kept)

    monkeypatch.setattr(ExactIndex, "search", noted)
    assert isinstance(model(1).index, FaissIndex)
    assert model(1).index.steady_count < 900
    for profile in sample_profiles(catalogue(), 4, edited=True, seed=3):
        in_pages(model(1), profile, RankingOptions(), [300, 300, 299])
    assert exact == []


def test_a_deep_list_finds_the_true_tracks_but_few() -> None:
    recalls = []
    for profile in sample_profiles(catalogue(), 8, edited=False, seed=2):
        found = {item.track.track_id for item in recommend(model(1), profile, count=900)}
        true = {item.track.track_id for item in recommend(model(1), profile, count=900, exact=True)}
        recalls.append(len(found & true) / 900)
    assert np.mean(recalls) >= 0.99
