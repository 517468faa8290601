import asyncio
import tracemalloc
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace

import pytest

from leitmotif_services.profiles.store.memory_change_feed import MemoryChangeFeed
from leitmotif_services.profiles.store.memory_store import MemoryStore
from leitmotif_services.profiles.store.profile_store import Commit, Include, Stored
from leitmotif_services.profiles.taste.presets import ActivePreset
from leitmotif_services.profiles.taste.profile import Profile
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace
from leitmotif_services.profiles.use_cases import watching
from leitmotif_services.profiles.use_cases.known_spaces import KnownSpaces
from leitmotif_services.profiles.use_cases.outcomes import Viewed
from leitmotif_services.profiles.use_cases.profile_updates import ProfileUpdates, wall_clock_us
from leitmotif_services.profiles.use_cases.watching import Watching, WatchRoom
from leitmotif_services.runtime.admission import Admission
from leitmotif_services.runtime.errors import Reason, ServiceError
from leitmotif_services.runtime.request_context import DEFAULT_TENANT

SPACE = PrototypeSpace("m1", ("calm", "loud"))

Watch = AsyncGenerator[Viewed | None, None]


class BreakableStore(MemoryStore):
    """A store whose reads can be made to fail."""

    failing: Reason | None = None
    reads = 0

    async def read(self, user_id: str, *, include: Include = Include.NOTHING, **asked: object) -> Stored:
        self.reads += 1
        if self.failing is not None:
            raise ServiceError(self.failing, "made to fail")
        stored = await super().read(user_id, include=include)
        if stored.profile is None:
            return stored
        history = stored.profile.history  # copied, as a store elsewhere would
        history = replace(history, weighted_sum=history.weighted_sum.copy())
        return replace(stored, profile=replace(stored.profile, history=history))


class Watched:
    """A store whose profiles are watched."""

    def __init__(self, heavy: Admission) -> None:
        self.store = BreakableStore(wall_clock_us)
        self.feed = MemoryChangeFeed(self.store, tenant_id=DEFAULT_TENANT)
        self.room = WatchRoom(most=2)
        self.updates = ProfileUpdates(self.store, KnownSpaces(self.store), heavy)
        self.watching = Watching(self.updates, self.feed, self.room)

    async def change(self, *, preset: ActivePreset | None = None) -> str:
        """Write the profile, and return its new etag."""
        stored = await MemoryStore.read(self.store, "u")
        profile = stored.profile or Profile.empty("u", SPACE, self.updates.now_us())
        changed = replace(self.updates.stamped(profile), active_preset=preset)
        assert await self.store.commit(Commit(stored.profile.version if stored.profile else None, changed))
        return changed.version.etag


@pytest.fixture
async def watched() -> AsyncIterator[Watched]:
    heavy = Admission("heavy", workers=1, waiting=8)
    watched = Watched(heavy)
    await watched.updates.spaces.register(SPACE)
    yield watched
    await heavy.close()


async def following(watch: Watch) -> str | None:
    """The etag that is told next; None for no profile."""
    viewed = await asyncio.wait_for(anext(watch), 5)
    return viewed.profile.version.etag if viewed else None


async def silent(watch: Watch, *, within_s: float) -> asyncio.Task[Viewed | None]:
    """The next answer, which must not come for a while."""
    task = asyncio.ensure_future(anext(watch))
    done, _ = await asyncio.wait({task}, timeout=within_s)
    assert not done
    return task


async def ended(task: asyncio.Task[Viewed | None]) -> None:
    task.cancel()
    await asyncio.wait({task})


async def test_tells_what_is_there_then_each_change_then_the_end_and_the_beginning(watched: Watched) -> None:
    async with aclosing(watched.watching.watch("u")) as watch:
        assert await following(watch) is None
        made = await watched.change()
        assert await following(watch) == made
        changed = await watched.change()
        assert await following(watch) == changed
        await watched.store.delete("u")
        assert await following(watch) is None
        made_again = await watched.change()
        assert await following(watch) == made_again


async def test_a_caller_who_has_the_version_hears_of_the_next_one_only(watched: Watched) -> None:
    known = await watched.change()
    async with aclosing(watched.watching.watch("u", known)) as watch:
        answer = await silent(watch, within_s=0.2)
        changed = await watched.change()
        viewed = await asyncio.wait_for(answer, 5)
        assert viewed is not None
        assert viewed.profile.version.etag == changed
    async with aclosing(watched.watching.watch("u", known)) as watch:
        assert await following(watch) == changed, "another version is told at once"
    async with aclosing(watched.watching.watch("nobody", known)) as watch:
        assert await following(watch) is None


async def test_changes_in_quick_succession_are_told_as_one_and_the_last_is_told(watched: Watched) -> None:
    first = await watched.change()
    told: list[str | None] = []
    async with aclosing(watched.watching.watch("u")) as watch:
        assert await following(watch) == first
        loop = asyncio.get_running_loop()
        started = loop.time()

        async def write() -> str:
            last = ""
            for _ in range(100):
                last = await watched.change()
                await asyncio.sleep(0.005)
            return last

        writing = asyncio.create_task(write())
        while not told or not writing.done() or told[-1] != writing.result():
            told.append(await following(watch))
        assert len(told) <= (loop.time() - started) / watching.PACE_S + 1
        assert len(told) < 50


