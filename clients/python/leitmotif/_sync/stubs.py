# Generated from leitmotif/_async/stubs.py by clients/python/generate_sync.py; edit that file instead.
"""The stubs of every service that the public endpoint offers."""

from typing import Any, cast

import grpc

from leitmotif.api.audio.v1 import audio_pb2_grpc
from leitmotif.api.evaluation.v1 import evaluation_pb2_grpc, texts_pb2_grpc
from leitmotif.api.gateway.v1 import gateway_pb2_grpc
from leitmotif.api.profiles.v1 import exclusions_pb2_grpc, presets_pb2_grpc, profiles_pb2_grpc
from leitmotif.api.prototypes.v1 import catalogue_pb2_grpc, models_pb2_grpc, prototypes_pb2_grpc


class Stubs:
    """Stubs on one channel."""

    # One generated class serves both kinds of channel and is typed for one of them only, hence the casts.
    def __init__(self, channel: grpc.Channel) -> None:
        self.gateway: gateway_pb2_grpc.GatewayServiceStub = cast(Any, gateway_pb2_grpc.GatewayServiceStub(channel))
        self.profiles: profiles_pb2_grpc.ProfilesServiceStub = cast(Any, profiles_pb2_grpc.ProfilesServiceStub(channel))
        self.presets: presets_pb2_grpc.PresetsServiceStub = cast(Any, presets_pb2_grpc.PresetsServiceStub(channel))
        self.exclusions: exclusions_pb2_grpc.ExclusionsServiceStub = cast(Any, exclusions_pb2_grpc.ExclusionsServiceStub(channel))
        self.prototypes: prototypes_pb2_grpc.PrototypesServiceStub = cast(Any, prototypes_pb2_grpc.PrototypesServiceStub(channel))
        self.catalogue: catalogue_pb2_grpc.CatalogueServiceStub = cast(Any, catalogue_pb2_grpc.CatalogueServiceStub(channel))
        self.models: models_pb2_grpc.ModelsServiceStub = cast(Any, models_pb2_grpc.ModelsServiceStub(channel))
        self.audio: audio_pb2_grpc.AudioServiceStub = cast(Any, audio_pb2_grpc.AudioServiceStub(channel))
        self.evaluation: evaluation_pb2_grpc.EvaluationServiceStub = cast(Any, evaluation_pb2_grpc.EvaluationServiceStub(channel))
        self.texts: texts_pb2_grpc.TextsServiceStub = cast(Any, texts_pb2_grpc.TextsServiceStub(channel))
