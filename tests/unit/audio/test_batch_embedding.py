import asyncio
import threading

import pytest

from leitmotif_services.audio.batch_embedding import BatchEmbedder
from leitmotif_services.audio.embedding_metrics import NoMetrics
from leitmotif_services.audio.held_content import HeldContent
from leitmotif_services.audio.pcm import PcmAudio, PcmFormat
from leitmotif_services.runtime.admission import Admission
from leitmotif_services.runtime.errors import Reason, ServiceError


class Gated:
    """Answers with the content itself; b"gate" waits until it is opened."""

    def __init__(self):
        self.entered, self.gate = threading.Event(), threading.Event()
        self.seen = []

    def embed(self, content):
        self.seen.append(content)
        if content == b"gate":
            self.entered.set()
            assert self.gate.wait(10)
        if content == b"bad":
            raise ServiceError(Reason.AUDIO_CORRUPT, "bad")
        if content == b"defect":
            raise RuntimeError("defect")
        return content


@pytest.fixture
async def admission():
    pool = Admission("test", workers=2, waiting=1)
    yield pool
    await pool.close()


@pytest.fixture
def embedder(admission):
    return BatchEmbedder(admission, HeldContent(1000))


class Counted(NoMetrics):
    def __init__(self):
        self.told = []

    def worked(self, work):
        self.told.append(work)

    def dropped(self):
        self.told.append("dropped")


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.001)


async def test_order_is_kept_and_a_failure_harms_no_neighbour(embedder):
    contents = [b"1", b"bad", b"2", b"defect", *[str(n).encode() for n in range(20)]]
    batch = await embedder.embed(Gated(), contents, None)
    assert batch.outcomes[1].reason is Reason.AUDIO_CORRUPT
    assert isinstance(batch.outcomes[3], RuntimeError)
    assert [o for i, o in enumerate(batch.outcomes) if i not in (1, 3)] == [c for i, c in enumerate(contents) if i not in (1, 3)]
    assert 0 <= batch.queue_s < 5


async def test_a_call_uses_idle_workers_and_only_those(embedder, admission):
    slow = Gated()
    call = asyncio.create_task(embedder.embed(slow, [b"gate", b"gate", b"last"], None))
    await until(lambda: len(slow.seen) == 2)
    second = asyncio.create_task(embedder.embed(Gated(), [b"a", b"b"], None))
    await until(lambda: admission.admitted == 3)  # the second call has one place, although it has two files
    slow.gate.set()
    assert (await call).outcomes == (b"gate", b"gate", b"last")
    assert (await second).outcomes == (b"a", b"b")


async def test_a_worker_that_falls_idle_helps_the_call_that_has_most_left(embedder, admission):
    first, second = Gated(), Gated()
    calls = [asyncio.create_task(embedder.embed(first, [b"gate", b"gate", b"a", b"gate", b"b"], None))]
    await until(lambda: len(first.seen) == 2)  # both workers
    calls.append(asyncio.create_task(embedder.embed(second, [b"c"], None)))
    await until(lambda: admission.waiting == 1)
    first.gate.set()
    await asyncio.gather(*calls)
    assert sorted(first.seen) == sorted([b"gate"] * 3 + [b"a", b"b"])
    assert second.seen == [b"c"]

    slow, many = Gated(), Gated()
    alone = asyncio.create_task(embedder.embed(slow, [b"gate"], None))
    await until(lambda: slow.seen)
    call = asyncio.create_task(embedder.embed(many, [b"gate", b"gate", b"gate"], None))
    await until(lambda: len(many.seen) == 1)
    slow.gate.set()
    await alone
    await until(lambda: len(many.seen) == 2)  # the second worker has come over
    assert admission.waiting == 0
    many.gate.set()
    assert len((await call).outcomes) == 3
    assert admission.admitted == 0


