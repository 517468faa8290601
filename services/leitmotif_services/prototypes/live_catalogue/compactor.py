"""Compacts the catalogue in the background, and clears away what nobody needs any more."""

import hashlib
import logging
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from leitmotif_services.prototypes.bundle_records import parse_prototypes
from leitmotif_services.prototypes.bundle_writing import write_bundle
from leitmotif_services.prototypes.live_catalogue.compaction import content_of
from leitmotif_services.prototypes.manifest import ENCODER, PROTOTYPES, Manifest
from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.models.serving import Serving
from leitmotif_services.prototypes.prototype import ADDED
from leitmotif_services.runtime.errors import ServiceError

TEMPORARY_PREFIX = ".compacting-"
REMOVED_PREFIX = ".removing-"

FEWEST_CHANGES = 100
"""A share of a small bundle's tracks that is less than this is no reason to write it anew."""

RETRY_AFTER_S = 30.0
"""A compaction that failed is tried again after so long, once there are changes."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CompactionSettings:
    """When to compact, and what to keep of before."""

    share: float
    """Changes that may wait, as a share of the bundle's tracks."""
    most: int
    """Changes that may wait, whatever the bundle's size."""
    kept_bundles: int
    """Bundles of compactions, and as many of created prototypes, that stay beside those in use."""
    kept_journal_bytes: int
    """Size up to which the journal keeps changes for bundles that are not in use."""
    kept_beside_s: float = 600.0
    """How long a model that no longer answers stays loaded for the pages that were begun with it, however many changes wait …"""
    most_beside: int = 50_000
    """… up to so many."""
    index_storage: str = "auto"
    index_shards: int = 1
    """See `IndexSettings`, of the new bundle's index."""


class PrunedJournal(Protocol):
    """See `file_journal.FileJournal`."""

    @property
    def writes(self) -> bool: ...

    def drop_before(self, revision: int, *, served: int, kept_bytes: int) -> None: ...


class CompactedModels(Protocol):
    """See `models.model_registry.ModelRegistry`."""

    @property
    def root(self) -> Path: ...

    def serving(self) -> Serving | None: ...

    def manifests(self) -> list[Manifest]: ...

    def exclusive(self) -> AbstractContextManager[None]: ...

    def supersede(self, model_version: str, successor_version: str) -> ServedModel | None: ...

    def unload(self, model_version: str) -> bool: ...


