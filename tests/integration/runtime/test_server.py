"""The server: health, reflection, request ids, drain, and an address that is taken."""

import asyncio

import grpc
import pytest
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2_grpc import HealthStub
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from leitmotif.api.prototypes.v1 import prototypes_pb2 as pb
from leitmotif.api.prototypes.v1.prototypes_pb2_grpc import (
    PrototypesServiceServicer,
    PrototypesServiceStub,
    add_PrototypesServiceServicer_to_server,
)
from leitmotif_services.runtime.app import App
from leitmotif_services.runtime.server import GrpcServer, ServerSettings

NAME = pb.DESCRIPTOR.services_by_name["PrototypesService"].full_name


class Servicer(PrototypesServiceServicer):
    def __init__(self):
        self.entered = asyncio.Event()
        self.release = asyncio.Event()

    async def GetPrototype(self, request, context):
        self.entered.set()
        await self.release.wait()
        return pb.GetPrototypeResponse(model_version="done")


@pytest.fixture
async def servicer():
    return Servicer()


@pytest.fixture
async def server(servicer):
    app = App("test")
    app.mount(NAME, add_PrototypesServiceServicer_to_server, servicer)
    server = GrpcServer(ServerSettings("127.0.0.1:0", reflection=True), app)
    await server.start()
    yield server
    servicer.release.set()
    await server.drain()


@pytest.fixture
async def channel(server):
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        yield channel


async def test_health_of_the_server_and_of_each_service(channel):
    for service in ("", NAME):
        answer = await HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=service))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING


async def test_reflection_lists_the_services(channel):
    async def requests():
        yield reflection_pb2.ServerReflectionRequest(list_services="")

    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    async for answer in stub.ServerReflectionInfo(requests()):
        assert NAME in {service.name for service in answer.list_services_response.service}


async def test_the_request_id_comes_back(channel, servicer):
    servicer.release.set()
    for sent, expected in (("mine-1", "mine-1"), (None, None), ("x" * 65, None)):
        call = PrototypesServiceStub(channel).GetPrototype(
            pb.GetPrototypeRequest(), metadata=(("x-request-id", sent),) if sent else None
        )
        await call
        returned = dict(await call.trailing_metadata())["x-request-id"]
        assert returned == expected if expected else 1 <= len(returned) <= 64


async def test_a_drain_lets_calls_in_flight_finish_and_refuses_new_ones(server, servicer, channel):
    health = HealthStub(channel)
    watch = health.Watch(health_pb2.HealthCheckRequest(service=NAME))
    statuses = aiter(watch)
    assert (await anext(statuses)).status == health_pb2.HealthCheckResponse.SERVING
    in_flight = asyncio.ensure_future(PrototypesServiceStub(channel).GetPrototype(pb.GetPrototypeRequest()))
    await servicer.entered.wait()
    drain = asyncio.create_task(server.drain())
    assert (await anext(statuses)).status == health_pb2.HealthCheckResponse.NOT_SERVING
    watch.cancel()
    code = grpc.StatusCode.CANCELLED
    while code is grpc.StatusCode.CANCELLED:  # of a call that comes in the very moment in which the server stops
        async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as late:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await PrototypesServiceStub(late).GetPrototype(pb.GetPrototypeRequest(), timeout=10)
            code = caught.value.code()
    assert code is grpc.StatusCode.UNAVAILABLE
    assert not drain.done()
    servicer.release.set()
    assert (await in_flight).model_version == "done"
    await drain


async def test_an_address_that_is_taken_is_named(server):
    second = GrpcServer(ServerSettings(f"127.0.0.1:{server.port}"), App("second"))
    with pytest.raises(OSError, match=f"cannot listen at 127.0.0.1:{server.port}"):
        await second.start()
    await second.drain()


async def test_oversized_messages_are_refused(channel, servicer):
    servicer.release.set()
    request = pb.GetPrototypeRequest(prototype_id="x" * (5 << 20))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await PrototypesServiceStub(channel).GetPrototype(request)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
