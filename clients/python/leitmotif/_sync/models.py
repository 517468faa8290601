# Generated from leitmotif/_async/models.py by clients/python/generate_sync.py; edit that file instead.
"""Models and trials."""

from leitmotif._convert.models import model_of, trial_of
from leitmotif._sync.transport import Transport
from leitmotif.api.prototypes.v1 import models_pb2 as pb2
from leitmotif.types import Model, Trial

LOAD_TIMEOUT_S = 300.0
"""Verifying and loading a bundle takes longer than a call does, in seconds."""


class Models:
    """The trained models: `client.models`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def active(self, user_id: str = "", *, timeout_s: float | None = None) -> Model:
        """The model that answers a user, which in a trial may be another than the active one; without a user, the active one.

        PreconditionError (MODEL_NOT_LOADED) when none does yet.
        """
        method = self._transport.stubs.models.GetModel
        request = pb2.GetModelRequest(user_id=user_id)
        response = self._transport.call(method, request, timeout_s=timeout_s, repeatable=True)
        return model_of(response.model, tuple(response.prototype_ids), response.arm)

    def list(self, *, timeout_s: float | None = None) -> tuple[Model, ...]:
        """Every model that the server could activate, newest first."""
        return tuple(map(model_of, (self._list(timeout_s)).models))

    def trial(self, *, timeout_s: float | None = None) -> Trial | None:
        """The trial that is under way; None without one."""
        response = self._list(timeout_s)
        return trial_of(response.trial) if response.HasField("trial") else None

    def load(self, model_version: str, *, timeout_s: float = LOAD_TIMEOUT_S) -> Model:
        """Verify a model and load it beside the one that answers, so that activating it takes no time.

        DataLossError (BUNDLE_CORRUPT) when it does not verify.
        """
        method = self._transport.stubs.models.LoadModel
        request = pb2.LoadModelRequest(model_version=model_version)
        return model_of((self._transport.call(method, request, timeout_s=timeout_s, repeatable=True)).model)

    def activate(self, model_version: str, *, timeout_s: float = LOAD_TIMEOUT_S) -> Model:
        """Make a model answer, loaded first where it is not; ends a trial. Calls that have begun end with the model before.

        DataLossError (BUNDLE_CORRUPT) when it does not verify; the model before goes on then.
        """
        method = self._transport.stubs.models.ActivateModel
        request = pb2.ActivateModelRequest(model_version=model_version)
        return model_of((self._transport.call(method, request, timeout_s=timeout_s, repeatable=False)).model)

    def roll_back(self, *, timeout_s: float = LOAD_TIMEOUT_S) -> Model:
        """Activate the model that was active before; returns it. PreconditionError (NO_EARLIER_MODEL) when there is none.

        Not repeated by itself: a repeat would go back to where it came from.
        """
        method = self._transport.stubs.models.RollBackModel
        request = pb2.RollBackModelRequest()
        return model_of((self._transport.call(method, request, timeout_s=timeout_s, repeatable=False)).model)

    def start_trial(self, model_version: str, share: float, name: str, *, timeout_s: float = LOAD_TIMEOUT_S) -> Trial:
        """Have a second model answer a share of the users, above 0, at most 1, drawn by a hash of their ids.

        A trial that is under way is replaced; under the same name users keep their places, and a larger share keeps those of a
        smaller one.
        """
        method = self._transport.stubs.models.StartTrial
        request = pb2.StartTrialRequest(model_version=model_version, share=share, name=name)
        return trial_of((self._transport.call(method, request, timeout_s=timeout_s, repeatable=True)).trial)

    def end_trial(self, *, timeout_s: float | None = None) -> bool:
        """Have the active model answer everybody; False when there was no trial.

        Not repeated by itself: a repeat whose first answer was lost would say that there was none.
        """
        method = self._transport.stubs.models.EndTrial
        return (self._transport.call(method, pb2.EndTrialRequest(), timeout_s=timeout_s, repeatable=False)).ended

    def _list(self, timeout_s: float | None) -> pb2.ListModelsResponse:
        method = self._transport.stubs.models.ListModels
        return self._transport.call(method, pb2.ListModelsRequest(), timeout_s=timeout_s, repeatable=True)
