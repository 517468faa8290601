"""Streams beside calls: they take no places from calls, and hold up no drain."""

import asyncio
import signal
import time

import grpc
import pytest
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2_grpc import HealthStub

from leitmotif import AsyncClient, Client, JobState, RetryPolicy
from leitmotif.api.evaluation.v1 import evaluation_pb2 as pb
from tests.integration.gateway.gateway_process import PATH, behind, channel_to, gateway_process, once, refusal_of

RUNNING = pb.Job(job_id="j", state=pb.JOB_STATE_RUNNING)
DONE = pb.Job(job_id="j", state=pb.JOB_STATE_CANCELLED)


class Jobs:
    """One job that runs until it is told to end, and how many watch it."""

    def __init__(self):
        self.ended = asyncio.Event()
        self.watchers = 0
        self.opened = 0
        self.release = asyncio.Event()
        self.entered = asyncio.Event()

    async def watch(self, request, context):
        self.watchers += 1
        self.opened += 1
        try:
            yield pb.WatchJobResponse(job=RUNNING).SerializeToString()
            await self.ended.wait()
            yield pb.WatchJobResponse(job=DONE).SerializeToString()
        finally:
            self.watchers -= 1

    async def get(self, request, context):
        return pb.GetJobResponse(job=RUNNING).SerializeToString()

    async def listed(self, request, context):
        self.entered.set()
        await self.release.wait()
        return b""

    async def exemplar(self, request, context):
        yield b"sound"

    def served(self):
        return behind(WatchJob=self.watch, GetJob=self.get, ListJobs=self.listed, ReadExemplar=self.exemplar)


async def opened(channel):
    """A watch that has brought its first state."""
    call = channel.unary_stream(PATH["WatchJob"])(b"")
    assert await call.read()
    return call


async def test_watchers_take_no_place_from_calls_nor_other_streams_nor_from_health():
    jobs = Jobs()
    settings = {"MAX_CONCURRENT_WATCHES": 8, "MAX_CONCURRENT_STREAMS": 1, "MAX_CONCURRENT_CALLS": 4}
    async with jobs.served() as addresses, gateway_process(addresses, **settings) as process, channel_to(process) as channel:
        watches = [await opened(channel) for _ in range(8)]
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await channel.unary_stream(PATH["WatchJob"])(b"").read()
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        reason, metadata, retry_s = refusal_of(caught.value)
        assert (reason, metadata["bound"], metadata["limit"]) == ("OVERLOADED", "watches", "8")
        assert "8 watches" in caught.value.details()
        assert retry_s > 0
        assert await channel.unary_unary(PATH["GetJob"])(b"", timeout=5)
        assert await channel.unary_stream(PATH["ReadExemplar"])(b"", timeout=5).read() == b"sound"

        calls = [channel.unary_unary(PATH["ListJobs"])(b"") for _ in range(4)]
        await jobs.entered.wait()

        async def refused():
            try:
                await channel.unary_unary(PATH["GetJob"])(b"", timeout=5)
            except grpc.aio.AioRpcError as error:
                return refusal_of(error)[1]["bound"] == "calls"
            return False

        await once(refused)
        # A refusal reads nothing of what its caller sends.
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await channel.unary_unary(PATH["EmbedTracks"])(bytes(48 << 20), timeout=5)
        assert refusal_of(caught.value)[1]["bound"] == "calls"
        assert (await HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=5)).status == 1
        jobs.release.set()
        await asyncio.gather(*calls)

        watches[3].cancel()
        await once(lambda: asyncio.sleep(0, jobs.watchers == 7))
        again = await opened(channel)  # the place was free before the service behind had heard of it
        for watch in (*watches, again):
            watch.cancel()


async def test_a_drain_ends_watches_and_lets_calls_finish():
    jobs = Jobs()
    async with jobs.served() as addresses, gateway_process(addresses) as process, channel_to(process) as channel:
        watches = [await opened(channel) for _ in range(40)]
        health = HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
        assert (await health.read()).status == health_pb2.HealthCheckResponse.SERVING
        call = channel.unary_unary(PATH["ListJobs"])(b"")
        await jobs.entered.wait()
        process.send_signal(signal.SIGTERM)
        assert (await health.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
        for watch in watches:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await watch.read()
            assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
            assert refusal_of(caught.value)[0] == "SERVER_DRAINING"
            assert "reconnect" in caught.value.details()
        assert await health.code() is grpc.StatusCode.UNAVAILABLE
        assert process.poll() is None  # it waits for the call
        jobs.release.set()
        finished = time.monotonic()
        assert await call == b""
        assert await asyncio.to_thread(process.wait, 10) == 0
        assert time.monotonic() - finished < 3.0
        await once(lambda: asyncio.sleep(0, jobs.watchers == 0))


PATIENT = RetryPolicy(attempts=100, longest_wait_s=0.5)
"""Outlasts the start of a process on a machine that is busy."""


async def watch_with_async_client(address):
    async with AsyncClient(address, retry=PATIENT) as client:
        return [job.state async for job in (await client.evaluations.get("j")).watch(timeout_s=30)]


async def watch_with_sync_client(address):
    def run():
        with Client(address, retry=PATIENT) as client:
            return [job.state for job in client.evaluations.get("j").watch(timeout_s=30)]

    return await asyncio.to_thread(run)


@pytest.mark.parametrize("watch", [watch_with_async_client, watch_with_sync_client])
async def test_a_watch_of_the_sdk_goes_on_with_the_next_server(watch):
    jobs = Jobs()
    async with jobs.served() as addresses:
        async with gateway_process(addresses) as first:
            watching = asyncio.ensure_future(watch(f"127.0.0.1:{first.port}"))
            await once(lambda: asyncio.sleep(0, jobs.watchers == 1))
            first.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(first.wait, 10) == 0
        async with gateway_process(addresses, LISTEN=f"127.0.0.1:{first.port}"):
            await once(lambda: asyncio.sleep(0, jobs.opened == 2))
            jobs.ended.set()
            assert await watching == [JobState.RUNNING, JobState.CANCELLED]
