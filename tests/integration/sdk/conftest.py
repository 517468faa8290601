"""A real gRPC server whose answers a test writes, and both clients behind one synchronous face.

Behaviour on the wire (retries, deadlines, statuses, request ids) is what these tests are about. They need a server that
fails when it is told to; the platform itself does not.
"""

import asyncio
import inspect
import threading
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import islice

import grpc
import pytest
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from leitmotif import AsyncClient, Client, RetryPolicy
from leitmotif.api.audio.v1 import audio_pb2
from leitmotif.api.evaluation.v1 import evaluation_pb2, texts_pb2
from leitmotif.api.gateway.v1 import gateway_pb2
from leitmotif.api.profiles.v1 import exclusions_pb2, presets_pb2, profiles_pb2
from leitmotif.api.prototypes.v1 import catalogue_pb2, models_pb2, prototypes_pb2
from leitmotif_services.runtime.errors import ServiceError
from leitmotif_services.runtime.interceptors import trailing_metadata_of
from leitmotif_services.runtime.status import code_of, status_of

METHODS = {
    f"/{service.full_name}/{method.name}": method
    for module in (
        gateway_pb2,
        prototypes_pb2,
        catalogue_pb2,
        models_pb2,
        profiles_pb2,
        presets_pb2,
        exclusions_pb2,
        audio_pb2,
        evaluation_pb2,
        texts_pb2,
    )
    for service in module.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}


@dataclass(frozen=True)
class ReceivedCall:
    """What reached the server."""

    method: str
    request: Message
    """A list of messages where the method takes a stream."""
    metadata: dict[str, str]
    remaining_s: float
    at_s: float


@dataclass
class Peer(grpc.GenericRpcHandler):
    """Offers every method of the platform. A method answers what `answers` holds for it, else an empty message."""

    address: str = ""
    calls: list[ReceivedCall] = field(default_factory=list)
    answers: dict[str, object] = field(default_factory=dict)
    failures: dict[str, deque] = field(default_factory=lambda: defaultdict(deque))
    gone: threading.Event = field(default_factory=threading.Event)
    """Set once a client has given up a call whose departure is noticed."""

    def answer(self, method, answer):
        """`answer`: a message, a list of messages for a stream, or a function of the request that returns either."""
        self.answers[method] = answer

    def fail(self, method, error, *, times=1):
        """The next calls fail: with a ServiceError as the platform sends one, or with a bare gRPC code."""
        self.failures[method].extend([error] * times)

    def calls_of(self, method):
        return [call for call in self.calls if call.method == method]

    def notice_departure(self, context):
        """Set `gone` when the client of this call leaves."""
        if not context.add_callback(self.gone.set):  # it has gone already
            self.gone.set()

    def wait_for_client(self, request, context):
        """An answer that never comes."""
        self.notice_departure(context)
        self.gone.wait(30)
        return request

    def service(self, handler_call_details):
        descriptor = METHODS.get(handler_call_details.method)
        if descriptor is None:
            return None
        make = {
            (False, False): grpc.unary_unary_rpc_method_handler,
            (False, True): grpc.unary_stream_rpc_method_handler,
            (True, False): grpc.stream_unary_rpc_method_handler,
            (True, True): grpc.stream_stream_rpc_method_handler,
        }[descriptor.client_streaming, descriptor.server_streaming]

        def behaviour(request, context):
            request = list(request) if descriptor.client_streaming else request
            metadata = dict(context.invocation_metadata())
            self.calls.append(ReceivedCall(descriptor.name, request, metadata, context.time_remaining(), time.monotonic()))
            if self.failures[descriptor.name]:
                self.abort(self.failures[descriptor.name].popleft(), context, metadata)
            answer = self.answers.get(descriptor.name)
            if answer is None:
                answer = [] if descriptor.server_streaming else GetMessageClass(descriptor.output_type)()
            if callable(answer):
                answer = answer(request, context) if len(inspect.signature(answer).parameters) > 1 else answer(request)
            return iter(answer) if descriptor.server_streaming else answer

        def stream(request, context):
            for response in behaviour(request, context):
                if isinstance(response, ServiceError | grpc.StatusCode):
                    self.abort(response, context, {})
                yield response

        return make(
            stream if descriptor.server_streaming else behaviour,
            request_deserializer=GetMessageClass(descriptor.input_type).FromString,
            response_serializer=lambda message: message.SerializeToString(),
        )

    def abort(self, error, context, metadata):
        """Fail the call as the platform does, or with a bare gRPC code."""
        if isinstance(error, grpc.StatusCode):
            context.abort(error, "as told")
        status = status_of(error, metadata.get("x-request-id", ""))
        context.set_trailing_metadata(trailing_metadata_of(status, metadata.get("x-request-id", "")))
        context.abort(code_of(status), status.message)


@contextmanager
def serving(address: str, credentials: grpc.ServerCredentials | None = None) -> Iterator[Peer]:
    """A peer that listens at `address`, encrypted where it has credentials."""
    peer = Peer()
    executor = ThreadPoolExecutor(8)
    limit = 64 << 20
    server = grpc.server(
        executor,
        options=[
            ("grpc.so_reuseport", 0),
            ("grpc.max_receive_message_length", limit),
            ("grpc.max_send_message_length", limit),
        ],
    )
    server.add_generic_rpc_handlers((peer,))
    port = server.add_secure_port(address, credentials) if credentials else server.add_insecure_port(address)
    peer.address = f"127.0.0.1:{port}"
    server.start()
    yield peer
    peer.gone.set()
    server.stop(0).wait(10)
    executor.shutdown()


@pytest.fixture
def peer() -> Iterator[Peer]:
    with serving("127.0.0.1:0") as peer:
        yield peer


@pytest.fixture
def serve():
    """Starts a peer at a given address, encrypted where it is given credentials."""
    with ExitStack() as stack:
        yield lambda address, credentials=None: stack.enter_context(serving(address, credentials))


class Blocking:
    """An AsyncClient, or a part of it, behind the face of the synchronous one."""

    def __init__(self, target, loop):
        self._target = target
        self._loop = loop

    def __getattr__(self, name):
        return self._wrapped(getattr(self._target, name))

    def _wrapped(self, value):
        if inspect.iscoroutine(value):
            return self._wrapped(self._loop.run_until_complete(value))
        if isinstance(value, AsyncIterator):
            return self._items(value)
        if inspect.ismethod(value):
            return lambda *args, **kwargs: self._wrapped(value(*args, **kwargs))
        return Blocking(value, self._loop) if type(value).__module__.startswith("leitmotif._async") else value

    def _items(self, iterator):
        try:
            while True:
                try:
                    yield self._loop.run_until_complete(anext(iterator))
                except StopAsyncIteration:
                    return
        finally:
            self._loop.run_until_complete(iterator.aclose())


@pytest.fixture(params=["sync", "async"])
def connect(request):
    """Makes clients, of both kinds in turn, with waits between attempts that a test can afford."""
    clients = []
    loop = asyncio.new_event_loop()

    def make(address, **settings):
        settings = {"retry": RetryPolicy(attempts=4, first_wait_s=0.01, longest_wait_s=0.05), **settings}
        client = Client(address, **settings) if request.param == "sync" else Blocking(AsyncClient(address, **settings), loop)
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


@pytest.fixture
def client(connect, peer):
    return connect(peer.address)


@pytest.fixture
def first():
    """The first `count` items of an iterator, which is then closed."""

    def take(iterator, count):
        items = list(islice(iterator, count))
        iterator.close()
        return items

    return take
