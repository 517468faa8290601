"""Admission refuses what does not fit, and frees a slot only when the work has ended."""

import asyncio
import threading

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


async def test_the_event_loop_stays_free(gate):
    admission = Admission("test", workers=1, waiting=0)
    blocked = asyncio.create_task(admission.run(gate.wait))
    async with asyncio.timeout(5):
        await asyncio.sleep(0.01)
    assert not blocked.done()
    gate.set()
    await blocked
    await admission.close()
