"""IngestTrack: what is passed on, what is refused, and that memory is bounded and given back."""

import asyncio

import grpc
import pytest

from leitmotif.api.audio.v1 import audio_pb2
from leitmotif.api.gateway.v1 import gateway_pb2 as pb
from leitmotif.api.prototypes.v1 import catalogue_pb2
from leitmotif_services.gateway import track_ingestion
from leitmotif_services.runtime.errors import Reason, ServiceError
from leitmotif_services.runtime.status import status_of
from tests.integration.gateway.gateway_process import refusal_of
from tests.integration.gateway.scripted_services import Services, embedded, gateway_over

MIB = 1 << 20
FILE = b"an audio file"  # 13 bytes


@pytest.fixture
def services():
    services = Services()
    services.answers["EmbedTracks"] = audio_pb2.EmbedTracksResponse(results=[{"track": embedded()}])
    services.answers["UpsertTracks"] = catalogue_pb2.UpsertTracksResponse(statuses=[{}], catalogue_revision=7)
    services.answers["GetTrack"] = catalogue_pb2.GetTrackResponse(
        track={"track_id": "t", "duration_s": 8.0}, affinities=[0.25, 0.75], expressed_positions=[1], model_version="m-1"
    )
    return services


def start(file_bytes=13, **fields):
    return pb.IngestTrackRequest(start=pb.IngestStart(track={"track_id": "t"}, file_bytes=file_bytes, **fields))


def chunk(content=FILE):
    return pb.IngestTrackRequest(chunk=content)


async def ingest(stubs, *requests):
    return await stubs.gateway.IngestTrack(iter(requests), timeout=30)


async def refused(stubs, *requests):
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await ingest(stubs, *requests)
    return refusal_of(caught.value)[0]


async def test_a_file_is_embedded_by_the_models_encoder_and_upserted(services):
    async with gateway_over(services) as stubs:
        answer = await ingest(stubs, start(prototype_count=-1), chunk(FILE[:5]), chunk(FILE[5:]))
    (embedding,) = services.calls["EmbedTracks"]
    assert (embedding.encoder_id, embedding.items[0].content) == ("enc-1", FILE)
    (upsert,) = services.calls["UpsertTracks"]
    assert (upsert.encoder_id, upsert.tracks[0].embedding) == ("enc-1", embedded().embedding.values)
    assert upsert.tracks[0].track == catalogue_pb2.Track(track_id="t", duration_s=8.0)
    assert answer == pb.IngestTrackResponse(
        track={"track_id": "t", "duration_s": 8.0},
        prototypes=[
            {"prototype_id": "drums", "label": "drums", "affinity": 0.75, "expressed": True},
            {"prototype_id": "piano", "label": "piano", "affinity": 0.25},
        ],
        catalogue_revision=7,
        model_version="m-1",
    )


async def test_what_a_track_expresses_is_what_the_prototypes_service_says(services):
    """Whatever the thresholds are, which may be those of the model before: both are 0.5."""
    services.answers["GetTrack"] = catalogue_pb2.GetTrackResponse(
        track={"track_id": "t"}, affinities=[0.25, 0.75], expressed_positions=[0], model_version="m-1"
    )
    async with gateway_over(services) as stubs:
        answer = await ingest(stubs, start(), chunk())
    assert {prototype.label: prototype.expressed for prototype in answer.prototypes} == {"piano": True, "drums": False}


async def test_samples_are_passed_on_as_they_come(services):
    received = []

    async def embed(requests):
        async for request in requests:
            received.append(request)
        yield audio_pb2.EmbedStreamResponse(track=embedded(duration_s=3600.0))

    services.answers["EmbedStream"] = embed
    async with gateway_over(services) as stubs:
        begin = pb.IngestStart(track={"track_id": "t"}, samples={"sample_rate_hz": 44_100, "channels": 2}, prototype_count=1)
        pieces = [pb.IngestTrackRequest(samples=bytes([number]) * MIB) for number in range(5)]
        answer = await ingest(stubs, pb.IngestTrackRequest(start=begin), *pieces)
    assert [prototype.prototype_id for prototype in answer.prototypes] == ["drums"]
    expected = audio_pb2.StreamStart(track_id="t", encoder_id="enc-1", sample_rate_hz=44_100, channels=2)
    assert received[0].start == expected
    assert [request.samples for request in received[1:]] == [piece.samples for piece in pieces]
    assert services.calls["UpsertTracks"][0].tracks[0].track.duration_s == 3600.0


