import asyncio
from collections.abc import AsyncIterator

import pytest

from leitmotif_services.profiles.store.memory_store import MemoryStore
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace
from leitmotif_services.profiles.use_cases.known_spaces import FRESH_S, KnownSpaces
from leitmotif_services.runtime.errors import Reason, ServiceError

IDS = ("calm", "loud")


class CountedReads(MemoryStore):
    """Counts the reads of spaces, and holds or fails them on demand."""

    def __init__(self) -> None:
        super().__init__(lambda: 0)
        self.reads = 0
        self.open = asyncio.Event()
        self.open.set()
        self.failing = False

    async def read_space(self, model_version: str) -> PrototypeSpace | None:
        self.reads += 1
        await self.open.wait()
        if self.failing:
            raise ServiceError(Reason.STORE_UNAVAILABLE, "no answer")
        return await super().read_space(model_version)


class Setting:
    """Spaces over a store, and the clock between them."""

    def __init__(self) -> None:
        self.store = CountedReads()
        self.now_s = 1000.0
        self.spaces = KnownSpaces(self.store, now_s=lambda: self.now_s)

    async def relabelled(self, *labels: str) -> None:
        """As another process does it."""
        await self.store.register_space(PrototypeSpace("m1", IDS, labels))

    async def labels(self) -> tuple[str, ...]:
        return (await self.spaces.of("m1")).labels


@pytest.fixture
async def setting() -> AsyncIterator[Setting]:
    setting = Setting()
    await setting.relabelled("Calm", "Loud")
    yield setting
    await setting.spaces.close()


async def test_a_fresh_space_is_not_read_again(setting: Setting) -> None:
    for _ in range(3):
        assert await setting.labels() == ("Calm", "Loud")
        setting.now_s += FRESH_S / 4
    assert setting.store.reads == 1


async def test_one_read_serves_all_who_wait(setting: Setting) -> None:
    setting.store.open.clear()
    waiting = [asyncio.create_task(setting.labels()) for _ in range(5)]
    await asyncio.sleep(0)
    waiting[0].cancel()  # whoever gives up takes the read from nobody
    setting.store.open.set()
    assert await asyncio.gather(*waiting[1:]) == [("Calm", "Loud")] * 4
    assert setting.store.reads == 1


async def test_labels_of_another_process_show_after_a_while(setting: Setting) -> None:
    await setting.labels()
    await setting.relabelled("Quiet", "Noisy")
    setting.now_s += FRESH_S
    setting.store.open.clear()
    # What is old is served at once, however often, while the one read is under way.
    for _ in range(3):
        async with asyncio.timeout(1):
            assert await setting.labels() == ("Calm", "Loud")
        await asyncio.sleep(0)
    assert setting.store.reads == 2
    setting.store.open.set()
    async with asyncio.timeout(5):
        while await setting.labels() != ("Quiet", "Noisy"):
            await asyncio.sleep(0)
    assert setting.store.reads == 2


async def test_what_cannot_be_read_again_is_used_as_it_was(setting: Setting, caplog: pytest.LogCaptureFixture) -> None:
    await setting.labels()
    setting.now_s += FRESH_S
    setting.store.failing = True
    async with asyncio.timeout(5):
        while "could not be read again" not in caplog.text:
            assert await setting.labels() == ("Calm", "Loud")
            await asyncio.sleep(0)
    assert await setting.labels() == ("Calm", "Loud")
    assert setting.store.reads == 2, "it is tried again after a while, not with every call"
    setting.store.failing = False
    setting.now_s += FRESH_S
    await setting.labels()
    await asyncio.sleep(0)
    assert setting.store.reads == 3


async def test_a_first_read_that_fails_is_told_and_tried_again(setting: Setting) -> None:
    setting.store.failing = True
    with pytest.raises(ServiceError) as refused:
        await setting.labels()
    assert refused.value.reason is Reason.STORE_UNAVAILABLE
    setting.store.failing = False
    assert await setting.labels() == ("Calm", "Loud")


async def test_a_space_of_nobody_is_unknown_until_it_is_registered(setting: Setting) -> None:
    with pytest.raises(ServiceError) as refused:
        await setting.spaces.of("m2")
    assert refused.value.reason is Reason.PROTOTYPE_SPACE_UNKNOWN
    await setting.spaces.register(PrototypeSpace("m2", IDS))
    assert (await setting.spaces.of("m2")).prototype_ids == IDS


async def test_what_is_registered_here_shows_at_once_and_is_not_overtaken_by_an_older_read(setting: Setting) -> None:
    await setting.labels()
    setting.now_s += FRESH_S
    held = asyncio.Event()
    read = setting.store.read_space

    async def read_early(model_version: str) -> PrototypeSpace | None:
        space = await read(model_version)
        await held.wait()
        return space

    setting.store.read_space = read_early  # type: ignore[method-assign]
    await setting.labels()
    await asyncio.sleep(0)
    setting.store.read_space = read  # type: ignore[method-assign]
    await setting.spaces.register(PrototypeSpace("m1", IDS, ("Soft", "Hard")))
    held.set()
    for _ in range(5):
        await asyncio.sleep(0)
        assert await setting.labels() == ("Soft", "Hard")


async def test_other_prototypes_of_a_known_version_are_refused(setting: Setting) -> None:
    with pytest.raises(ServiceError) as refused:
        await setting.spaces.register(PrototypeSpace("m1", ("calm", "fast")))
    assert refused.value.violations[0].field == "prototype_ids"
    assert await setting.labels() == ("Calm", "Loud")


async def test_closing_ends_what_is_under_way(setting: Setting) -> None:
    setting.store.open.clear()
    waiting = asyncio.create_task(setting.labels())
    await asyncio.sleep(0)
    await setting.spaces.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
