"""Admission refuses what does not fit, and frees a slot only when the work has ended."""

import asyncio
import threading
import time

import pytest

from leitmotif_services.runtime.admission import Admission
from leitmotif_services.runtime.errors import Reason, ServiceError


@pytest.fixture
async def gate():
    event = threading.Event()
    yield event
    event.set()


async def test_results_and_errors_come_back():
    admission = Admission("test", workers=1, waiting=0)
    assert await admission.run(lambda a, b: a + b, 2, b=3) == 5
    with pytest.raises(ZeroDivisionError):
        await admission.run(lambda: 1 // 0)
    assert admission.admitted == 0
    await admission.close()


async def test_work_beyond_the_bound_is_refused_at_once(gate):
    admission = Admission("test", workers=1, waiting=1, retry_after_s=0.25)
    admitted = [asyncio.create_task(admission.run(gate.wait)) for _ in range(2)]
    await asyncio.sleep(0)
    assert admission.admitted == 2
    with pytest.raises(ServiceError) as caught:
        await admission.run(lambda: None)
    assert caught.value.reason is Reason.OVERLOADED
    assert caught.value.retry_after_s == 0.25
    gate.set()
    assert await asyncio.gather(*admitted) == [True, True]
    assert await admission.run(lambda: "room again") == "room again"
    await admission.close()


async def test_a_caller_who_leaves_does_not_free_the_slot_early(gate):
    admission = Admission("test", workers=1, waiting=0)
    caller = asyncio.create_task(admission.run(gate.wait))
    await asyncio.sleep(0)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert admission.admitted == 1
    gate.set()
    await admission.close()
    assert admission.admitted == 0


async def test_a_caller_who_leaves_while_it_waits_frees_its_place_at_once(gate):
    admission = Admission("test", workers=1, waiting=1)
    begun = []

    def work(name):
        begun.append(name)
        gate.wait()

    running = asyncio.create_task(admission.run(work, "first"))
    leaving = asyncio.create_task(admission.run(work, "never"))
    await asyncio.sleep(0)
    assert (admission.admitted, admission.waiting, admission.idle) == (2, 1, 0)
    leaving.cancel()
    await asyncio.wait([leaving])
    assert (admission.admitted, admission.waiting) == (1, 0)
    after = asyncio.create_task(admission.run(work, "after"))
    gate.set()
    await asyncio.gather(running, after)
    assert begun == ["first", "after"]
    assert (admission.admitted, admission.idle) == (0, 1)
    await admission.close()


async def test_a_caller_who_leaves_just_as_its_turn_comes_loses_no_worker():
    admission = Admission("test", workers=1, waiting=8)
    for left in range(200):
        calls = [asyncio.create_task(admission.run(lambda: None)) for _ in range(6)]
        for _ in range(left % 7):
            await asyncio.sleep(0)
        calls[left % 5].cancel()
        calls[(left + 1) % 5].cancel()
        await asyncio.wait(calls)
        async with asyncio.timeout(5):
            while admission.admitted:
                await asyncio.sleep(0)
    assert admission.idle == 1
    await admission.close()


async def test_waiting_calls_are_begun_in_the_order_they_came():
    admission = Admission("test", workers=1, waiting=20)
    begun = []
    await asyncio.gather(*(admission.run(begun.append, number) for number in range(20)))
    assert begun == list(range(20))
    await admission.close()


async def test_who_is_refused_is_told_how_long_the_queue_takes(gate):
    admission = Admission("test", workers=2, waiting=2, retry_after_s=0.001)
    await admission.run(time.sleep, 0.05)
    calls = [asyncio.create_task(admission.run(gate.wait)) for _ in range(4)]
    await asyncio.sleep(0)
    with pytest.raises(ServiceError) as caught:
        await admission.run(lambda: None)
    assert 0.1 <= caught.value.retry_after_s < 1.0  # four calls on two workers
    gate.set()
    await asyncio.gather(*calls)
    await admission.close()


async def test_who_waits_when_the_pool_closes_is_cancelled(gate):
    admission = Admission("test", workers=1, waiting=1)
    running, waiting = (asyncio.create_task(admission.run(gate.wait)) for _ in range(2))
    await asyncio.sleep(0)
    closing = asyncio.create_task(admission.close())
    await asyncio.wait([waiting])
    assert waiting.cancelled()
    gate.set()
    assert await running
    await closing


async def test_the_event_loop_stays_free(gate):
    admission = Admission("test", workers=1, waiting=0)
    blocked = asyncio.create_task(admission.run(gate.wait))
    async with asyncio.timeout(5):
        await asyncio.sleep(0.01)
    assert not blocked.done()
    gate.set()
    await blocked
    await admission.close()
