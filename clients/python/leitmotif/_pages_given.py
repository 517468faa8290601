"""What the pages of a ranking gave so far, so that they go on as one list where the ranking has to begin anew."""

from collections import Counter
from dataclasses import replace

from leitmotif.types import RecommendationRequest, Recommendations

MAX_PAGED_TRACKS = 2000
"""What the pages of one ranking hold at most."""

MAX_EXCLUDED = 10_000
"""Tracks that one request may exclude."""


class PagesGiven:
    """The pages given for one request."""

    def __init__(self, request: RecommendationRequest) -> None:
        self._request = request
        self._given: dict[str, None] = {}
        self._of_artist: Counter[str] = Counter()
        self._rank_offset = 0
        """Added to the ranks of the ranking that is under way."""

    @property
    def full(self) -> bool:
        """Whether there is no room for a further track."""
        return len(self._given) >= MAX_PAGED_TRACKS

    def begin_anew(self) -> RecommendationRequest:
        """What to ask for to go on without a page token.

        Excludes what was given as far as the caller's own excluded tracks leave room for it; `add` drops the rest.
        """
        own = tuple(self._request.exclude)
        self._rank_offset = len(self._given)
        return replace(self._request, exclude=(*own, *list(self._given)[: max(0, MAX_EXCLUDED - len(own))]))

    def add(self, page: Recommendations) -> Recommendations:
        """The page as it is given: without what was given before and what is one too many of its artist."""
        new = []
        for scored in page:
            track = scored.track
            if self.full or track.track_id in self._given or self._has_enough_of(track.artist):
                self._rank_offset -= 1
            else:
                self._given[track.track_id] = None
                self._of_artist[track.artist] += 1
                new.append(replace(scored, rank=scored.rank + self._rank_offset))
        return replace(page, tracks=tuple(new))

    def _has_enough_of(self, artist: str) -> bool:
        """Tracks without an artist are not counted together."""
        return bool(artist) and 0 < self._request.max_per_artist <= self._of_artist[artist]
