"""Changes the catalogue: one thread takes the calls that wait, writes what they ask for together, and lets it be seen."""

import logging
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.prototypes.live_catalogue.changes import Batch, Change, Delete, Upsert
from leitmotif_services.prototypes.live_catalogue.replay import advanced
from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.track import Track
from leitmotif_services.runtime.errors import Reason, ServiceError, forget_locals, invalid_field

Floats = NDArray[np.float32]

MOST_WAITING = 256
"""Calls that may wait to be written; the next one is refused."""

RETRY_AFTER_S = 2.0
"""When to come back once too many changes wait for a compaction."""

_IDLE_S = 1.0

log = logging.getLogger(__name__)


class Journal(Protocol):
    """Where changes survive a crash; see `file_journal.FileJournal`."""

    last_revision: int

    @property
    def refusal(self) -> str: ...

    def append(self, batches: Sequence[Batch]) -> None: ...

    def sync(self) -> None: ...


class Models(Protocol):
    """The models in memory; see `models.model_registry.ModelRegistry`."""

    def current(self) -> ServedModel: ...

    def update(self, change: Callable[[ServedModel], ServedModel]) -> None: ...


@dataclass(frozen=True)
class UpsertRequest:
    """Tracks to add or replace."""

    tracks: Mapping[int, tuple[Track, Floats | None]]
    """By their places in the call, each of another id; without an embedding, the audio is as before."""
    encoder_id: str
    """Empty where no track has an embedding."""


@dataclass(frozen=True)
class DeleteRequest:
    """Tracks to take out."""

    track_ids: Sequence[str]
    """Without repeats."""


@dataclass(frozen=True)
class Outcome:
    """What became of a request, all of whose changes are seen from then on."""

    refused: dict[int, ServiceError]
    """Why a track was refused, by its place in the request; of a deletion, the tracks that were not there."""
    catalogue_revision: int
    model_version: str


@dataclass
class _Call:
    request: UpsertRequest | DeleteRequest
    answer: "Future[Outcome]" = field(default_factory=Future)


class CatalogueWriter:
    """Serialises changes. What waits together shares one write and one wait for the disk."""

    def __init__(
        self,
        journal: Journal,
        models: Models,
        *,
        most_later: int,
        on_change: Callable[[], None],
        sync_interval_s: float = 0.0,
    ) -> None:
        """`most_later`: changes that may wait for a compaction. `on_change` is called on the writing thread after each write."""
        self._journal = journal
        self._models = models
        self._most_later = most_later
        self._on_change = on_change
        self._idle_s = sync_interval_s or _IDLE_S
        self._told: set[str] = set()
        self._calls: queue.Queue[_Call | None] = queue.Queue(MOST_WAITING)
        self._thread = threading.Thread(target=self._run, name="catalogue-writer", daemon=True)
        self._thread.start()

    def submit(self, request: UpsertRequest | DeleteRequest) -> "Future[Outcome]":
        """The outcome, once it is on disk and seen. OVERLOADED at once when too many calls wait.

        The future's error says why there is none: ENCODER_MISMATCH (metadata: expected, actual); LIMIT_EXCEEDED (metadata: limit,
        actual) where the request is too long for the journal; OVERLOADED while more changes wait for a compaction than are kept;
        STORE_UNAVAILABLE when nothing can be written; MODEL_NOT_LOADED.
        """
        call = _Call(request)
        try:
            self._calls.put_nowait(call)
        except queue.Full:
            raise ServiceError(
                Reason.OVERLOADED, f"{MOST_WAITING} changes of the catalogue wait to be written", limit=MOST_WAITING
            ) from None
        return call.answer

    def close(self) -> None:
        """Write what waits, then end the thread."""
        self._calls.put(None)
        self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                first = self._calls.get(timeout=self._idle_s)
            except queue.Empty:
                self._sync()
                continue
            calls: list[_Call | None] = [first]
            while not self._calls.empty() and len(calls) < MOST_WAITING:
                calls.append(self._calls.get_nowait())
            self._write([call for call in calls if call is not None and call.answer.set_running_or_notify_cancel()])
            if None in calls:
                return

    def _sync(self) -> None:
        try:
            self._journal.sync()
        except OSError as error:
            log.error("cannot force the catalogue's journal to disk: %s", error)

    def _write(self, calls: Sequence[_Call]) -> None:
        if not calls:
            return
        try:
            done = self._written(calls)
        except Exception as error:
            if not isinstance(error, ServiceError):
                log.exception("cannot change the catalogue")
            left = [call for call in calls if not call.answer.done()]
            forget_locals(error)
            if isinstance(error, ServiceError) and error.reason is Reason.LIMIT_EXCEEDED and len(left) > 1:
                for call in left:  # one asks for too much at once, and the others are not to blame
                    self._write([call])
                return
            for call in left:
                call.answer.set_exception(error)
            return
        for call, outcome in done:
            call.answer.set_result(outcome)
        self._on_change()

    def _written(self, calls: Sequence[_Call]) -> list[tuple[_Call, Outcome]]:
        """Of calls that were not refused as a whole, the outcomes; refused ones have their errors."""
        model = self._models.current()
        pending = _Pending(model)
        later = 0 if model.later is None else len(model.later)
        revision = max(self._journal.last_revision, model.catalogue_revision)
        batches, planned = [], []
        for call in calls:
            try:
                if self._journal.refusal:
                    raise ServiceError(Reason.STORE_UNAVAILABLE, f"the catalogue cannot be changed: {self._journal.refusal}")
                changes, refused = pending.changes(call.request)
                if later + len(pending) + len(changes) > self._most_later and isinstance(call.request, UpsertRequest):
                    raise self._overloaded(later)
            except ServiceError as error:
                call.answer.set_exception(error)
                continue
            pending.accept(changes)
            if changes:
                revision += 1
                batches.append(Batch(revision, model.manifest.encoder_id, tuple(changes)))
            planned.append((call, refused, revision))
        if batches:
            self._journal.append(batches)
            self._models.update(lambda each: advanced(each, batches, self._told))
        version = model.model_version
        return [(call, Outcome(refused, reached, version)) for call, refused, reached in planned]

    def _overloaded(self, later: int) -> ServiceError:
        return ServiceError(
            Reason.OVERLOADED,
            f"{later} changes of the catalogue wait for a compaction, {self._most_later} may",
            retry_after_s=RETRY_AFTER_S,
            limit=self._most_later,
        )