@pytest.mark.parametrize(
    ("requests", "reason"),
    [
        ([], "FIELD_INVALID"),
        ([chunk()], "FIELD_INVALID"),
        ([start(), start()], "FIELD_INVALID"),
        ([start(), pb.IngestTrackRequest(samples=b"1234")], "FIELD_INVALID"),
        ([start(), pb.IngestTrackRequest()], "FIELD_INVALID"),
        ([start()], "FIELD_INVALID"),
        ([start(), chunk(FILE[:-1])], "FIELD_INVALID"),
        ([start(), chunk(), chunk(b"more")], "LIMIT_EXCEEDED"),
        ([start(0)], "FIELD_INVALID"),
        ([start(-1)], "FIELD_INVALID"),
        ([start(61 * MIB)], "LIMIT_EXCEEDED"),
        ([start(5 * MIB), chunk(bytes(5 * MIB))], "LIMIT_EXCEEDED"),
        ([start(prototype_count=-2), chunk()], "FIELD_INVALID"),
        ([pb.IngestTrackRequest(start={"track": {"track_id": "t"}}), chunk()], "FIELD_INVALID"),
        ([pb.IngestTrackRequest(start={"track": {"track_id": "{}"}, "file_bytes": 1}), chunk()], "FIELD_INVALID"),
    ],
)
async def test_what_is_refused_embeds_and_stores_nothing(services, requests, reason):
    async with gateway_over(services) as stubs:
        assert await refused(stubs, *requests) == reason
    assert "EmbedTracks" not in services.calls
    assert "UpsertTracks" not in services.calls


async def test_what_the_services_refuse_is_passed_on(services):
    corrupt = status_of(ServiceError(Reason.AUDIO_CORRUPT, "cut off"), "r")
    unknown = status_of(ServiceError(Reason.TRACK_NOT_FOUND, "no such track"), "r")
    async with gateway_over(services) as stubs:
        services.answers["EmbedTracks"] = audio_pb2.EmbedTracksResponse(results=[{"status": corrupt}])
        assert await refused(stubs, start(), chunk()) == "AUDIO_CORRUPT"
        assert "UpsertTracks" not in services.calls
        services.answers["EmbedTracks"] = audio_pb2.EmbedTracksResponse(results=[{"track": embedded()}])
        services.answers["UpsertTracks"] = catalogue_pb2.UpsertTracksResponse(statuses=[unknown])
        assert await refused(stubs, start(), chunk()) == "TRACK_NOT_FOUND"


async def test_a_caller_who_keeps_sending_hears_why_it_was_refused(services):
    async with gateway_over(services) as stubs:
        sent = [start(61 * MIB), *[chunk(bytes(MIB))] * 60]
        assert await refused(stubs, *sent) == "LIMIT_EXCEEDED"


async def test_files_on_their_way_are_bounded_and_the_next_one_waits_for_room(services, monkeypatch):
    monkeypatch.setattr(track_ingestion, "WAIT_S", 0.1)
    entered, release = asyncio.Event(), asyncio.Event()

    async def embed(_):
        entered.set()
        await release.wait()
        return audio_pb2.EmbedTracksResponse(results=[{"track": embedded()}])

    services.answers["EmbedTracks"] = embed
    large = [start(40 * MIB), *[chunk(bytes(4 * MIB))] * 10]
    async with gateway_over(services, MAX_INGEST_BYTES=60 * MIB) as stubs:
        first = asyncio.ensure_future(ingest(stubs, *large))
        await entered.wait()
        assert await refused(stubs, *large) == "OVERLOADED"
        small = asyncio.ensure_future(ingest(stubs, start(), chunk()))  # fits beside the first
        release.set()
        await asyncio.gather(first, small)
        await ingest(stubs, *large)


async def test_a_caller_who_goes_away_frees_the_room_it_took(services, monkeypatch):
    monkeypatch.setattr(track_ingestion, "WAIT_S", 20.0)
    async with gateway_over(services, MAX_INGEST_BYTES=60 * MIB) as stubs:
        call = stubs.gateway.IngestTrack()
        await call.write(start(50 * MIB))
        await call.write(chunk(bytes(MIB)))
        call.cancel()
        await ingest(stubs, start(50 * MIB), *[chunk(bytes(2 * MIB))] * 25)


async def test_a_file_that_comes_too_slowly_is_refused(services, monkeypatch):
    monkeypatch.setattr(track_ingestion, "TRANSFER_S", 0.1)
    async with gateway_over(services) as stubs:
        call = stubs.gateway.IngestTrack()
        await call.write(start())
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call
    assert refusal_of(caught.value)[0] == "OVERLOADED"


async def test_streams_of_requests_are_counted(services):
    async with gateway_over(services, MAX_REQUEST_STREAMS=1) as stubs:
        call = stubs.gateway.IngestTrack()
        await call.write(start())
        async with asyncio.timeout(20):
            while "GetModel" not in services.calls:
                await asyncio.sleep(0.005)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await ingest(stubs, start(), chunk())
        assert refusal_of(caught.value)[1]["bound"] == "streams of requests"
        await call.write(chunk())
        await call.done_writing()
        await call
        await ingest(stubs, start(), chunk())
