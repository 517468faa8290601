"""One servicer behind a network channel and behind the local channel: callers cannot tell the two apart."""

import asyncio

import grpc
import pytest

from leitmotif.api.audio.v1 import audio_pb2
from leitmotif.api.audio.v1.audio_pb2_grpc import AudioServiceServicer, AudioServiceStub, add_AudioServiceServicer_to_server
from leitmotif.api.prototypes.v1 import prototypes_pb2 as pb
from leitmotif.api.prototypes.v1.prototypes_pb2_grpc import (
    PrototypesServiceServicer,
    PrototypesServiceStub,
    add_PrototypesServiceServicer_to_server,
)
from leitmotif_services.runtime.app import App
from leitmotif_services.runtime.errors import Reason, ServiceError
from leitmotif_services.runtime.local_channel import LocalChannel
from leitmotif_services.runtime.server import GrpcServer, ServerSettings
from leitmotif_services.runtime.status import upstream_error

AUDIO_NAME = audio_pb2.DESCRIPTOR.services_by_name["AudioService"].full_name
NAME = pb.DESCRIPTOR.services_by_name["PrototypesService"].full_name


class Servicer(PrototypesServiceServicer):
    async def GetPrototype(self, request, context):
        match request.prototype_id:
            case "missing":
                raise ServiceError(Reason.PROTOTYPE_NOT_FOUND, "no prototype 'missing'", prototype_id="missing")
            case "defect":
                raise KeyError("a secret")
            case "slow":
                await asyncio.sleep(30)
            case "deadline":
                return pb.GetPrototypeResponse(model_version=str(context.time_remaining() is not None))
        return pb.GetPrototypeResponse(prototype=pb.Prototype(prototype_id=request.prototype_id))

    async def ReadExemplar(self, request, context):
        for index in range(request.exemplar_index):
            yield pb.ReadExemplarResponse(chunk=bytes([index]))
        if request.prototype_id == "missing":
            raise ServiceError(Reason.PROTOTYPE_NOT_FOUND, "no prototype")


class Streaming(AudioServiceServicer):
    async def EmbedStream(self, request_iterator, context):
        async for request in request_iterator:
            if request.samples == b"fail":
                raise ServiceError(Reason.AUDIO_CORRUPT, "refused")
            yield audio_pb2.EmbedStreamResponse(encoder_id=request.samples.decode())


@pytest.fixture
def app():
    app = App("test")
    app.mount(NAME, add_PrototypesServiceServicer_to_server, Servicer())
    app.mount(AUDIO_NAME, add_AudioServiceServicer_to_server, Streaming())
    return app


@pytest.fixture(params=["network", "local"])
async def channel(request, app):
    if request.param == "local":
        yield LocalChannel(app).as_channel()
        return
    server = GrpcServer(ServerSettings("127.0.0.1:0"), app)
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as network:
        yield network
    await server.drain()


@pytest.fixture
def stub(channel):
    return PrototypesServiceStub(channel)


async def failure(call):
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value


async def test_an_answer(stub):
    response = await stub.GetPrototype(pb.GetPrototypeRequest(prototype_id="t1"))
    assert response.prototype.prototype_id == "t1"


async def test_an_expected_error(stub):
    error = await failure(stub.GetPrototype(pb.GetPrototypeRequest(prototype_id="missing")))
    assert error.code() is grpc.StatusCode.NOT_FOUND
    assert error.details() == "no prototype 'missing'"
    assert upstream_error(error, "x").reason == "PROTOTYPE_NOT_FOUND"


async def test_a_defect(stub, caplog):
    error = await failure(stub.GetPrototype(pb.GetPrototypeRequest(prototype_id="defect")))
    assert error.code() is grpc.StatusCode.INTERNAL
    assert "secret" not in error.details()
    assert "unexpected KeyError" in caplog.text


async def test_a_deadline(stub):
    error = await failure(stub.GetPrototype(pb.GetPrototypeRequest(prototype_id="slow"), timeout=0.05))
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    response = await stub.GetPrototype(pb.GetPrototypeRequest(prototype_id="deadline"), timeout=10)
    assert response.model_version == "True"
    response = await stub.GetPrototype(pb.GetPrototypeRequest(prototype_id="deadline"))
    assert response.model_version == "False"


async def test_a_stream(stub):
    chunks = [response.chunk async for response in stub.ReadExemplar(pb.ReadExemplarRequest(exemplar_index=3))]
    assert chunks == [b"\0", b"\1", b"\2"]


async def test_a_stream_that_fails_behind_its_first_messages(stub):
    stream = stub.ReadExemplar(pb.ReadExemplarRequest(prototype_id="missing", exemplar_index=2))
    chunks = []
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        async for response in stream:
            chunks.append(response.chunk)
    assert len(chunks) == 2
    assert upstream_error(caught.value, "x").reason == "PROTOTYPE_NOT_FOUND"


async def test_bytes_are_passed_on_undecoded(channel):
    unary = channel.unary_unary(f"/{NAME}/GetPrototype")
    answer = await unary(pb.GetPrototypeRequest(prototype_id="t1").SerializeToString())
    assert pb.GetPrototypeResponse.FromString(answer).prototype.prototype_id == "t1"
    stream = channel.unary_stream(f"/{NAME}/ReadExemplar")
    chunks = [chunk async for chunk in stream(pb.ReadExemplarRequest(exemplar_index=1).SerializeToString())]
    assert pb.ReadExemplarResponse.FromString(chunks[0]).chunk == b"\0"


async def test_a_method_that_is_not_there(channel):
    error = await failure(channel.unary_unary("/leitmotif.api.prototypes.v1.PrototypesService/Nothing")(b""))
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED


async def requests_of(*samples):
    for piece in samples:
        yield audio_pb2.EmbedStreamRequest(samples=piece)


async def test_streams_both_ways(channel):
    stub = AudioServiceStub(channel)
    assert [answer.encoder_id async for answer in stub.EmbedStream(requests_of(b"a", b"b"))] == ["a", "b"]


async def test_an_error_within_streams_both_ways_discards_what_is_still_sent(channel):
    stub = AudioServiceStub(channel)
    answers = []
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        async for answer in stub.EmbedStream(requests_of(b"a", b"fail", *[b"more"] * 500)):
            answers.append(answer.encoder_id)
    assert answers == ["a"]
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert upstream_error(caught.value, "audio").reason == "AUDIO_CORRUPT"


async def test_bytes_both_ways(channel):
    async def requests():
        async for request in requests_of(b"a", b"b"):
            yield request.SerializeToString()

    call = channel.stream_stream(f"/{AUDIO_NAME}/EmbedStream")(requests())
    answers = [audio_pb2.EmbedStreamResponse.FromString(answer).encoder_id async for answer in call]
    assert answers == ["a", "b"]


@pytest.mark.parametrize("content", [b"\xff\xff\xff", b"\x0a\x02\xc3\x28"], ids=["no message", "text that is not UTF-8"])
async def test_bytes_that_are_no_request(channel, content):
    error = await failure(channel.unary_unary(f"/{NAME}/GetPrototype")(content))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert upstream_error(error, "x").reason == "REQUEST_MALFORMED"
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        [chunk async for chunk in channel.unary_stream(f"/{NAME}/ReadExemplar")(content)]
    assert upstream_error(caught.value, "x").reason == "REQUEST_MALFORMED"
