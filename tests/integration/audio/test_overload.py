"""What the service does with more than it can do: refuses it, drops what nobody waits for, and tells when to come back."""

import asyncio
import threading

import grpc
import numpy as np
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from leitmotif.api.audio.v1 import audio_pb2 as pb
from leitmotif.api.audio.v1 import audio_pb2_grpc
from leitmotif_services.audio.engine import AudioEngine
from tests.integration.audio.serving import (
    Gated,
    figures_once,
    further_encoder,
    info_of,
    refusal,
    request_of,
    retry_delay_s,
    scraped,
    served,
    status_of_call,
)
from tests.unit.audio.audio_files import encoded, tone

MIB = 1 << 20


async def outcome(call):
    try:
        return await call
    except grpc.aio.AioRpcError as error:
        return error


async def test_overload_is_refused_with_retry_info_and_passes():
    engine = Gated()
    async with served([engine], WORKERS=1, WAITING=1) as channel:
        stub = audio_pb2_grpc.AudioServiceStub(channel)
        content = encoded(tone(440.0))
        running = asyncio.ensure_future(stub.EmbedTracks(request_of(content)))
        await asyncio.to_thread(engine.waiting.acquire)
        others = [asyncio.ensure_future(outcome(stub.EmbedTracks(request_of(content)))) for _ in range(4)]
        done, pending = await asyncio.wait(others, return_when=asyncio.FIRST_COMPLETED)
        while len(pending) > 1:
            more, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            done |= more
        for refused in done:
            status = status_of_call(refused.result())
            assert (status.code, info_of(status).reason) == (8, "OVERLOADED")
            assert 0 < retry_delay_s(status) <= 60
        # Health answers while every worker is busy.
        health = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=5)
        assert health.status == health_pb2.HealthCheckResponse.SERVING
        engine.gate.set()
        assert len((await running).results) == 1
        assert len((await pending.pop()).results) == 1
        assert (await stub.EmbedTracks(request_of(content))).results[0].track.duration_s == 2.0


async def test_calls_that_nobody_waits_for_leave_the_queue_undecoded_and_their_places_are_free_at_once():
    engine = Gated()
    content = encoded(tone(440.0))
    async with served([engine], WORKERS=1, WAITING=6, METRICS_LISTEN="127.0.0.1:0") as channel:
        stub = audio_pb2_grpc.AudioServiceStub(channel)
        running = asyncio.ensure_future(stub.EmbedTracks(request_of(content)))
        await asyncio.to_thread(engine.waiting.acquire)
        expiring = [stub.EmbedTracks(request_of(content, content), timeout=1.0) for _ in range(3)]
        leaving = [stub.EmbedTracks(request_of(content, content)) for _ in range(3)]
        calls = [asyncio.ensure_future(outcome(call)) for call in (*expiring, *leaving)]
        full = await figures_once(channel.metrics_port, lambda seen: seen["leitmotif_audio_queue_depth"] == 6)
        assert full["leitmotif_audio_calls_in_flight"] == 7
        assert full["leitmotif_audio_items_in_flight"] == 13
        assert full["leitmotif_audio_held_bytes"] == 13 * len(content)
        assert info_of(await refusal(stub.EmbedTracks(request_of(content)))).reason == "OVERLOADED"
        for call in leaving:
            call.cancel()
        await asyncio.wait(calls)
        assert {call.result().code() for call in calls[:3]} == {grpc.StatusCode.DEADLINE_EXCEEDED}
        # The worker is still busy with the first call, and all six places are free again.
        await figures_once(channel.metrics_port, lambda seen: seen["leitmotif_audio_queue_depth"] == 0)
        after = [asyncio.ensure_future(stub.EmbedTracks(request_of(content))) for _ in range(6)]
        seen = await figures_once(channel.metrics_port, lambda seen: seen["leitmotif_audio_queue_depth"] == 6)
        assert seen["leitmotif_audio_dropped_calls_total"] == 6
        assert seen["leitmotif_audio_held_bytes"] == 7 * len(content)
        engine.gate.set()
        assert [response.results[0].track.duration_s for response in await asyncio.gather(running, *after)] == [2.0] * 7
        seen = await asyncio.to_thread(scraped, channel.metrics_port)
        assert seen['leitmotif_audio_stage_seconds_count{stage="decode"}'] == 7  # none of the 12 items that were dropped
        assert seen['leitmotif_audio_failures_total{reason="OVERLOADED"}'] == 1
        assert seen["leitmotif_audio_held_bytes"] == seen["leitmotif_audio_items_in_flight"] == 0


