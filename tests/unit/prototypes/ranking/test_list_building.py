"""How far down a catalogue a list is looked for, and that pages are stretches of the list all the same."""

import dataclasses
import itertools
from pathlib import Path

import numpy as np
import pytest

from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.profile import Profile
from leitmotif_services.prototypes.ranking.list_building import fill_list
from leitmotif_services.prototypes.ranking.options import RankingOptions
from leitmotif_services.prototypes.ranking.sent_tracks import NOTHING_SENT
from leitmotif_services.prototypes.search.index import Index, PartialAnswer
from leitmotif_services.prototypes.search.scoring import Mask, Positions, Query
from tests.unit.prototypes.sample_models import random_model, served

TRACKS, PROTOTYPES = 9000, 6
SOMEBODY = Profile(np.ones(PROTOTYPES, np.float32), np.zeros(PROTOTYPES, np.float32))


class CountingIndex:
    """An index that counts the tracks it finds."""

    name = "counting"

    def __init__(self, index: Index) -> None:
        self._index = index
        self.steady_count = index.steady_count
        self.found = 0

    def search(self, query: Query, count: int, kept: Mask | None) -> Positions:
        return self.search_available(query, count, kept).positions

    def search_available(self, query: Query, count: int, kept: Mask | None) -> PartialAnswer:
        answer = self._index.search_available(query, count, kept)
        self.found += len(answer.positions)
        return answer


def by_artists(folder: Path, artists: list[str], *, popular: str = "") -> ServedModel:
    """Track n is by artist n modulo their number; those of `popular`, and the first of each artist, stand above the others."""
    trained = random_model(3, tracks=TRACKS, prototypes=PROTOTYPES)
    names = [artists[n % len(artists)] for n in range(TRACKS)]
    bias = trained.bias + 100 * np.array([name == popular or n < len(artists) for n, name in enumerate(names)], np.float32)
    tracks = [dataclasses.replace(track, artist=name) for track, name in zip(trained.tracks, names, strict=True)]
    return served(dataclasses.replace(trained, tracks=tracks, bias=bias), folder)


def pages(model: ServedModel, options: RankingOptions, size: int) -> tuple[list[list[int]], list[int]]:
    """Positions page by page, and how many tracks the index found for each page."""
    found, looked_at, sent = [], [], NOTHING_SENT
    while True:
        index = CountingIndex(model.index)
        page = fill_list(model, index, model.scoring.query(SOMEBODY), None, size, options, sent).positions.tolist()
        looked_at.append(index.found)
        found.append(page)
        if len(page) < size:
            return found, looked_at
        tracks = [model.catalogue.tracks[position] for position in page]
        sent = sent.with_more([track.track_id for track in tracks], [track.artist for track in tracks if track.artist])


@pytest.mark.parametrize("diversity", [0.0, 0.3])
@pytest.mark.parametrize("limit", [1, 3])
def test_the_last_page_ends_where_no_artist_has_room(tmp_path: Path, diversity: float, limit: int) -> None:
    model = by_artists(tmp_path, [f"artist {n}" for n in range(60)])
    options = RankingOptions(max_per_artist=limit, diversity=diversity)
    found, looked_at = pages(model, options, 20 * limit)
    assert [len(page) for page in found] == [20 * limit, 20 * limit, 20 * limit, 0]
    assert max(looked_at) < TRACKS // 3
    whole = fill_list(model, model.index, model.scoring.query(SOMEBODY), None, 100 * limit, options, NOTHING_SENT).positions
    assert list(itertools.chain(*found)) == whole.tolist()


def test_what_was_sent_keeps_others_at_a_distance_however_deep_it_stands(tmp_path: Path) -> None:
    """One artist's tracks, more than a page looks at, stand above others that were sent, but not above all of their artists."""
    model = by_artists(tmp_path, ["star", *(f"artist {n}" for n in range(11))], popular="star")
    options = RankingOptions(max_per_artist=1, diversity=1.0)
    found, looked_at = pages(model, options, 4)
    whole = fill_list(model, model.index, model.scoring.query(SOMEBODY), None, 100, options, NOTHING_SENT).positions
    assert list(itertools.chain(*found)) == whole.tolist()
    assert len(whole) == 12
    assert max(looked_at) < TRACKS // 3