class Compactor:
    """One compaction at a time, on a thread of its own. Calls go on meanwhile: changes that come are replayed on top."""

    def __init__(
        self,
        models: CompactedModels,
        journal: PrunedJournal,
        settings: CompactionSettings,
        read_snippet: Callable[[ServedModel, str], bytes],
    ) -> None:
        self._models = models
        self._journal = journal
        self._settings = settings
        self._read_snippet = read_snippet
        self._wanted = threading.Event()
        self._untidy = threading.Event()
        self._untidy.set()
        self._created: dict[str, bool] = {}
        self._beside: tuple[str, float] = ("", 0.0)
        """The version that was last seen beside the active one, and since when, as `time.monotonic` counts."""
        self._closed = False
        self._not_before = 0.0
        self._thread = threading.Thread(target=self._run, name="catalogue-compaction", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look whether a compaction is due."""
        self._wanted.set()

    def tidy(self) -> None:
        """Prune soon, since a bundle was written beside those of compactions."""
        self._untidy.set()
        self._wanted.set()

    def close(self) -> None:
        """Finish what is under way, then end the thread."""
        self._closed = True
        self._wanted.set()
        self._thread.join()

    def clear_away(self) -> None:
        """Remove what a crash left of bundles that were being written or removed. For the process that writes the catalogue."""
        if self._models.root.is_dir():
            for folder in self._models.root.iterdir():
                if folder.name.startswith((TEMPORARY_PREFIX, REMOVED_PREFIX)):
                    log.info("cleared away what a crash left: %s", folder.name)
                    shutil.rmtree(folder, ignore_errors=True)

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            if self._closed:
                return
            self._unload_beside()
            if not self._journal.writes or time.monotonic() < self._not_before:
                continue
            try:
                for model in self._answering():
                    if self._is_due(model):
                        self.compact(model)
                if self._untidy.is_set():
                    self.prune()
            except (OSError, ServiceError, ValueError, MemoryError) as error:
                self._not_before = time.monotonic() + RETRY_AFTER_S
                log.error("cannot compact the catalogue, which goes on as it is: %s", error)
            except Exception:
                self._not_before = time.monotonic() + RETRY_AFTER_S
                log.exception("cannot compact the catalogue, which goes on as it is")

    def _is_due(self, model: ServedModel) -> bool:
        return self._holds_many(model) and len(model.catalogue) > 0

    def _holds_many(self, model: ServedModel) -> bool:
        """Whether more changes wait than may."""
        later = 0 if model.later is None else len(model.later)
        return later > min(max(self._settings.share * model.manifest.track_count, FEWEST_CHANGES), self._settings.most)

    def _unload_beside(self) -> None:
        """Unload a model that is not on trial once it holds many changes: only what answers is worth a compaction.

        Not at once: pages that were begun while it answered are still being turned.
        """
        serving = self._models.serving()
        other = None if serving is None or serving.trial is not None else serving.other
        if other is None or other.later is None:
            self._beside = ("", 0.0)
            return
        now = time.monotonic()
        if other.model_version != self._beside[0]:
            self._beside = (other.model_version, now)
        kept = now - self._beside[1] < self._settings.kept_beside_s and len(other.later) <= self._settings.most_beside
        if not kept and self._holds_many(other) and self._models.unload(other.model_version):
            log.info(
                "unloaded a model that is neither active nor on trial: too many changes of the catalogue waited in it",
                extra={"model_version": other.model_version, "changes": len(other.later)},
            )

    def _answering(self) -> list[ServedModel]:
        serving = self._models.serving()
        if serving is None:
            return []
        return [serving.active] if serving.trial is None or serving.other is None else [serving.active, serving.other]

    def compact(self, model: ServedModel) -> None:
        """Write the model with its changes as a bundle that takes its place, and prune; fails as `write_bundle` does."""
        begun = time.monotonic()
        content = content_of(model, self._read_snippet)
        encoder = model.folder / ENCODER if ENCODER in model.manifest.files else None
        folder = write_bundle(
            content,
            self._models.root,
            encoder_artifact=encoder,
            temporary_prefix=TEMPORARY_PREFIX,
            index_storage=self._settings.index_storage,
            index_shards=self._settings.index_shards,
        )
        successor = self._models.supersede(model.model_version, folder.name)
        if successor is None:
            log.info("compacted a model that is no longer loaded", extra={"model_version": model.model_version})
            return
        log.info(
            "catalogue compacted",
            extra={
                "model_version": folder.name,
                "superseded_version": model.model_version,
                "tracks": successor.manifest.track_count,
                "catalogue_revision": successor.manifest.catalogue_revision,
                "seconds": round(time.monotonic() - begun, 3),
            },
        )
        self.prune()

    def prune(self) -> None:
        """Remove the bundles that the service wrote and nobody needs, then the changes that no bundle needs that is left.

        Those are of compactions and of created prototypes; what a person trained stays.
        """
        self._untidy.clear()
        with self._models.exclusive():  # a bundle that is being loaded is about to answer
            manifests, serving = self._models.manifests(), self._models.serving()
            if serving is None:
                return
            in_use = {*serving.earlier, *(model.model_version for model in serving.loaded)}
            removed = self._superseded([each for each in manifests if each.model_version not in in_use])
            gone = [self._set_aside(manifest) for manifest in removed]
            left = [each.catalogue_revision for each in manifests if each not in removed]
            served = min(model.manifest.catalogue_revision for model in self._answering())
            self._journal.drop_before(min(left), served=served, kept_bytes=self._settings.kept_journal_bytes)
        for folder in gone:
            shutil.rmtree(folder, ignore_errors=True)

    def _superseded(self, manifests: list[Manifest]) -> list[Manifest]:
        """Which of the bundles, none of them in use, are to be removed."""
        newest = sorted(manifests, key=lambda each: (each.catalogue_revision, each.created), reverse=True)
        compacted = [each for each in newest if each.taken_over_from is not None]
        created = [each for each in newest if each.taken_over_from is None and self._is_created(each)]
        return [*compacted[self._settings.kept_bundles :], *created[self._settings.kept_bundles :]]

    def _is_created(self, manifest: Manifest) -> bool:
        """Whether the bundle has prototypes that were created, which no training makes; not where its file is damaged."""
        version = manifest.model_version
        if version not in self._created:
            try:
                raw = (self._models.root / version / PROTOTYPES).read_bytes()
                whole = hashlib.sha256(raw).hexdigest() == manifest.files[PROTOTYPES].sha256
                self._created[version] = whole and any(each.source in ADDED for each in parse_prototypes(raw))
            except (OSError, TypeError, ValueError) as error:
                log.warning("cannot tell whether a bundle may go, it stays: %s", error, extra={"model_version": version})
                return False
        return self._created[version]

    def _set_aside(self, manifest: Manifest) -> Path:
        """The bundle's folder under a name by which nobody finds it: at once, so that nobody finds half a bundle either."""
        gone = self._models.root / f"{REMOVED_PREFIX}{manifest.model_version}"
        (self._models.root / manifest.model_version).rename(gone)
        log.info("removed a bundle that was superseded", extra={"model_version": manifest.model_version})
        return gone
