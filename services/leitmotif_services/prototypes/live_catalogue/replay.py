"""Brings a model up to the catalogue's last change."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from leitmotif_services.prototypes.live_catalogue.changes import Batch, Change, Delete
from leitmotif_services.prototypes.live_catalogue.later_tracks import with_changes
from leitmotif_services.prototypes.model import ServedModel

T = TypeVar("T")

log = logging.getLogger(__name__)


class ReadableJournal(Protocol):
    """See `file_journal.FileJournal`."""

    @property
    def last_revision(self) -> int: ...

    @property
    def first_revision(self) -> int: ...

    def read_after(self, revision: int, use: Callable[[Iterator[Batch]], T]) -> T: ...


def advanced(model: ServedModel, batches: Sequence[Batch], told: set[str]) -> ServedModel:
    """The model after those of the batches that it does not hold yet; the first time that it cannot take a change is told in the
    log.

    `told`: the versions of the models of which that was told; the model's is added.
    """
    for batch in batches:
        if batch.revision > model.catalogue_revision:
            read = _folded([batch], model)
            model = with_changes(model, read.changes, batch.revision)
            if read.left_out and model.model_version not in told:
                told.add(model.model_version)
                log.warning(
                    "changes of the catalogue are not carried over to a model that is loaded, from this one on: "
                    "their audio was heard by another encoder",
                    extra={
                        "model_version": model.model_version,
                        "encoder_id": model.manifest.encoder_id,
                        "heard_by": batch.encoder_id,
                        "catalogue_revision": batch.revision,
                    },
                )
    return model


def caught_up(model: ServedModel, journal: ReadableJournal) -> ServedModel:
    """The model after every change in the journal that it does not hold yet; what it cannot take is told in the log."""
    before = model.catalogue_revision
    if before >= journal.last_revision:
        return model
    about = {"model_version": model.model_version, "bundle_revision": before, "first_revision": journal.first_revision}
    if before + 1 < journal.first_revision:
        log.warning("changes of the catalogue before the journal's first are not carried over to the model", extra=about)
    read = journal.read_after(before, lambda batches: _folded(batches, model))
    model = with_changes(model, read.changes, max(read.revision, before))
    if read.left_out:
        log.warning(
            "%d changes of the catalogue are not carried over: their audio was heard by another encoder",
            read.left_out,
            extra={**about, "encoder_id": model.manifest.encoder_id},
        )
    log.info("changes of the catalogue replayed", extra={**about, "changes": len(read.changes), "left_out": read.left_out})
    return model


@dataclass(frozen=True)
class _Folded:
    """What several batches come to."""

    changes: list[Change]
    """One a track."""
    left_out: int
    """Changes that the model cannot take."""
    revision: int
    """That of the last batch; 0 without any. Not the journal's: another batch may have been appended since it was read."""


def _folded(batches: Iterable[Batch], model: ServedModel) -> _Folded:
    """The changes that have the effect of all that the model can take.

    It cannot take what another encoder heard, save for a track that it has, of which nothing but the audio stays then as it was.
    """
    last: dict[str, Change] = {}
    left_out = revision = 0
    dimension = model.embeddings.shape[1]
    for batch in batches:
        revision = batch.revision
        foreign = batch.encoder_id != model.manifest.encoder_id
        for change in batch.changes:
            before = last.get(change.track_id)
            if isinstance(change, Delete):
                last[change.track_id] = change
                continue
            known = before is None and model.catalogue.position_of(change.track_id) is not None
            if (foreign or change.embedding.shape != (dimension,)) and (change.heard_anew or not known):
                left_out += 1
                continue
            # A track that was deleted, or heard anew, in between has no rows that could be kept.
            anew = change.heard_anew or isinstance(before, Delete) or (before is not None and before.heard_anew)
            last[change.track_id] = replace(change, heard_anew=anew)
    return _Folded(list(last.values()), left_out, revision)