async def test_a_slow_reader_gets_the_newest_and_nothing_in_between(watched: Watched) -> None:
    first = await watched.change()
    async with aclosing(watched.watching.watch("u")) as watch:
        assert await following(watch) == first
        for _ in range(200):
            last = await watched.change()
        reads = watched.store.reads
        assert await following(watch) == last
        assert watched.store.reads == reads + 1, "nothing is read for a caller who does not"
        await ended(await silent(watch, within_s=0.2))


async def test_the_end_of_a_preset_is_told_though_nothing_is_written(watched: Watched) -> None:
    etag = await watched.change(preset=ActivePreset("a", 1.0, watched.updates.now_us() + 300_000, {}))
    async with aclosing(watched.watching.watch("u")) as watch:
        viewed = await anext(watch)
        assert viewed is not None
        assert viewed.profile.active_preset is not None
        viewed = await asyncio.wait_for(anext(watch), 2)
        assert viewed is not None
        assert viewed.profile.active_preset is None
        assert viewed.profile.version.etag == etag
        await ended(await silent(watch, within_s=0.2))
    async with aclosing(watched.watching.watch("u", etag)) as watch:
        assert await following(watch) == etag, "who has that version may have it from before the end"


async def test_a_watch_outlives_a_short_outage_and_catches_up(watched: Watched) -> None:
    first = await watched.change()
    async with aclosing(watched.watching.watch("u")) as watch:
        assert await following(watch) == first
        watched.store.failing = Reason.STORE_UNAVAILABLE
        changed = await watched.change()
        answer = await silent(watch, within_s=0.5)
        watched.store.failing = None
        viewed = await asyncio.wait_for(answer, 5)
        assert viewed is not None
        assert viewed.profile.version.etag == changed


async def test_a_long_outage_ends_a_watch_and_one_at_the_beginning_refuses_it(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "OUTAGE_S", 0.3)
    first = await watched.change()
    watch = watched.watching.watch("u")
    assert await following(watch) == first
    watched.store.failing = Reason.STORE_UNAVAILABLE
    await watched.change()
    started = asyncio.get_running_loop().time()
    with pytest.raises(ServiceError) as failed:
        await asyncio.wait_for(anext(watch), 5)
    assert failed.value.reason is Reason.STORE_UNAVAILABLE
    assert asyncio.get_running_loop().time() - started >= 0.3
    with pytest.raises(ServiceError) as refused:
        await anext(watched.watching.watch("u"))
    assert refused.value.reason is Reason.STORE_UNAVAILABLE
    assert watched.room.open == 0


async def test_a_value_that_cannot_be_read_ends_a_watch_at_once(watched: Watched) -> None:
    first = await watched.change()
    watch = watched.watching.watch("u")
    assert await following(watch) == first
    watched.store.failing = Reason.STORED_VALUE_UNREADABLE
    await watched.change()
    with pytest.raises(ServiceError) as failed:
        await asyncio.wait_for(anext(watch), 2)
    assert failed.value.reason is Reason.STORED_VALUE_UNREADABLE


async def test_a_change_that_nobody_told_of_is_found_all_the_same(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "RECHECK_S", 0.2)
    monkeypatch.setattr(watched.store, "_tell", lambda user_id: None)
    first = await watched.change()
    async with aclosing(watched.watching.watch("u")) as watch:
        assert await following(watch) == first
        changed = await watched.change()
        assert await following(watch) == changed


async def test_one_watch_too_many_is_refused_and_an_ended_one_leaves_its_place(watched: Watched) -> None:
    etag = await watched.change()
    first, second = watched.watching.watch("u"), watched.watching.watch("u")
    assert (await following(first), await following(second)) == (etag, etag)
    with pytest.raises(ServiceError) as refused:
        await anext(watched.watching.watch("u"))
    assert (refused.value.reason, refused.value.metadata) == (Reason.OVERLOADED, {"limit": "2"})
    assert refused.value.retry_after_s is not None
    await second.aclose()
    async with aclosing(watched.watching.watch("u")) as third:
        assert await following(third) == etag
    await ended(await silent(first, within_s=0.15))
    assert watched.room.open == 0
    await watched.change()  # nobody listens any more


async def test_a_watch_that_waits_takes_little_memory(watched: Watched) -> None:
    watches, most_bytes = 2000, 8192
    await watched.updates.spaces.register(PrototypeSpace("wide", tuple(f"p{number}" for number in range(2000))))
    space = await watched.updates.spaces.of("wide")
    assert await watched.store.commit(Commit(None, watched.updates.stamped(Profile.empty("u", space, 1))))
    roomy = Watching(watched.updates, watched.feed, WatchRoom())
    told = 0

    async def follow() -> None:
        nonlocal told
        async for viewed in roomy.watch("u"):
            told += 1
            del viewed

    tracemalloc.start()
    before_bytes, _ = tracemalloc.get_traced_memory()
    following_ = [asyncio.create_task(follow()) for _ in range(watches)]
    async with asyncio.timeout(30):
        while told < watches:
            await asyncio.sleep(0.05)
    await asyncio.sleep(2 * watching.PACE_S)
    used_bytes = tracemalloc.get_traced_memory()[0] - before_bytes
    tracemalloc.stop()
    for task in following_:
        task.cancel()
    await asyncio.wait(following_)
    assert used_bytes / watches < most_bytes, "a profile of this model alone has twice as many"
