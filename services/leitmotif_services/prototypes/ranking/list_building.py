"""Fills a list place by place: few of one artist, variety, chance; and goes on where an earlier page ended.

Each place goes to one of the `WINDOW` best tracks by score that are left. So the pool is bounded, the first places are the
same however long the list is to be, and a list that is asked for page by page is the list that is asked for at once. An index
that misses a few tracks may find them when it is asked for more: they come then, behind their place, on the page and on the
long list alike (`_search`).
Variety is maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998): place n goes to the track with the largest

    (1 − d) r_i − d max_j cos(a_i, a_j),   j over the places before,

r_i the score, chance included, scaled so that the best track has 1 and the last of the first window 0, without chance.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from leitmotif_services.prototypes.live_catalogue.filters import FieldIn
from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.ranking.chance import noise
from leitmotif_services.prototypes.ranking.options import RankingOptions
from leitmotif_services.prototypes.ranking.sent_tracks import SentTracks, artist_fingerprint, track_fingerprint
from leitmotif_services.prototypes.search.index import ANY_COUNT, Index, PartialAnswer
from leitmotif_services.prototypes.search.scoring import Floats, Mask, Positions, Query, Scoring
from leitmotif_services.prototypes.track import Track

WINDOW = 256
"""Best tracks by score that a place is given to one of."""

TOP = 100
"""Best tracks by score whose standard deviation the strength of chance is measured in."""


@dataclass(frozen=True, slots=True)
class FilledList:
    """A stretch of a list."""

    positions: Positions
    partial: bool
    """Whether a part of the index did not answer: tracks of it may be missing."""


def fill_list(
    model: ServedModel, index: Index, query: Query, kept: Mask | None, count: int, options: RankingOptions, sent: SentTracks
) -> FilledList:
    """The next `count` ≥ 1 tracks of the list behind those that were `sent`; fewer when no more are left."""
    if options.by_score_alone and not sent:
        answer = _search(index, query, count, kept)
        return FilledList(answer.positions, bool(answer.missing))
    # A track that was sent may stand anywhere by now, or be gone: among so many, enough are left that were not.
    depth = len(sent) + count + (WINDOW if options.among_several else 0)
    answer = _search(index, query, depth, kept)
    candidates, partial = answer.positions, bool(answer.missing)
    exhausted = len(candidates) < depth
    on_one_list = index.steady_count < ANY_COUNT
    while True:
        filling = _Filling(model, query, candidates, options, sent)
        places = filling.fill(count, exhausted=exhausted)
        if places is not None:
            return FilledList(candidates[places], partial)
        depth *= 2
        if on_one_list:
            # Further down the same list first: without what it has, an index that misses a few would find others of them, so
            # that pages would differ from the long list.
            answer = _search(index, query, depth, kept)
            candidates, partial = answer.positions, partial or bool(answer.missing)
            exhausted, on_one_list = len(candidates) < depth, False
            continue
        # So many of a few artists stand at the top that the search has to go deeper: past them, not through them.
        kept = np.ones(len(model.scoring), np.bool_) if kept is None else kept
        kept[candidates] = False
        if full := filling.full_artists():
            theirs = kept & model.catalogue.fields.mask(FieldIn("artist", full))
            kept &= ~theirs
            candidates = np.concatenate([candidates, filling.sent_among(np.flatnonzero(theirs))])
        answer = index.search_available(query, depth, kept)
        exhausted, partial = len(answer.positions) < depth, partial or bool(answer.missing)
        candidates = np.concatenate([candidates, answer.positions])


def _search(index: Index, query: Query, depth: int, kept: Mask | None) -> PartialAnswer:
    """The best `depth` tracks, in stretches that do not depend on `depth`: what it finds for less is the beginning of this.

    A list that is longer than `Index.steady_count` begins with one of that length; twice as many tracks are asked for then, and
    so on: those that are not on the list yet are added by falling score.
    """
    length = index.steady_count
    answer = index.search_available(query, min(length, depth), kept)
    found, missing = answer.positions, set(answer.missing)
    while length < depth and len(found) >= length:
        length *= 2
        answer = index.search_available(query, length, kept)
        missing |= set(answer.missing)
        found = np.concatenate([found, answer.positions[~np.isin(answer.positions, found)]])[:length]
    return PartialAnswer(found[:depth], tuple(sorted(missing)))


class _Filling:
    """Fills a list from candidates in the order of their scores; a place is the index of a candidate."""

    def __init__(
        self, model: ServedModel, query: Query, candidates: Positions, options: RankingOptions, sent: SentTracks
    ) -> None:
        shown = [model.catalogue.tracks[position] for position in candidates.tolist()]
        before = frozenset(sent.tracks)
        self._was_sent = [bool(before) and track_fingerprint(track.track_id) in before for track in shown]
        self._shown = shown
        self._tracks = model.catalogue.tracks
        self._sent = sent
        self._keeps_distance = options.diversity > 0.0
        self._room = _ArtistRoom(options, shown, sent)
        self._window = WINDOW if options.among_several else 1
        self._choice = _Choice(model.scoring, query, candidates, shown, options) if options.among_several else None

    def fill(self, count: int, *, exhausted: bool) -> list[int] | None:
        """The places of the next `count` tracks; None where it takes more candidates to tell, unless they are `exhausted`."""
        choice, room = self._choice, self._room
        unsent = [place for place, was_sent in enumerate(self._was_sent) if not was_sent]
        if choice is not None:
            choice.avoid_all([place for place, was_sent in enumerate(self._was_sent) if was_sent], unsent)
        waiting = iter(unsent)
        filled: list[int] = []
        window: list[int] = []
        while len(filled) < count:
            while len(window) < self._window and (following := next(waiting, None)) is not None:
                if room.left(following):
                    window.append(following)
            if len(window) < self._window and not exhausted:
                return None
            if not window:
                break
            chosen = window.pop(0 if choice is None else choice.best(window))
            filled.append(chosen)
            if choice is not None:
                choice.avoid(chosen)
            if room.take(chosen):
                window = [place for place in window if room.left(place)]
        return filled

    def full_artists(self) -> tuple[str, ...]:
        """Names, ascending, of the artists of candidates that have no room left: further tracks of theirs get no place."""
        return tuple(sorted({track.artist for place, track in enumerate(self._shown) if not self._room.left(place)}))

    def sent_among(self, positions: Positions) -> Positions:
        """Those of the tracks at `positions`, none a candidate, that were sent, where others keep at a distance from what was."""
        missing = len(self._sent) - sum(self._was_sent)
        found: list[int] = []
        if self._keeps_distance and missing > 0:
            before, artists = frozenset(self._sent.tracks), frozenset(self._sent.artists)
            for position in positions.tolist():
                track = self._tracks[position]
                if artist_fingerprint(track.artist) in artists and track_fingerprint(track.track_id) in before:
                    found.append(position)
                    if len(found) == missing:
                        break
        return np.array(found, np.int64)


class _ArtistRoom:
    """How many more tracks of each artist fit on the list."""

    def __init__(self, options: RankingOptions, shown: Sequence[Track], sent: SentTracks) -> None:
        self._limit = options.max_per_artist
        # Tracks without an artist are of nobody: None.
        self._artists = [artist_fingerprint(track.artist) if track.artist else None for track in shown] if self._limit else []
        self._taken = Counter(sent.artists)

    def left(self, place: int) -> bool:
        return not self._limit or (artist := self._artists[place]) is None or self._taken[artist] < self._limit

    def take(self, place: int) -> bool:
        """Count a track; True when no other of its artist fits."""
        if not self._limit or (artist := self._artists[place]) is None:
            return False
        self._taken[artist] += 1
        return self._taken[artist] >= self._limit


class _Choice:
    """What makes one candidate the best for the next place."""

    def __init__(
        self, scoring: Scoring, query: Query, candidates: Positions, shown: Sequence[Track], options: RankingOptions
    ) -> None:
        scores = scoring.scores(query, candidates)
        worth = scores
        if options.exploration is not None and len(scores):
            spread = options.exploration.strength * float(scores[:TOP].std())
            worth = scores + spread * noise(options.exploration.seed, [track.track_id for track in shown])
        self._diversity = options.diversity
        if self._diversity:
            first = scores[:WINDOW]
            span = float(first[0] - first[-1]) if len(first) else 0.0
            worth = (1.0 - self._diversity) * (worth - first[-1:]) / (span or 1.0)
            self._directions = _unit_rows(np.asarray(scoring.affinities[candidates]))
            self._likeness = np.zeros(len(scores), np.float32)
        self._worth = worth

    def best(self, places: Sequence[int]) -> int:
        """Index in `places`, which ascend, of the best; of the earliest of several."""
        worth = self._worth[places]
        return int(np.argmax(worth - self._diversity * self._likeness[places] if self._diversity else worth))

    def avoid(self, place: int) -> None:
        """Keep at a distance from what stands on the list."""
        if self._diversity:
            # One product a row rather than one of a matrix: a row's is the same whatever other rows there are, so pages agree.
            np.maximum(self._likeness, np.vecdot(self._directions, self._directions[place]), out=self._likeness)

    def avoid_all(self, places: Sequence[int], waiting: Sequence[int]) -> None:
        """Keep those that are `waiting` at a distance from what stands at `places`."""
        if self._diversity and places:
            rows, nearest = self._directions[waiting], np.zeros(len(waiting), np.float32)
            for place in places:
                np.maximum(nearest, np.vecdot(rows, self._directions[place]), out=nearest)
            self._likeness[waiting] = nearest


def _unit_rows(rows: Floats) -> Floats:
    """(n, K) with rows of length 1; a row of zeros stays, and is like nothing."""
    wide = rows.astype(np.float64)
    lengths = np.sqrt((wide * wide).sum(axis=1))
    return np.ascontiguousarray(wide / np.where(lengths > 0, lengths, 1.0)[:, None], dtype=np.float32)
