"""The services behind the gateway: channels, typed stubs, deadlines, and errors in the platform's own terms."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

import grpc

from leitmotif.api.audio.v1.audio_pb2_grpc import AudioServiceStub
from leitmotif.api.profiles.v1.exclusions_pb2_grpc import ExclusionsServiceStub
from leitmotif.api.profiles.v1.profiles_pb2_grpc import ProfilesServiceStub
from leitmotif.api.prototypes.v1.catalogue_pb2_grpc import CatalogueServiceStub
from leitmotif.api.prototypes.v1.models_pb2_grpc import ModelsServiceStub
from leitmotif.api.prototypes.v1.prototypes_pb2_grpc import PrototypesServiceStub
from leitmotif_services.runtime.errors import Reason, ServiceError
from leitmotif_services.runtime.request_context import upstream_metadata
from leitmotif_services.runtime.status import upstream_error

if TYPE_CHECKING:
    from leitmotif.api.audio.v1.audio_pb2_grpc import AudioServiceAsyncStub
    from leitmotif.api.profiles.v1.exclusions_pb2_grpc import ExclusionsServiceAsyncStub
    from leitmotif.api.profiles.v1.profiles_pb2_grpc import ProfilesServiceAsyncStub
    from leitmotif.api.prototypes.v1.catalogue_pb2_grpc import CatalogueServiceAsyncStub
    from leitmotif.api.prototypes.v1.models_pb2_grpc import ModelsServiceAsyncStub
    from leitmotif.api.prototypes.v1.prototypes_pb2_grpc import PrototypesServiceAsyncStub

Response = TypeVar("Response")

_CHANNEL_OPTIONS = [
    ("grpc.max_receive_message_length", 64 << 20),
    ("grpc.max_send_message_length", 64 << 20),
    ("grpc.lb_policy_name", "round_robin"),
    # A service that was restarted is found again within a second, not within grpc's default two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
]


class CallContext(Protocol):
    """What a deadline is read from: grpc.aio's context and the local channel's alike."""

    def time_remaining(self) -> float | None: ...


@dataclass(frozen=True)
class Deadline:
    """The moment a caller's call ends, on the event loop's clock."""

    at: float

    @classmethod
    def of(cls, context: CallContext, default_s: float) -> "Deadline":
        """The caller's own deadline, or `default_s` from now where the caller set none."""
        remaining_s = context.time_remaining()
        return cls(asyncio.get_running_loop().time() + (default_s if remaining_s is None else remaining_s))

    def remaining_s(self) -> float:
        """Seconds that are left; DEADLINE_EXCEEDED when none is."""
        left_s = self.at - asyncio.get_running_loop().time()
        if left_s <= 0:
            raise ServiceError(Reason.DEADLINE_EXCEEDED, "the deadline passed before the work was done")
        return left_s


class Upstreams:
    """Channels to the services behind the gateway, by the service's short name, and stubs of those it composes."""

    def __init__(self, channels: Mapping[str, grpc.aio.Channel]) -> None:
        self.channels = channels
        self.audio = cast("AudioServiceAsyncStub", AudioServiceStub(channels["audio"]))
        self.prototypes = cast("PrototypesServiceAsyncStub", PrototypesServiceStub(channels["prototypes"]))
        self.catalogue = cast("CatalogueServiceAsyncStub", CatalogueServiceStub(channels["prototypes"]))
        self.models = cast("ModelsServiceAsyncStub", ModelsServiceStub(channels["prototypes"]))
        self.profiles = cast("ProfilesServiceAsyncStub", ProfilesServiceStub(channels["profiles"]))
        self.exclusions = cast("ExclusionsServiceAsyncStub", ExclusionsServiceStub(channels["profiles"]))

    async def close(self) -> None:
        """Close the network channels; a local channel has nothing to close."""
        for channel in self.channels.values():
            if isinstance(channel, grpc.aio.Channel):
                await channel.close()


def open_channel(address: str) -> grpc.aio.Channel:
    """A channel to a service of this deployment."""
    return grpc.aio.insecure_channel(address, options=_CHANNEL_OPTIONS)


async def call(service: str, method: Callable[..., Awaitable[Response]], request: object, deadline: Deadline) -> Response:
    """Call one method with what is left of the deadline; raises UpstreamError with the status that came back."""
    try:
        return await method(request, timeout=deadline.remaining_s(), metadata=upstream_metadata())
    except grpc.aio.AioRpcError as error:
        raise upstream_error(error, service) from error
