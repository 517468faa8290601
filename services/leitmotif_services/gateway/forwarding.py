"""Methods that the gateway offers as they are: their bytes are passed on without being decoded."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.descriptor import ServiceDescriptor

from leitmotif.api.audio.v1.audio_pb2 import DESCRIPTOR as AUDIO
from leitmotif.api.evaluation.v1.evaluation_pb2 import DESCRIPTOR as EVALUATION
from leitmotif.api.evaluation.v1.texts_pb2 import DESCRIPTOR as TEXTS
from leitmotif.api.gateway.v1.gateway_pb2 import DESCRIPTOR as GATEWAY
from leitmotif.api.profiles.v1.exclusions_pb2 import DESCRIPTOR as EXCLUSIONS
from leitmotif.api.profiles.v1.presets_pb2 import DESCRIPTOR as PRESETS
from leitmotif.api.profiles.v1.profiles_pb2 import DESCRIPTOR as PROFILES
from leitmotif.api.prototypes.v1.catalogue_pb2 import DESCRIPTOR as CATALOGUE
from leitmotif.api.prototypes.v1.models_pb2 import DESCRIPTOR as MODELS
from leitmotif.api.prototypes.v1.prototypes_pb2 import DESCRIPTOR as PROTOTYPES
from leitmotif_services.gateway.upstreams import Deadline, call
from leitmotif_services.runtime.request_context import upstream_metadata
from leitmotif_services.runtime.status import upstream_error


@dataclass(frozen=True)
class Offer:
    """What callers may use of one proto service behind the gateway; all else is refused as unimplemented."""

    upstream: str
    """Short name of the service that serves it."""
    descriptor: ServiceDescriptor
    methods: tuple[str, ...]


OWN = GATEWAY.services_by_name["GatewayService"]
"""What the gateway serves itself."""

OFFERED = (
    Offer(
        "audio",
        AUDIO.services_by_name["AudioService"],
        ("EmbedTracks", "EmbedStream", "EmbedTexts", "ListEncoders", "GetEncoder"),
    ),
    Offer(
        "prototypes",
        PROTOTYPES.services_by_name["PrototypesService"],
        ("ListPrototypes", "GetPrototype", "UpdatePrototype", "ReadExemplar", "FindSimilarTracks"),
    ),
    Offer(
        "prototypes",
        CATALOGUE.services_by_name["CatalogueService"],
        ("UpsertTracks", "DeleteTracks", "ListTracks", "GetTrack"),
    ),
    Offer(
        "prototypes",
        MODELS.services_by_name["ModelsService"],
        ("GetModel", "ListModels", "LoadModel", "ActivateModel", "RollBackModel", "StartTrial", "EndTrial"),
    ),
    Offer(
        "profiles",
        PROFILES.services_by_name["ProfilesService"],
        ("UndoEdit", "RedoEdit", "ListEdits", "ListEvents", "ExportProfile", "DeleteProfile", "WatchProfile"),
    ),
    Offer(
        "profiles",
        PRESETS.services_by_name["PresetsService"],
        ("SavePreset", "ListPresets", "DeletePreset", "ActivatePreset", "DeactivatePreset"),
    ),
    Offer("profiles", EXCLUSIONS.services_by_name["ExclusionsService"], ("GetExclusions",)),
    Offer(
        "evaluation",
        EVALUATION.services_by_name["EvaluationService"],
        ("CreateJob", "GetJob", "ListJobs", "WatchJob", "CancelJob", "DeleteJob", "ReadReport"),
    ),
    Offer("evaluation", TEXTS.services_by_name["TextsService"], ("UploadText", "GetText", "ListTexts", "DeleteText")),
)


def _paths(*names: str) -> frozenset[str]:
    offered = (f"/{offer.descriptor.full_name}/{name}" for offer in OFFERED for name in offer.methods)
    return frozenset(path for path in offered if path.rpartition("/")[2] in names)


UPLOADS = _paths("EmbedTracks", "UpsertTracks") | {f"/{OWN.full_name}/{name}" for name in ("CreatePrototype", "ImportProfile")}
"""Full names of the methods whose requests are large where all is well: with a clip, or with all that a user ever heard."""

DOWNLOADS = _paths(
    "ListPrototypes", "ListTracks", "ListEdits", "ListEvents", "ExportProfile", "ListJobs", "ListPresets", "GetExclusions"
)
"""Full names of the methods whose answers are large where all is well."""

LONG = ("LoadModel", "ActivateModel", "RollBackModel", "StartTrial")
"""Methods that may read a bundle of gigabytes before they answer."""


class ForwardedService(grpc.GenericRpcHandler):
    """Serves the offered methods of one proto service behind the gateway."""

    def __init__(
        self,
        offer: Offer,
        channel: grpc.aio.Channel,
        *,
        call_timeout_s: float,
        long_call_timeout_s: float,
        after: Mapping[str, Callable[[], None]],
    ) -> None:
        """The timeouts are for callers who set no deadline. `after` is called, by method, once such a call has succeeded."""
        service = offer.upstream
        self.full_name = offer.descriptor.full_name
        self._handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}
        for name in offer.methods:
            path = f"/{self.full_name}/{name}"
            method = offer.descriptor.methods_by_name[name]
            if method.client_streaming:
                both: Any = _forward_stream(service, channel.stream_stream(path))
                self._handlers[path] = grpc.stream_stream_rpc_method_handler(both)
            elif method.server_streaming:
                stream: Any = _forward_stream(service, channel.unary_stream(path))
                self._handlers[path] = grpc.unary_stream_rpc_method_handler(stream)
            else:
                timeout_s = long_call_timeout_s if name in LONG else call_timeout_s
                unary: Any = _forward_unary(service, channel.unary_unary(path), timeout_s, after.get(name))
                self._handlers[path] = grpc.unary_unary_rpc_method_handler(unary)

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any] | None:
        """The handler of an offered method; None has the server answer UNIMPLEMENTED."""
        return self._handlers.get(handler_call_details.method)

    def add_to_server(self, server: Any) -> None:
        """What a `Mount` calls."""
        server.add_generic_rpc_handlers((self,))


def _forward_unary(
    service: str, method: Callable[..., Awaitable[bytes]], call_timeout_s: float, after: Callable[[], None] | None
) -> Callable[[bytes, Any], Awaitable[bytes]]:
    async def forward(request: bytes, context: Any) -> bytes:
        answer = await call(service, method, request, Deadline.of(context, call_timeout_s))
        if after is not None:
            after()
        return answer

    return forward


def _forward_stream(
    service: str, method: Callable[..., Any]
) -> Callable[[bytes | AsyncIterator[bytes], Any], AsyncIterator[bytes]]:
    """`method` streams its answers; it takes one request, or a stream that is read as the service behind asks for more."""

    async def forward(requests: bytes | AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
        # A stream lasts as long as the caller lets it: watching a job has no natural bound.
        call = method(requests, timeout=context.time_remaining(), metadata=upstream_metadata())
        try:
            async for response in call:
                yield response
        except grpc.aio.AioRpcError as error:
            raise upstream_error(error, service) from error
        finally:
            # So that the work ends when the caller has gone, not when this is collected.
            if isinstance(call, grpc.aio.Call):
                call.cancel()
            else:
                await call.aclose()

    return forward
