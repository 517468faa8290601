"""What the gateway knows of the models that answer: whom, with which prototypes, and what those are called."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from leitmotif.api.prototypes.v1 import models_pb2, prototypes_pb2
from leitmotif_services.gateway.upstreams import Deadline, Upstreams, call
from leitmotif_services.runtime.errors import Reason, ServiceError
from leitmotif_services.runtime.status import UpstreamError

V = TypeVar("V")

NAMES_KEPT_S = 10.0
"""Labels are read again after so long: another gateway may have renamed a prototype."""

_PAGE_SIZE = 1000
_MODELS_KEPT = 64
_TRIES = 3
"""A model may take over between two calls that must agree on it; not three times in a row."""


@dataclass(frozen=True)
class AnsweringModel:
    """The model that answers a user."""

    model_version: str
    profile_version: str
    """What profiles for it carry as their model version; the same for models that share their prototypes."""
    encoder_id: str
    prototype_ids: tuple[str, ...]
    """In the order of their positions."""


@dataclass(frozen=True)
class PrototypeNames:
    """What the prototypes of a profile version are called."""

    profile_version: str
    labels: dict[str, str]
    """By id, in the order of the positions."""
    weak: frozenset[str]
    """Those that are weak witnesses of their tag."""


class ActiveModel:
    """Reads from the prototypes service. `user_id` is whom the model answers, which matters in a trial; "" for the active one."""

    def __init__(self, upstreams: Upstreams) -> None:
        self._upstreams = upstreams
        self._names: OrderedDict[str, tuple[float, PrototypeNames]] = OrderedDict()
        self._profile_versions: OrderedDict[str, str] = OrderedDict()
        self.on_answer: Callable[[AnsweringModel, str], None] | None = None
        """Called with each model that was found to answer, and whom."""

    async def answering(self, user_id: str, deadline: Deadline) -> AnsweringModel:
        """The model that answers the user now."""
        request = models_pb2.GetModelRequest(user_id=user_id)
        answer = await call("prototypes", self._upstreams.models.GetModel, request, deadline)
        model = self.remembered(answer)
        if self.on_answer is not None:
            self.on_answer(model, user_id)
        return model

    def remembered(self, answer: models_pb2.GetModelResponse) -> AnsweringModel:
        """The model of an answer to GetModel."""
        model = answer.model
        # A service of the release before has no profile versions: a profile's was then the model's own.
        profile_version = model.profile_version or model.model_version
        remember(self._profile_versions, model.model_version, profile_version, most=_MODELS_KEPT)
        return AnsweringModel(model.model_version, profile_version, model.encoder_id, tuple(answer.prototype_ids))

    async def profile_version_of(self, model_version: str, user_id: str, deadline: Deadline) -> str | None:
        """What profiles for a model carry that has just answered the user; None when another has taken over since."""
        if model_version not in self._profile_versions:  # never changes, once known
            await self.answering(user_id, deadline)
        return self._profile_versions.get(model_version)

    def forget_names(self) -> None:
        """Have labels read anew: a prototype has just been renamed."""
        self._names.clear()

    async def names(self, profile_version: str, user_id: str, deadline: Deadline) -> PrototypeNames:
        """Names of the prototypes of a profile version; MODEL_VERSION_MISMATCH unless the user's model takes such profiles."""
        now = asyncio.get_running_loop().time()
        kept = self._names.get(profile_version)
        if kept is not None and now - kept[0] < NAMES_KEPT_S:
            return kept[1]
        for _ in range(_TRIES):
            model = await self.answering(user_id, deadline)
            if model.profile_version != profile_version:
                break
            names = await self._list_names(model, user_id, deadline)
            if names is not None:
                remember(self._names, profile_version, (now, names), most=4)
                return names
        raise model_changed()

    async def _list_names(self, model: AnsweringModel, user_id: str, deadline: Deadline) -> PrototypeNames | None:
        """None when another model took over between the pages."""
        prototypes: list[prototypes_pb2.Prototype] = []
        request = prototypes_pb2.ListPrototypesRequest(page_size=_PAGE_SIZE, show_hidden=True, user_id=user_id)
        while True:
            try:
                page = await call("prototypes", self._upstreams.prototypes.ListPrototypes, request, deadline)
            except UpstreamError as error:
                if error.reason == Reason.PAGE_TOKEN_INVALID:
                    return None
                raise
            if page.model_version != model.model_version:
                return None
            prototypes += page.prototypes
            if not page.next_page_token:
                return PrototypeNames(
                    model.profile_version,
                    labels={each.prototype_id: each.label for each in prototypes},
                    weak=frozenset(each.prototype_id for each in prototypes if each.fidelity.weak),
                )
            request.page_token = page.next_page_token


def model_changed() -> ServiceError:
    """MODEL_VERSION_MISMATCH: what two calls answered is of two models."""
    return ServiceError(Reason.MODEL_VERSION_MISMATCH, "the model changed during the call; call again")


def remember(kept: OrderedDict[str, V], key: str, value: V, *, most: int) -> None:
    """Keep the `most` entries that were remembered last."""
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > most:
        kept.popitem(last=False)
