# Generated from leitmotif/_async/prototypes.py by clients/python/generate_sync.py; edit that file instead.
"""Prototypes: to read, to hear, to make and to name."""

import os
import uuid
from collections.abc import Iterable, Iterator

from leitmotif._audio_files import AudioFile, check_size
from leitmotif._convert.catalogue import created_prototype_of, prototype_of, prototype_search_of
from leitmotif._sync.transport import Transport
from leitmotif.api.gateway.v1 import gateway_pb2
from leitmotif.api.prototypes.v1 import prototypes_pb2 as pb2
from leitmotif.errors import InvalidArgumentError, Reason
from leitmotif.types import AudioItem, CreatedPrototype, Prototype, PrototypeSearch

CREATE_TIMEOUT_S = 300.0
"""A new prototype is written as a new version of the model, which takes longer than a call does, in seconds."""

_LISTINGS = 3
"""A model may take over while the pages of another are read; not three times in a row."""


class Prototypes:
    """The prototypes of the active model: `client.prototypes`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, *, show_hidden: bool = False, page_size: int = 0, timeout_s: float | None = None) -> Iterator[Prototype]:
        """Every prototype, in the order of the positions; hidden ones too where asked for.

        All are of one model: the pages are read before the first prototype is given, from the start again where the model
        changes between them. Each page has its own deadline.
        """
        for prototype in self._whole_list(show_hidden, page_size, timeout_s):
            yield prototype_of(prototype)

    def get(self, prototype_id: str, *, timeout_s: float | None = None) -> Prototype:
        """One prototype. NotFoundError (PROTOTYPE_NOT_FOUND) when the active model has none of that id."""
        request = pb2.GetPrototypeRequest(prototype_id=prototype_id)
        method = self._transport.stubs.prototypes.GetPrototype
        response = self._transport.call(method, request, timeout_s=timeout_s, repeatable=True)
        return prototype_of(response.prototype)

    def search(
        self, query: str, count: int = 10, *, show_hidden: bool = False, timeout_s: float | None = None
    ) -> PrototypeSearch:
        """Prototypes that fit the words, the best first: by label and description, and by meaning where the server can."""
        request = gateway_pb2.SearchPrototypesRequest(query=query, count=count, show_hidden=show_hidden)
        method = self._transport.stubs.gateway.SearchPrototypes
        return prototype_search_of(self._transport.call(method, request, timeout_s=timeout_s, repeatable=True))

    def create_from_tracks(
        self,
        label: str,
        track_ids: Iterable[str],
        *,
        description: str = "",
        request_id: str | None = None,
        timeout_s: float = CREATE_TIMEOUT_S,
    ) -> CreatedPrototype:
        """Make a prototype of what 1 to 1000 tracks have in common; a new version of the model has it at once.

        Nobody's list changes until somebody edits it. `request_id` makes a repeat within 24 hours return the first answer; it
        is made when not given. NotFoundError (TRACK_NOT_FOUND) for an unknown track.
        """
        request = gateway_pb2.CreatePrototypeRequest(
            label=label, description=description, tracks=pb2.TrackIds(track_ids=track_ids), request_id=request_id or ""
        )
        return self._create(request, timeout_s)

    def create_from_clip(
        self,
        label: str,
        clip: AudioItem | str | os.PathLike[str],
        *,
        description: str = "",
        request_id: str | None = None,
        timeout_s: float = CREATE_TIMEOUT_S,
    ) -> CreatedPrototype:
        """Make a prototype that sounds like an audio file, given by its path or its content; else as `create_from_tracks`.

        InvalidArgumentError with an AUDIO_… reason where the server cannot read it, OSError where this machine cannot.
        """
        if isinstance(clip, AudioItem):
            item = clip
        else:
            file = AudioFile(clip)
            item = file.read()
        check_size(item.track_id, len(item.content))
        request = gateway_pb2.CreatePrototypeRequest(
            label=label, description=description, clip=item.content, request_id=request_id or ""
        )
        return self._create(request, timeout_s)

    def create_from_phrase(
        self,
        label: str,
        phrase: str = "",
        *,
        description: str = "",
        request_id: str | None = None,
        timeout_s: float = CREATE_TIMEOUT_S,
    ) -> CreatedPrototype:
        """Make a prototype of what a phrase means, such as "slow piano at night", the label where none is given.

        PreconditionError (ENCODER_READS_NO_TEXT) where the server has no text tower; else as `create_from_tracks`.
        """
        request = gateway_pb2.CreatePrototypeRequest(
            label=label, description=description, phrase=phrase or label, request_id=request_id or ""
        )
        return self._create(request, timeout_s)

    def rename(
        self, prototype_id: str, label: str, *, description: str | None = None, timeout_s: float | None = None
    ) -> Prototype:
        """Give a prototype another label, 1 to 64 characters, and where given another description; returns it as it is then."""
        changed = pb2.Prototype(prototype_id=prototype_id, label=label, description=description or "")
        return self._update(changed, ["label"] if description is None else ["label", "description"], timeout_s)

    def hide(self, prototype_id: str, *, timeout_s: float | None = None) -> Prototype:
        """Leave a prototype out of lists and searches. It scores as before."""
        return self._update(pb2.Prototype(prototype_id=prototype_id, hidden=True), ["hidden"], timeout_s)

    def show(self, prototype_id: str, *, timeout_s: float | None = None) -> Prototype:
        """Take a prototype that was hidden into lists and searches again."""
        return self._update(pb2.Prototype(prototype_id=prototype_id), ["hidden"], timeout_s)

    def exemplar_audio(self, prototype_id: str, index: int = 0, *, timeout_s: float | None = None) -> bytes:
        """The audio file of an exemplar, what the prototype sounds like; `Exemplar.mime_type` names its format.

        NotFoundError (EXEMPLAR_NOT_FOUND) when there is no such exemplar, or the bundle holds no audio for it.
        """
        request = pb2.ReadExemplarRequest(prototype_id=prototype_id, exemplar_index=index)
        method = self._transport.stubs.prototypes.ReadExemplar
        chunks = self._transport.collect(method, request, timeout_s=timeout_s)
        return b"".join(response.chunk for response in chunks)

    def _whole_list(self, show_hidden: bool, page_size: int, timeout_s: float | None) -> "tuple[pb2.Prototype, ...]":
        method = self._transport.stubs.prototypes.ListPrototypes
        responses: Iterable[pb2.ListPrototypesResponse] = ()
        for listing in range(1, _LISTINGS + 1):
            pages = self._transport.pages(
                lambda page_token: self._transport.call(
                    method,
                    pb2.ListPrototypesRequest(show_hidden=show_hidden, page_size=page_size, page_token=page_token),
                    timeout_s=timeout_s,
                    repeatable=True,
                )
            )
            try:
                responses = list(pages)
            except InvalidArgumentError as error:
                if error.reason != Reason.PAGE_TOKEN_INVALID or listing == _LISTINGS:
                    raise
                continue
            if len({response.model_version for response in responses}) == 1:
                break
        return tuple(prototype for response in responses for prototype in response.prototypes)

    def _create(self, request: gateway_pb2.CreatePrototypeRequest, timeout_s: float) -> CreatedPrototype:
        request.request_id = request.request_id or uuid.uuid4().hex
        method = self._transport.stubs.gateway.CreatePrototype
        return created_prototype_of(self._transport.call(method, request, timeout_s=timeout_s, repeatable=True))

    def _update(self, prototype: pb2.Prototype, paths: Iterable[str], timeout_s: float | None) -> Prototype:
        request = pb2.UpdatePrototypeRequest(prototype=prototype)
        request.update_mask.paths.extend(paths)
        method = self._transport.stubs.prototypes.UpdatePrototype
        response = self._transport.call(method, request, timeout_s=timeout_s, repeatable=True)
        return prototype_of(response.prototype)