class _Pending:
    """The catalogue as it will be once the calls before were written."""

    def __init__(self, model: ServedModel) -> None:
        self._model = model
        self._embeddings: dict[str, Floats | None] = {}

    def __len__(self) -> int:
        """Tracks that have changed."""
        return len(self._embeddings)

    def changes(self, request: UpsertRequest | DeleteRequest) -> tuple[list[Change], dict[int, ServiceError]]:
        """What a request changes, and why the rest of it is refused, by place."""
        changes: list[Change] = []
        refused: dict[int, ServiceError] = {}
        if isinstance(request, DeleteRequest):
            for place, track_id in enumerate(request.track_ids):
                if self._embedding_of(track_id) is None:
                    refused[place] = ServiceError(Reason.TRACK_NOT_FOUND, f"no track {track_id!r}", track_id=track_id)
                else:
                    changes.append(Delete(track_id))
            return changes, refused
        expected = self._model.manifest.encoder_id
        if request.encoder_id and request.encoder_id != expected:
            raise ServiceError(
                Reason.ENCODER_MISMATCH,
                f"the embeddings are of encoder {request.encoder_id}, the model's are of {expected}",
                expected=expected,
                actual=request.encoder_id,
            )
        for place, (track, embedding) in request.tracks.items():
            known = self._embedding_of(track.track_id) if embedding is None else None
            heard = known if embedding is None else embedding
            if heard is None:
                refused[place] = invalid_field(
                    f"tracks[{place}].embedding", f"must be given: the catalogue has no track {track.track_id!r}"
                )
            else:
                changes.append(Upsert(track, heard, embedding is not None))
        return changes, refused

    def accept(self, changes: Sequence[Change]) -> None:
        """Count changes as made."""
        for change in changes:
            self._embeddings[change.track_id] = None if isinstance(change, Delete) else change.embedding

    def _embedding_of(self, track_id: str) -> Floats | None:
        if track_id in self._embeddings:
            return self._embeddings[track_id]
        position = self._model.catalogue.position_of(track_id)
        return None if position is None else np.asarray(self._model.embeddings[position], np.float32)
