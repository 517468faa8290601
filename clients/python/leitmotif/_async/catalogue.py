"""Prototypes, tracks and models."""

from collections.abc import AsyncIterator

from leitmotif._async.transport import AsyncTransport
from leitmotif._convert.catalogue import described_track_of, model_of, prototype_of, track_of
from leitmotif.api.prototypes.v1 import catalogue_pb2, models_pb2, prototypes_pb2
from leitmotif.types import DescribedTrack, Model, Prototype, Track

ACTIVATE_TIMEOUT_S = 120.0
"""Verifying and loading a bundle takes longer than a call does, in seconds."""


class AsyncPrototypes:
    """The prototypes of the active model: `client.prototypes`."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list(self, *, page_size: int = 0, timeout_s: float | None = None) -> AsyncIterator[Prototype]:
        """Every prototype, in the order of the positions. Pages are fetched as they are needed, each with its own deadline."""
        method = self._transport.stubs.prototypes.ListPrototypes
        async for response in self._transport.pages(
            lambda page_token: self._transport.call(
                method,
                prototypes_pb2.ListPrototypesRequest(page_size=page_size, page_token=page_token),
                timeout_s=timeout_s,
                repeatable=True,
            )
        ):
            for prototype in response.prototypes:
                yield prototype_of(prototype)

    async def get(self, prototype_id: str, *, timeout_s: float | None = None) -> Prototype:
        """One prototype. NotFoundError (PROTOTYPE_NOT_FOUND) when the active model has none of that id."""
        request = prototypes_pb2.GetPrototypeRequest(prototype_id=prototype_id)
        method = self._transport.stubs.prototypes.GetPrototype
        response = await self._transport.call(method, request, timeout_s=timeout_s, repeatable=True)
        return prototype_of(response.prototype)

    async def exemplar_audio(self, prototype_id: str, index: int = 0, *, timeout_s: float | None = None) -> bytes:
        """The audio file of an exemplar, what the prototype sounds like; `Exemplar.mime_type` names its format.

        NotFoundError (EXEMPLAR_NOT_FOUND) when there is no such exemplar, or the bundle holds no audio for it.
        """
        request = prototypes_pb2.ReadExemplarRequest(prototype_id=prototype_id, exemplar_index=index)
        method = self._transport.stubs.prototypes.ReadExemplar
        chunks = await self._transport.collect(method, request, timeout_s=timeout_s)
        return b"".join(response.chunk for response in chunks)


class AsyncTracks:
    """The tracks of the catalogue: `client.tracks`."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list(self, query: str = "", *, page_size: int = 0, timeout_s: float | None = None) -> AsyncIterator[Track]:
        """Every track by id; with `query`, those whose title, artist or tags contain it. Pages are fetched as needed."""
        method = self._transport.stubs.catalogue.ListTracks
        async for response in self._transport.pages(
            lambda page_token: self._transport.call(
                method,
                catalogue_pb2.ListTracksRequest(query=query, page_size=page_size, page_token=page_token),
                timeout_s=timeout_s,
                repeatable=True,
            )
        ):
            for track in response.tracks:
                yield track_of(track)

    async def get(self, track_id: str, *, timeout_s: float | None = None) -> DescribedTrack:
        """One track with its affinities. NotFoundError (TRACK_NOT_FOUND) when the catalogue has none of that id."""
        request = catalogue_pb2.GetTrackRequest(track_id=track_id)
        method = self._transport.stubs.catalogue.GetTrack
        return described_track_of(await self._transport.call(method, request, timeout_s=timeout_s, repeatable=True))


class AsyncModels:
    """The trained models: `client.models`."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def active(self, *, timeout_s: float | None = None) -> Model:
        """The model that answers. PreconditionError (MODEL_NOT_LOADED) when none does yet."""
        method = self._transport.stubs.models.GetModel
        response = await self._transport.call(method, models_pb2.GetModelRequest(), timeout_s=timeout_s, repeatable=True)
        return model_of(response.model, tuple(response.prototype_ids))

    async def list(self, *, timeout_s: float | None = None) -> tuple[Model, ...]:
        """Every model that the server could activate, newest first."""
        method = self._transport.stubs.models.ListModels
        response = await self._transport.call(method, models_pb2.ListModelsRequest(), timeout_s=timeout_s, repeatable=True)
        return tuple(map(model_of, response.models))

    async def activate(self, model_version: str, *, timeout_s: float = ACTIVATE_TIMEOUT_S) -> Model:
        """Verify and load a model and make it answer. DataLossError when it does not verify; the old one goes on then."""
        request = models_pb2.ActivateModelRequest(model_version=model_version)
        method = self._transport.stubs.models.ActivateModel
        response = await self._transport.call(method, request, timeout_s=timeout_s, repeatable=False)
        return model_of(response.model)
