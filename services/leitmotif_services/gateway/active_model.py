"""What the gateway knows of the model that answers: its version, its prototypes, and their labels."""

from dataclasses import dataclass

from leitmotif.api.profiles.v1 import profiles_pb2
from leitmotif.api.prototypes.v1 import models_pb2, prototypes_pb2
from leitmotif_services.gateway.upstreams import Deadline, Upstreams, call
from leitmotif_services.runtime.errors import Reason, ServiceError

_PAGE_SIZE = 1000


@dataclass(frozen=True)
class PrototypeNames:
    """Labels of the prototypes of one model version, and which of them are weak witnesses of their tag."""

    model_version: str
    labels: dict[str, str]
    weak: frozenset[str]


class ActiveModel:
    """Reads from the prototypes service, and keeps the names of the last model version that was asked for."""

    def __init__(self, upstreams: Upstreams) -> None:
        self._upstreams = upstreams
        self._names: PrototypeNames | None = None

    async def version(self, deadline: Deadline) -> str:
        """The version that answers now."""
        return (await self._read(deadline)).model.model_version

    async def has_prototype(self, prototype_id: str, deadline: Deadline) -> bool:
        """Whether the model that answers now has a prototype of that id."""
        return prototype_id in (await self._read(deadline)).prototype_ids

    async def register_space(self, deadline: Deadline) -> str:
        """Make the active model's prototypes known to the profiles service; returns the model version."""
        model = await self._read(deadline)
        request = profiles_pb2.RegisterPrototypeSpaceRequest(
            model_version=model.model.model_version, prototype_ids=model.prototype_ids
        )
        await call("profiles", self._upstreams.profiles.RegisterPrototypeSpace, request, deadline)
        return model.model.model_version

    async def names(self, model_version: str, deadline: Deadline) -> PrototypeNames:
        """Labels of the prototypes of `model_version`, which must be the active one (MODEL_VERSION_MISMATCH)."""
        if self._names is None or self._names.model_version != model_version:
            self._names = await self._list_names(deadline)
        if self._names.model_version != model_version:
            raise ServiceError(
                Reason.MODEL_VERSION_MISMATCH,
                "the model changed during the call; call again",
                expected=self._names.model_version,
                actual=model_version,
            )
        return self._names

    async def _read(self, deadline: Deadline) -> models_pb2.GetModelResponse:
        return await call("prototypes", self._upstreams.models.GetModel, models_pb2.GetModelRequest(), deadline)

    async def _list_names(self, deadline: Deadline) -> PrototypeNames:
        labels: dict[str, str] = {}
        weak: set[str] = set()
        request = prototypes_pb2.ListPrototypesRequest(page_size=_PAGE_SIZE)
        while True:
            page = await call("prototypes", self._upstreams.prototypes.ListPrototypes, request, deadline)
            labels.update({prototype.prototype_id: prototype.label for prototype in page.prototypes})
            weak.update(prototype.prototype_id for prototype in page.prototypes if prototype.fidelity.weak)
            if not page.next_page_token:
                return PrototypeNames(page.model_version, labels, frozenset(weak))
            request.page_token = page.next_page_token