async def test_a_helper_makes_way_for_whoever_waits(embedder, admission):
    slow, many, late = Gated(), Gated(), Gated()
    alone = asyncio.create_task(embedder.embed(slow, [b"gate"], None))
    await until(lambda: slow.seen)
    call = asyncio.create_task(embedder.embed(many, [b"gate"] * 2 + [b"x"] * 50, None))
    await until(lambda: len(many.seen) == 1)
    slow.gate.set()
    await until(lambda: len(many.seen) == 2)
    waits = asyncio.create_task(embedder.embed(late, [b"late"], None))
    await until(lambda: admission.waiting == 1)
    many.gate.set()
    await waits
    assert (await alone).outcomes == (b"gate",)
    assert len((await call).outcomes) == 52
    assert admission.admitted == 0


async def test_overload_is_refused_at_once(embedder, admission):
    slow = Gated()
    calls = [asyncio.create_task(embedder.embed(slow, [b"gate"], None)) for _ in range(3)]
    await until(lambda: admission.admitted == 3)
    with pytest.raises(ServiceError) as caught:
        await embedder.embed(Gated(), [b"more"], None)
    assert caught.value.reason is Reason.OVERLOADED
    assert caught.value.retry_after_s > 0
    slow.gate.set()
    await asyncio.gather(*calls)
    assert (await embedder.embed(Gated(), [b"later"], None)).outcomes == (b"later",)


async def test_files_past_the_deadline_are_not_begun(embedder):
    gated = Gated()
    with pytest.raises(ServiceError) as caught:
        await embedder.embed(gated, [b"a", b"b"], 0.0)
    assert caught.value.reason is Reason.DEADLINE_EXCEEDED
    assert gated.seen == []


async def test_a_call_whose_deadline_passes_while_it_waits_leaves_the_queue_and_its_content(embedder, admission):
    slow = Gated()
    running = [asyncio.create_task(embedder.embed(slow, [b"gate"], None)) for _ in range(2)]
    await until(lambda: len(slow.seen) == 2)
    embedder.metrics = counted = Counted()
    with pytest.raises(ServiceError) as caught:
        await embedder.embed(slow, [b"late"] * 3, 0.01)
    assert caught.value.reason is Reason.DEADLINE_EXCEEDED
    assert (admission.waiting, embedder.calls, embedder.items, embedder.held.held_bytes) == (0, 2, 2, 8)
    assert counted.told == ["dropped"]
    slow.gate.set()
    await asyncio.gather(*running)
    assert slow.seen == [b"gate", b"gate"]
    assert embedder.held.held_bytes == 0


async def test_content_beyond_the_budget_is_refused(embedder):
    slow = Gated()
    running = asyncio.create_task(embedder.embed(slow, [b"gate", b"x" * 900], None))
    await until(lambda: b"gate" in slow.seen)
    with pytest.raises(ServiceError) as caught:
        await embedder.embed(slow, [b"y" * 97], None)
    assert (caught.value.reason, caught.value.retry_after_s > 0) == (Reason.OVERLOADED, True)
    assert len((await embedder.embed(slow, [b"y" * 96], None)).outcomes) == 1
    with pytest.raises(ServiceError) as caught:
        await embedder.embed(slow, [b"y" * 500, PcmAudio(PcmFormat(8000, 1), b"y" * 501)], None)
    assert caught.value.reason is Reason.LIMIT_EXCEEDED
    slow.gate.set()
    await running
    assert len((await embedder.embed(slow, [b"y" * 1000], None)).outcomes) == 1


async def test_nothing_more_is_begun_for_a_caller_who_has_gone(embedder, admission):
    slow = Gated()
    call = asyncio.create_task(embedder.embed(slow, [b"gate", b"gate", b"no"], None))
    await until(lambda: len(slow.seen) == 2)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    slow.gate.set()
    await until(lambda: admission.admitted == 0)
    assert slow.seen == [b"gate", b"gate"]


async def test_the_largest_items_of_a_call_are_begun_first(embedder, admission):
    slow, sized = Gated(), Gated()
    running = asyncio.create_task(embedder.embed(slow, [b"gate"], None))
    await until(lambda: slow.seen)
    contents = [b"1", b"4444", PcmAudio(PcmFormat(8000, 1), b"22"), b"333", b"5"]
    assert (await embedder.embed(sized, contents, None)).outcomes == tuple(contents)
    assert sized.seen == [contents[1], contents[3], contents[2], contents[0], contents[4]]
    slow.gate.set()
    await running