async def test_who_is_refused_is_told_how_long_the_queue_takes():
    engine = Gated()
    content = encoded(tone(440.0))
    async with served([engine], WORKERS=1, WAITING=2) as channel:
        stub = audio_pb2_grpc.AudioServiceStub(channel)
        first = asyncio.ensure_future(stub.EmbedTracks(request_of(content)))
        await asyncio.to_thread(engine.waiting.acquire)
        await asyncio.sleep(0.4)  # so long does a call take, as far as the service can know
        engine.gate.set()
        await first
        engine.gate.clear()
        calls = [asyncio.ensure_future(stub.EmbedTracks(request_of(content))) for _ in range(3)]
        while not (
            isinstance(error := await outcome(stub.EmbedTracks(request_of(content), timeout=0.2)), grpc.aio.AioRpcError)
            and error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        ):
            pass
        assert 1.2 <= retry_delay_s(status_of_call(error)) < 5.0  # three calls on one worker
        engine.gate.set()
        await asyncio.gather(*calls)


async def test_calls_bring_no_more_bytes_than_the_budget():
    engine = Gated()
    content = encoded(np.tile(tone(440.0, 10.0), 5))  # 2.1 MiB
    async with served([engine], WORKERS=1, WAITING=30, MAX_HELD_BYTES=8 * MIB) as channel:
        stub = audio_pb2_grpc.AudioServiceStub(channel)
        calls = [asyncio.ensure_future(outcome(stub.EmbedTracks(request_of(content)))) for _ in range(8)]
        done = set()
        while len(done) < 5:
            more, _ = await asyncio.wait(set(calls) - done, return_when=asyncio.FIRST_COMPLETED)
            done |= more
        for call in done:
            status = status_of_call(call.result())
            assert (info_of(status).reason, info_of(status).metadata["limit"]) == ("OVERLOADED", str(8 * MIB))
            assert retry_delay_s(status) > 0
        status = await refusal(stub.EmbedTracks(request_of(*[content] * 4)))
        assert (status.code, info_of(status).reason) == (3, "LIMIT_EXCEEDED")
        engine.gate.set()
        assert [len((await call).results) for call in set(calls) - done] == [1] * 3
        assert len((await stub.EmbedTracks(request_of(content, content, content))).results) == 3


async def test_every_encoder_is_warm_before_the_service_is_healthy(tmp_path, monkeypatch):
    further_encoder(tmp_path / "second.onnx", "second-1")
    gate, warm, warm_up = threading.Event(), [], AudioEngine.warm_up

    def gated_warm_up(engine):
        assert gate.wait(20)
        warm_up(engine)
        warm.append(engine.encoder.encoder_id)

    monkeypatch.setattr(AudioEngine, "warm_up", gated_warm_up)
    address = f"unix:{tmp_path / 'audio.sock'}"
    stopping = asyncio.Event()

    async def serve():
        async with served(LISTEN=address, ENCODERS=tmp_path):
            await stopping.wait()

    service = asyncio.ensure_future(serve())
    async with grpc.aio.insecure_channel(address, options=[("grpc.max_reconnect_backoff_ms", 50)]) as channel:
        check = health_pb2_grpc.HealthStub(channel).Check
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await check(health_pb2.HealthCheckRequest(), timeout=5)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        gate.set()
        answer = await check(health_pb2.HealthCheckRequest(), timeout=20, wait_for_ready=True)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
        listed = (await audio_pb2_grpc.AudioServiceStub(channel).ListEncoders(pb.ListEncodersRequest())).encoders
        assert warm == [encoder.encoder_id for encoder in listed]
        assert len(warm) == 2
    stopping.set()
    await service
