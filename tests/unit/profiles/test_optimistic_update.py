import asyncio
from typing import Any

import pytest

from leitmotif_services.profiles.store.memory_store import MemoryStore
from leitmotif_services.profiles.store.profile_store import Commit, Stored
from leitmotif_services.profiles.taste.profile import Profile
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace
from leitmotif_services.profiles.use_cases.optimistic_update import TRIES, OptimisticUpdate, StaleReadError
from leitmotif_services.runtime.errors import Reason, ServiceError

SPACE = PrototypeSpace("m1", ("a",))


class BusyStore(MemoryStore):
    """Somebody else is always faster: the first `conflicts` commits find another version."""

    def __init__(self, conflicts: int) -> None:
        super().__init__(lambda: 0)
        self.conflicts = conflicts
        self.commits = 0

    async def commit(self, commit: Commit) -> bool:
        self.commits += 1
        if self.commits <= self.conflicts:
            return False
        return await super().commit(commit)


async def create(stored: Stored) -> tuple[Commit, int]:
    expected = stored.profile.version if stored.profile else None
    profile = (stored.profile or Profile.empty("u", SPACE, 0)).stamped(b"12345678", 1)
    return Commit(expected, profile), profile.version.revision


async def test_a_conflict_is_tried_again() -> None:
    store = BusyStore(conflicts=3)
    assert await OptimisticUpdate(store).run("u", create) == 1
    assert store.commits == 4


async def test_tries_are_bounded() -> None:
    store = BusyStore(conflicts=10_000)
    with pytest.raises(ServiceError) as refused:
        await OptimisticUpdate(store).run("u", create)
    assert refused.value.reason is Reason.PROFILE_CONTENDED
    assert store.commits == TRIES
    assert (await store.read("u")).profile is None


async def test_a_decision_that_was_overtaken_is_made_anew() -> None:
    overtaken = iter([True, True, False])

    async def decide(stored: Stored) -> tuple[Commit, int]:
        if next(overtaken):
            raise StaleReadError
        return await create(stored)

    assert await OptimisticUpdate(BusyStore(conflicts=0)).run("u", decide) == 1


async def test_a_failed_decision_frees_the_turn() -> None:
    update = OptimisticUpdate(BusyStore(conflicts=0))

    async def fail(stored: Stored) -> Any:
        raise ValueError("no")

    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            await update.run("u", fail)
    assert await update.run("u", create) == 1


async def test_changes_of_one_user_take_turns_and_others_pass() -> None:
    update = OptimisticUpdate(MemoryStore(lambda: 0))
    at_work: list[str] = []
    entered = asyncio.Event()
    leave = asyncio.Event()

    async def slow(stored: Stored) -> tuple[None, None]:
        at_work.append("slow")
        entered.set()
        await leave.wait()
        return None, None

    async def quick(stored: Stored) -> tuple[None, None]:
        at_work.append("quick")
        return None, None

    first = asyncio.create_task(update.run("u", slow))
    await entered.wait()
    second = asyncio.create_task(update.run("u", quick))
    await update.run("v", quick)
    assert at_work == ["slow", "quick"]
    leave.set()
    await asyncio.gather(first, second)
    assert at_work == ["slow", "quick", "quick"]


async def test_a_cancelled_caller_leaves_no_turn_behind() -> None:
    update = OptimisticUpdate(MemoryStore(lambda: 0))
    never = asyncio.Event()

    async def wait(stored: Stored) -> tuple[None, None]:
        await never.wait()
        return None, None

    tasks = [asyncio.create_task(update.run("u", wait)) for _ in range(3)]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert await update.run("u", create) == 1


async def test_a_caller_cancelled_as_its_turn_comes_hands_it_on() -> None:
    update = OptimisticUpdate(MemoryStore(lambda: 0))
    ends = asyncio.Event()

    async def wait(stored: Stored) -> tuple[None, str]:
        await ends.wait()
        # Runs between the end of this turn and the first step of the next one.
        asyncio.get_running_loop().call_soon(second.cancel)
        return None, "served"

    first, second, third = (asyncio.create_task(update.run("u", wait)) for _ in range(3))
    await asyncio.sleep(0)
    ends.set()
    outcomes = await asyncio.wait_for(asyncio.gather(first, second, third, return_exceptions=True), 5)
    assert outcomes[::2] == ["served", "served"]
    assert isinstance(outcomes[1], asyncio.CancelledError)
