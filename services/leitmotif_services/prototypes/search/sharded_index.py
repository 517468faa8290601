"""Search through several indexes at once, each over a stretch of the catalogue's tracks; merged exactly."""

import logging
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from leitmotif_services.prototypes.search.index import Index, PartialAnswer
from leitmotif_services.prototypes.search.scoring import Mask, Positions, Query, Scoring

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Shard:
    """An index over the tracks at `start` … `stop` − 1; its own positions begin at 0."""

    index: Index
    start: int
    stop: int


class ShardedIndex:
    """Implements `index.Index`. Each search asks all shards, one of them on the caller's thread, the others on threads of a pool
    that never grows beyond `threads`.
    """

    def __init__(self, scoring: Scoring, shards: Sequence[Shard], *, threads: int, timeout_s: float = 10.0) -> None:
        """`scoring`: over all tracks; `shards`: together over all of them, in order. `timeout_s`: wait for a shard, at most.

        ValueError when the shards leave a gap or overlap.
        """
        bounds = [0, *(shard.stop for shard in shards)]
        if [shard.start for shard in shards] != bounds[:-1] or bounds[-1] != len(scoring) or bounds != sorted(set(bounds)):
            raise ValueError("shards must follow one another and hold every track")
        self.name = f"sharded {shards[0].index.name}"
        self.steady_count = min(shard.index.steady_count for shard in shards)
        self._scoring = scoring
        self._shards = tuple(shards)
        self._timeout_s = timeout_s
        self._pool = ThreadPoolExecutor(threads, "index-shard")

    def search(self, query: Query, count: int, kept: Mask | None) -> Positions:
        """See `index.Index.search`; what a shard raises is raised, and TimeoutError when one takes too long."""
        waiting = [self._pool.submit(self._search, shard, query, count, kept) for shard in self._shards[1:]]
        try:
            found = [self._search(self._shards[0], query, count, kept)]
            found += [each.result(self._timeout_s) for each in waiting]
        except BaseException:
            _give_up(waiting)
            raise
        return self._merged(query, count, found)

    def search_available(self, query: Query, count: int, kept: Mask | None) -> PartialAnswer:
        """See `index.Index.search_available`; waits for all shards together no longer than for one."""
        give_up_at = time.monotonic() + self._timeout_s
        waiting = [self._pool.submit(self._search, shard, query, count, kept) for shard in self._shards]
        found, missing = [], []
        for number, each in enumerate(waiting):
            try:
                found.append(each.result(max(give_up_at - time.monotonic(), 0.0)))
            except Exception:
                log.exception("a shard of the index did not answer", extra={"shard": number})
                missing.append(number)
        _give_up(waiting)
        return PartialAnswer(self._merged(query, count, found), tuple(missing))

    def _search(self, shard: Shard, query: Query, count: int, kept: Mask | None) -> Positions:
        within = None if kept is None else kept[shard.start : shard.stop]
        return shard.index.search(query, count, within) + shard.start

    def _merged(self, query: Query, count: int, found: Sequence[Positions]) -> Positions:
        if not found:
            return np.empty(0, np.int64)
        return self._scoring.ordered(query, np.concatenate(found))[:count]


def _give_up(waiting: Sequence[Future[Positions]]) -> None:
    for each in waiting:
        each.cancel()  # what has begun goes on, what waits for a thread does not


def shard_bounds(tracks: int, shards: int) -> list[tuple[int, int]]:
    """Where each of `shards` ≥ 1 stretches of N ≥ 1 tracks starts and stops: as equal as can be, none of them empty."""
    stops = [round(tracks * (number + 1) / min(shards, tracks)) for number in range(min(shards, tracks))]
    return list(zip([0, *stops[:-1]], stops, strict=True))
