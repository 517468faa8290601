"""Keeps the profiles service told of the prototypes of the models that answer: their ids, labels and directions."""

import asyncio
import logging
from collections import OrderedDict

from leitmotif.api.profiles.v1 import profiles_pb2
from leitmotif.api.prototypes.v1 import models_pb2
from leitmotif_services.gateway.active_model import ActiveModel, AnsweringModel, remember
from leitmotif_services.gateway.upstreams import Deadline, Upstreams, call
from leitmotif_services.runtime.errors import Reason, ServiceError
from leitmotif_services.runtime.status import UpstreamError

_MOST_LABEL_CHARACTERS = 256
"""The profiles service takes no longer ones; bundles may have them."""

_VERSIONS_KEPT = 4
"""Two answer in a trial; the others may be gone, and their users answered by one of the two."""

log = logging.getLogger(__name__)


class PrototypeSpaces:
    """Registers the spaces of models: when a call meets an unknown one and, beside the calls, when there may be news of one."""

    def __init__(self, upstreams: Upstreams, model: ActiveModel, *, timeout_s: float) -> None:
        """`timeout_s` is for what is done beside the calls. `model` is listened to for versions that were not met before."""
        self._upstreams = upstreams
        self._model = model
        self._timeout_s = timeout_s
        self._wanted: dict[str, None] = {}
        self._work: asyncio.Task[None] | None = None
        self._users: OrderedDict[str, str] = OrderedDict()
        """One of those whom each profile version answered."""
        self._registered: OrderedDict[str, None] = OrderedDict()
        """Profile versions that this process has registered."""
        model.on_answer = self._met

    async def register(self, user_id: str, deadline: Deadline) -> AnsweringModel:
        """Make the prototypes of the model that answers the user known to the profiles service; returns the model."""
        model, described = await self._described(user_id, deadline)
        request = profiles_pb2.RegisterPrototypeSpaceRequest(
            model_version=model.profile_version,
            prototype_ids=model.prototype_ids,
            labels=[label[:_MOST_LABEL_CHARACTERS] for label in described.labels],
        )
        if described.HasField("directions"):
            request.directions.CopyFrom(described.directions)
            request.encoder_id = model.encoder_id
        await call("profiles", self._upstreams.profiles.RegisterPrototypeSpace, request, deadline)
        remember(self._users, model.profile_version, user_id, most=_VERSIONS_KEPT)
        remember(self._registered, model.profile_version, None, most=_VERSIONS_KEPT)
        return model

    def renamed(self) -> None:
        """A prototype has just been renamed through this gateway: have its label read and registered anew."""
        self._model.forget_names()
        # The label is one of all models that have the prototype: the active one and, in a trial, another for some of the users.
        self._register_beside(*(self._users.values() or ("",)))

    def activated(self) -> None:
        """Another model may be the active one now: have it registered before a call meets it, and as the last."""
        self._register_beside("")

    async def close(self) -> None:
        """End what is being done beside the calls."""
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)

    def _met(self, model: AnsweringModel, user_id: str) -> None:
        remember(self._users, model.profile_version, user_id, most=_VERSIONS_KEPT)
        # Where an earlier release or another gateway registered it, labels and directions may be missing, or of long ago.
        if model.profile_version not in self._registered:
            self._register_beside(user_id)

    def _register_beside(self, *user_ids: str) -> None:
        self._wanted.update(dict.fromkeys(user_ids))  # many renames in a row are registered as one
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._register_wanted())

    async def _register_wanted(self) -> None:
        while self._wanted:
            user_id = next(iter(self._wanted))
            del self._wanted[user_id]
            await self._try_to_register(user_id)

    async def _try_to_register(self, user_id: str) -> None:
        deadline = Deadline(asyncio.get_running_loop().time() + self._timeout_s)
        try:
            await self.register(user_id, deadline)
        except (UpstreamError, ServiceError) as error:
            log.warning("labels of prototypes were not registered: %s", error)
        except Exception:
            log.exception("labels of prototypes were not registered")

    async def _described(self, user_id: str, deadline: Deadline) -> tuple[AnsweringModel, models_pb2.GetModelResponse]:
        request = models_pb2.GetModelRequest(user_id=user_id, include_prototypes=True)
        try:
            answer = await call("prototypes", self._upstreams.models.GetModel, request, deadline)
        except UpstreamError as error:
            if error.reason != Reason.LIMIT_EXCEEDED:
                raise
            # Labels and directions serve people and carrying over; no call may fail for their size.
            request.include_prototypes = False
            answer = await call("prototypes", self._upstreams.models.GetModel, request, deadline)
        return self._model.remembered(answer), answer
