"""A gateway over services whose answers a test writes: for what real ones do only under load, or while a model changes."""

import inspect
from contextlib import asynccontextmanager
from types import SimpleNamespace

import grpc
from google.protobuf.message_factory import GetMessageClass

from leitmotif.api.audio.v1 import audio_pb2
from leitmotif.api.gateway.v1.gateway_pb2_grpc import GatewayServiceStub
from leitmotif.api.prototypes.v1 import models_pb2, prototypes_pb2
from leitmotif.api.prototypes.v1.models_pb2_grpc import ModelsServiceStub
from leitmotif.api.prototypes.v1.prototypes_pb2_grpc import PrototypesServiceStub
from leitmotif_services.gateway.app import build
from leitmotif_services.gateway.config import GatewayConfig
from leitmotif_services.gateway.forwarding import OFFERED
from leitmotif_services.gateway.upstreams import open_channel
from leitmotif_services.runtime.app import App, Mount
from leitmotif_services.runtime.local_channel import LocalChannel
from leitmotif_services.runtime.request_context import TENANT_KEY
from leitmotif_services.runtime.server import GrpcServer, ServerSettings

LARGE = [("grpc.max_receive_message_length", 64 << 20), ("grpc.max_send_message_length", 64 << 20)]

MODEL = models_pb2.GetModelResponse(
    model={"model_version": "m-1", "profile_version": "p-1", "encoder_id": "enc-1"}, prototype_ids=["piano", "drums"]
)
PROTOTYPES = prototypes_pb2.ListPrototypesResponse(
    prototypes=[
        {"prototype_id": "piano", "label": "piano", "expressed_affinity": 0.5},
        {"prototype_id": "drums", "label": "drums", "expressed_affinity": 0.5},
    ],
    model_version="m-1",
)


class Services:
    """Answers each method as a test says: with a message, an error, or what a coroutine function of the request returns.

    A method that nobody wrote an answer for gives an empty message. `calls` holds every request by its method, `tenants` the
    tenants that its metadata names.
    """

    def __init__(self):
        self.calls = {}
        self.tenants = {}
        self.answers = {"GetModel": MODEL, "ListPrototypes": PROTOTYPES}

    def app(self):
        app = App("scripted")
        for descriptor in {offer.descriptor.full_name: offer.descriptor for offer in OFFERED}.values():
            handlers = {method.name: self._handler(method) for method in descriptor.methods}
            app.mounts.append(Mount(descriptor.full_name, self._adder(descriptor.full_name, handlers)))
        return app

    @staticmethod
    def _adder(name, handlers):
        def add(server):
            server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, handlers),))
            server.add_registered_method_handlers(name, handlers)

        return add

    def _handler(self, method):
        request_class, response_class = GetMessageClass(method.input_type), GetMessageClass(method.output_type)
        coding = {
            "request_deserializer": request_class.FromString,
            "response_serializer": lambda message: message.SerializeToString(),
        }

        def heard(context):
            named = [value for key, value in context.invocation_metadata() if key == TENANT_KEY]
            self.tenants.setdefault(method.name, []).append(named)

        async def answer(request, context):
            heard(context)
            self.calls.setdefault(method.name, []).append(request)
            found = self.answers.get(method.name, response_class())
            if callable(found):
                found = found(request)
            if inspect.isawaitable(found):
                found = await found
            if isinstance(found, Exception):
                raise found
            return found

        async def stream(requests, context):
            heard(context)
            found = self.answers.get(method.name)
            async for response in found(requests):
                yield response

        if method.client_streaming:
            return grpc.stream_stream_rpc_method_handler(stream, **coding)
        if method.server_streaming:
            return grpc.unary_stream_rpc_method_handler(stream, **coding)
        return grpc.unary_unary_rpc_method_handler(answer, **coding)


@asynccontextmanager
async def gateway_over(services, *, by_network=False, **settings):
    """Stubs of a gateway on a network port, over scripted services: in its own process or, `by_network`, at a port of theirs."""
    environ = {f"LEITMOTIF_GATEWAY_{name}": str(value) for name, value in {"LISTEN": "127.0.0.1:0", **settings}.items()}
    config = GatewayConfig.from_environment(environ)
    behind = GrpcServer(ServerSettings("127.0.0.1:0"), services.app())
    if by_network:
        await behind.start()
        reached = open_channel(f"127.0.0.1:{behind.port}")
    else:
        reached = LocalChannel(services.app()).as_channel()
    app = await build(config, channels=dict.fromkeys(("audio", "prototypes", "profiles", "evaluation"), reached))
    server = GrpcServer(config.server, app)
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}", options=LARGE) as channel:
        try:
            yield SimpleNamespace(
                channel=channel,
                gateway=GatewayServiceStub(channel),
                prototypes=PrototypesServiceStub(channel),
                models=ModelsServiceStub(channel),
            )
        finally:
            await channel.close(grace=0)
            await server.drain()
            await app.close()
            await behind.drain()


def embedded(values=b"\0\0\x80\x3f\0\0\0\0", duration_s=8.0):
    """A track embedding of two numbers."""
    return audio_pb2.TrackEmbedding(embedding={"values": values, "dimension": 2}, duration_s=duration_s)
