"""ModelsService: validate, convert, call the registry on a thread, convert back."""

# ruff: noqa: ARG002 (gRPC hands every method its request and context)

from leitmotif.api.prototypes.v1 import models_pb2 as pb2
from leitmotif.api.prototypes.v1 import models_pb2_grpc
from leitmotif_services.prototypes import convert
from leitmotif_services.prototypes.bounded_calls import BoundedCalls, Context
from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.models.model_registry import ModelRegistry
from leitmotif_services.prototypes.models_convert import ARMS, model_message, trial_message
from leitmotif_services.prototypes.vocabulary.prototype_directions import Directions
from leitmotif_services.runtime.admission import Admission
from leitmotif_services.runtime.validation import checked_id


class ModelsServicer(models_pb2_grpc.ModelsServiceServicer):
    """Lists bundles, says which of them answers whom, and changes it."""

    def __init__(
        self,
        registry: ModelRegistry,
        calls: BoundedCalls,
        activations: Admission,
        directions: Directions,
        direction_calls: BoundedCalls,
    ) -> None:
        """`activations`: threads for what reads whole bundles, which takes seconds while searches go on.

        `direction_calls`: a thread that works directions out, so that neither searches nor activations wait for it.
        """
        self._registry = registry
        self._calls = calls
        self._activations = activations
        self._directions = directions
        self._direction_calls = direction_calls

    async def GetModel(self, request: pb2.GetModelRequest, context: Context) -> pb2.GetModelResponse:
        if request.user_id:
            checked_id("user_id", request.user_id)
        model, arm = self._registry.for_user(request.user_id)
        response = pb2.GetModelResponse(
            model=self._message(model),
            prototype_ids=[prototype.prototype_id for prototype in model.prototypes],
            arm=ARMS[arm],
        )
        if not request.include_prototypes:
            return response

        def described() -> pb2.GetModelResponse:
            response.labels.extend(prototype.label for prototype in model.prototypes)
            response.directions.CopyFrom(convert.float_matrix(self._directions.of(model)))
            return self._direction_calls.fitting(response)

        return await self._direction_calls.on_thread(context, described)

    async def ListModels(self, request: pb2.ListModelsRequest, context: Context) -> pb2.ListModelsResponse:
        manifests = await self._calls.on_thread(context, self._registry.manifests)
        serving = self._registry.serving()
        return pb2.ListModelsResponse(
            models=[model_message(manifest, serving) for manifest in manifests],
            trial=trial_message(None if serving is None else serving.trial),
        )

    async def LoadModel(self, request: pb2.LoadModelRequest, context: Context) -> pb2.LoadModelResponse:
        version = checked_id("model_version", request.model_version)
        return pb2.LoadModelResponse(model=self._message(await self._activations.run(self._registry.load, version)))

    async def ActivateModel(self, request: pb2.ActivateModelRequest, context: Context) -> pb2.ActivateModelResponse:
        version = checked_id("model_version", request.model_version)
        return pb2.ActivateModelResponse(model=self._message(await self._activations.run(self._registry.activate, version)))

    async def RollBackModel(self, request: pb2.RollBackModelRequest, context: Context) -> pb2.RollBackModelResponse:
        return pb2.RollBackModelResponse(model=self._message(await self._activations.run(self._registry.roll_back)))

    async def StartTrial(self, request: pb2.StartTrialRequest, context: Context) -> pb2.StartTrialResponse:
        version = checked_id("model_version", request.model_version)
        name = checked_id("name", request.name)
        trial = await self._activations.run(self._registry.start_trial, version, request.share, name)
        return pb2.StartTrialResponse(trial=trial_message(trial))

    async def EndTrial(self, request: pb2.EndTrialRequest, context: Context) -> pb2.EndTrialResponse:
        return pb2.EndTrialResponse(ended=await self._activations.run(self._registry.end_trial))

    def _message(self, model: ServedModel) -> pb2.Model:
        return model_message(model.manifest, self._registry.serving())
