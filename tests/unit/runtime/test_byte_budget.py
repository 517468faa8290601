"""The budget of bytes: what fits, whose turn it is, and that nothing is lost whatever callers do."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leitmotif_services.runtime.byte_budget import MAX_WAITING, ByteBudget
from leitmotif_services.runtime.errors import Reason, ServiceError


def test_what_fits_is_held_and_what_does_not_is_refused():
    budget = ByteBudget(100)
    budget.resize(0, 70)
    with pytest.raises(ServiceError, match="hold 70 of 100") as caught:
        budget.resize(0, 31)
    assert (caught.value.reason, caught.value.metadata) == (Reason.OVERLOADED, {"bound": "bytes", "limit": "100"})
    budget.resize(70, 100)
    budget.resize(100, 40)
    assert budget.held_bytes == 40
    with pytest.raises(ServiceError) as caught:
        budget.resize(0, 101)
    assert caught.value.reason is Reason.LIMIT_EXCEEDED


async def test_who_waits_is_served_in_turn_once_there_is_room():
    budget = ByteBudget(60)
    await budget.wait_for(60, 5.0)
    served = []

    async def wait(name, size):
        await budget.wait_for(size, 5.0)
        served.append(name)

    waiting = [asyncio.ensure_future(wait(name, size)) for name, size in (("a", 40), ("b", 40), ("c", 10))]
    await asyncio.sleep(0)
    budget.resize(60, 30)
    await asyncio.sleep(0.01)
    assert served == []  # 30 + 40 is more than 60, and "c" does not overtake
    budget.resize(30, 20)
    await asyncio.sleep(0.01)
    assert (served, budget.held_bytes) == (["a"], 60)
    budget.resize(20, 0)
    budget.resize(40, 0)
    await asyncio.gather(*waiting)
    assert (served, budget.held_bytes) == (["a", "b", "c"], 50)


async def test_who_waits_too_long_is_refused_and_holds_up_nobody():
    budget = ByteBudget(60)
    await budget.wait_for(50, 1.0)
    waiting = [asyncio.ensure_future(budget.wait_for(60, 0.02)) for _ in range(5)]
    small = asyncio.ensure_future(budget.wait_for(10, 5.0))
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [error.reason for error in outcomes] == [Reason.OVERLOADED] * 5
    await small
    assert budget.held_bytes == 60


async def test_no_more_than_so_many_wait():
    budget = ByteBudget(60)
    await budget.wait_for(60, 1.0)
    waiting = [asyncio.ensure_future(budget.wait_for(60, 5.0)) for _ in range(MAX_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(ServiceError):
        await budget.wait_for(1, 5.0)
    for each in waiting:
        each.cancel()
    assert all(isinstance(each, asyncio.CancelledError) for each in await asyncio.gather(*waiting, return_exceptions=True))
    budget.resize(60, 0)
    await budget.wait_for(60, 1.0)
    assert budget.held_bytes == 60


STEPS = st.lists(st.tuples(st.sampled_from(["wait", "take", "release", "cancel", "pause"]), st.integers(1, 60)), max_size=40)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_whatever_callers_do_the_bound_holds_and_everything_comes_back(steps):
    async def run():
        budget = ByteBudget(60)
        held, waiting = [], []

        async def wait(size):
            await budget.wait_for(size, 0.05)
            held.append(size)

        for step, size in steps:
            if step == "wait":
                waiting.append(asyncio.ensure_future(wait(size)))
            elif step == "take":
                try:
                    budget.resize(0, size)
                except ServiceError:
                    assert budget.held_bytes + size > 60
                else:
                    held.append(size)
            elif step == "release" and held:
                budget.resize(held.pop(size % len(held)), 0)
            elif step == "cancel" and waiting:
                waiting[size % len(waiting)].cancel()
            else:
                await asyncio.sleep(0)
            assert 0 <= budget.held_bytes <= 60
        await asyncio.gather(*waiting, return_exceptions=True)
        for size in held:
            budget.resize(size, 0)
        assert budget.held_bytes == 0
        await asyncio.wait_for(budget.wait_for(60, 1.0), 1.0)

    asyncio.run(run())
