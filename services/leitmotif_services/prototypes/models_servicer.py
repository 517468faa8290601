"""ModelsService: validate, convert, call the registry on a thread, convert back."""

# ruff: noqa: ARG002 (gRPC hands every method its request and context)

from leitmotif.api.prototypes.v1 import models_pb2 as pb2
from leitmotif.api.prototypes.v1 import models_pb2_grpc
from leitmotif_services.prototypes import convert
from leitmotif_services.prototypes.bounded_calls import BoundedCalls, Context
from leitmotif_services.prototypes.models.model_registry import ModelRegistry
from leitmotif_services.runtime.admission import Admission
from leitmotif_services.runtime.validation import checked_id


class ModelsServicer(models_pb2_grpc.ModelsServiceServicer):
    """Lists bundles, and says which of them answers."""

    def __init__(self, registry: ModelRegistry, calls: BoundedCalls, activations: Admission) -> None:
        self._registry = registry
        self._calls = calls
        self._activations = activations

    async def GetModel(self, request: pb2.GetModelRequest, context: Context) -> pb2.GetModelResponse:
        model = self._registry.current()
        return pb2.GetModelResponse(
            model=convert.model_message(model.manifest, active=True),
            prototype_ids=[prototype.prototype_id for prototype in model.prototypes],
        )

    async def ListModels(self, request: pb2.ListModelsRequest, context: Context) -> pb2.ListModelsResponse:
        manifests = await self._calls.on_thread(context, self._registry.manifests)
        return pb2.ListModelsResponse(
            models=[
                convert.model_message(manifest, active=self._registry.is_active(manifest.model_version)) for manifest in manifests
            ]
        )

    async def ActivateModel(self, request: pb2.ActivateModelRequest, context: Context) -> pb2.ActivateModelResponse:
        version = checked_id("model_version", request.model_version)
        # On threads of its own: a bundle takes seconds to verify, and searches go on meanwhile.
        model = await self._activations.run(self._registry.activate, version)
        return pb2.ActivateModelResponse(model=convert.model_message(model.manifest, active=True))
