"""A gateway over the real profiles and prototypes services in one process, a real Redis, and a catalogue known by hand."""

import dataclasses
from contextlib import asynccontextmanager
from types import SimpleNamespace

import grpc

from leitmotif.api.evaluation.v1.evaluation_pb2_grpc import EvaluationServiceStub
from leitmotif.api.gateway.v1.gateway_pb2_grpc import GatewayServiceStub
from leitmotif.api.profiles.v1 import profiles_pb2
from leitmotif.api.profiles.v1.exclusions_pb2_grpc import ExclusionsServiceStub
from leitmotif.api.profiles.v1.presets_pb2_grpc import PresetsServiceStub
from leitmotif.api.profiles.v1.profiles_pb2_grpc import ProfilesServiceStub
from leitmotif.api.prototypes.v1.catalogue_pb2_grpc import CatalogueServiceStub
from leitmotif.api.prototypes.v1.models_pb2_grpc import ModelsServiceStub
from leitmotif.api.prototypes.v1.prototypes_pb2_grpc import PrototypesServiceStub
from leitmotif_services.gateway.app import build as build_gateway
from leitmotif_services.gateway.config import GatewayConfig
from leitmotif_services.profiles.app import build as build_profiles
from leitmotif_services.profiles.config import ProfilesConfig
from leitmotif_services.prototypes.app import build as build_prototypes
from leitmotif_services.prototypes.bundle_writing import write_bundle
from leitmotif_services.prototypes.config import PrototypesConfig
from leitmotif_services.runtime.local_channel import LocalChannel
from leitmotif_services.runtime.server import GrpcServer
from tests.unit.prototypes.sample_models import by_hand

LARGE = [("grpc.max_receive_message_length", 64 << 20), ("grpc.max_send_message_length", 64 << 20)]


def with_keys():
    """The model by hand with another prototype in piano's place: of the same tracks, so in the same direction."""
    model = by_hand()
    piano, calm = model.prototypes
    return dataclasses.replace(model, prototypes=[dataclasses.replace(piano, prototype_id="keys", label="keys"), calm])


class Platform:
    """Services that several gateways share."""

    def __init__(self, root, profiles, prototypes):
        self.root = root
        self.local = LocalChannel(profiles, prototypes).as_channel()
        self.profiles = ProfilesServiceStub(self.local)

    def add_bundle(self, model):
        """Write a bundle; returns its version."""
        return write_bundle(model, self.root, encoder_artifact=None).name

    @asynccontextmanager
    async def gateway(self, **settings):
        """Stubs of a gateway at a port of its own."""
        environ = {f"LEITMOTIF_GATEWAY_{name}": str(value) for name, value in {"LISTEN": "127.0.0.1:0", **settings}.items()}
        config = GatewayConfig.from_environment(environ)
        app = await build_gateway(config, channels={"profiles": self.local, "prototypes": self.local})
        server = GrpcServer(config.server, app)
        await server.start()
        own = [*LARGE, ("grpc.use_local_subchannel_pool", 1)]
        async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}", options=own) as channel:
            try:
                yield SimpleNamespace(
                    gateway=GatewayServiceStub(channel),
                    profiles=ProfilesServiceStub(channel),
                    presets=PresetsServiceStub(channel),
                    exclusions=ExclusionsServiceStub(channel),
                    prototypes=PrototypesServiceStub(channel),
                    catalogue=CatalogueServiceStub(channel),
                    models=ModelsServiceStub(channel),
                    evaluation=EvaluationServiceStub(channel),
                )
            finally:
                await channel.close(grace=0)
                await server.drain()
                await app.close()


@asynccontextmanager
async def platform_over(root, redis_url, **profiles_settings):
    """The services, over the model by hand."""
    root.mkdir()
    write_bundle(by_hand(), root, encoder_artifact=None)
    settings = {"REDIS_URL": redis_url, "ALLOW_VOLATILE": "true", **profiles_settings}
    profiles = await build_profiles(
        ProfilesConfig.from_environment({f"LEITMOTIF_PROFILES_{name}": str(value) for name, value in settings.items()})
    )
    try:
        prototypes = await build_prototypes(PrototypesConfig.from_environment({"LEITMOTIF_PROTOTYPES_MODEL_ROOT": str(root)}))
        try:
            yield Platform(root, profiles, prototypes)
        finally:
            await prototypes.close()
    finally:
        await profiles.close()


def weights(profile):
    """What each prototype counts, and why, by its id."""
    return {each.prototype_id: (each.history, each.edit, each.weight) for each in profile.weights}


async def shown(stubs, user_id="ada", **fields):
    """The profile as a watch shows it first: with all that it says of itself."""
    call = stubs.profiles.WatchProfile(profiles_pb2.WatchProfileRequest(user_id=user_id, **fields))
    try:
        return (await call.read()).profile
    finally:
        call.cancel()
