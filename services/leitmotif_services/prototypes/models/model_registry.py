"""Which model answers: bundles below one folder, and a pointer to the active one that outlives a restart."""

import json
import logging
import os
import re
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from leitmotif_services.prototypes.manifest import Manifest
from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.runtime.errors import Reason, ServiceError

POINTER = "active.json"
"""File of the model folder that names the active version; written by `activate` alone."""

_POINTER_BYTES_LIMIT = 4096
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")

log = logging.getLogger(__name__)


class ModelRegistry:
    """Holds the active model. `current` is for the event loop; the rest reads files and belongs on a thread."""

    def __init__(self, root: Path, load: Callable[[Path], ServedModel], read_manifest: Callable[[Path], Manifest]) -> None:
        """`load` gives the verified model of a bundle's folder, `read_manifest` its manifest alone; both raise ServiceError."""
        self._root = root
        self._load = load
        self._read_manifest = read_manifest
        self._active: ServedModel | None = None
        self._problem = ""
        self._activation = threading.Lock()

    def current(self) -> ServedModel:
        """The model that answers now; MODEL_NOT_LOADED says why there is none."""
        model = self._active
        if model is None:
            raise ServiceError(Reason.MODEL_NOT_LOADED, f"no model is loaded: {self._problem or 'none was activated yet'}")
        return model

    def is_active(self, model_version: str) -> bool:
        """Whether that version answers now."""
        return self._active is not None and self._active.model_version == model_version

    def start(self) -> None:
        """Load the version that was activated last or, where none ever was, the newest bundle that verifies.

        An activated version that does not verify is not replaced by another one: profiles belong to it. The service
        then runs without a model, says why in every answer, and waits for `activate`.
        """
        try:
            pointed = self._pointed_version()
            self._active = self._newest_valid() if pointed is None else self._load(self._folder(pointed))
        except ServiceError as error:
            self._problem = error.message
        except OSError as error:
            log.error("cannot read the model folder: %s", error)
            self._problem = "the model folder cannot be read"
        if self._active is None:
            # An empty folder is how every installation begins; a bundle that does not load is a fault.
            level = logging.ERROR if self.manifests() else logging.INFO
            log.log(level, "starting without a model: %s", self._problem, extra={"model_root": str(self._root)})
        else:
            log.info("model loaded", extra={"model_version": self._active.model_version, "index": self._active.index.name})

    def manifests(self) -> list[Manifest]:
        """The bundles with a readable manifest, newest first."""
        found = []
        for folder in sorted(self._root.iterdir()) if self._root.is_dir() else ():
            if not _VERSION.fullmatch(folder.name) or not _is_real_folder(folder):
                continue
            try:
                found.append(self._read_manifest(folder))
            except ServiceError as error:
                log.warning("passed over a bundle: %s", error.message, extra={"bundle": folder.name})
        return sorted(found, key=lambda manifest: (manifest.created, manifest.model_version), reverse=True)

    def activate(self, model_version: str) -> ServedModel:
        """Verify and load a bundle, remember it for the next start, then let it answer. One at a time.

        MODEL_NOT_FOUND, BUNDLE_CORRUPT, BUNDLE_SCHEMA_UNKNOWN, or STORE_UNAVAILABLE when the pointer cannot be written; the
        model that answered before then goes on.
        """
        with self._activation:
            model = self._load(self._folder(model_version))
            try:
                self._point_to(model_version)
            except OSError as error:
                log.error("cannot write %s: %s", POINTER, error)
                raise ServiceError(Reason.STORE_UNAVAILABLE, "the model folder cannot be written") from error
            self._active = model
        log.info("model activated", extra={"model_version": model_version, "index": model.index.name})
        return model

    def _folder(self, model_version: str) -> Path:
        folder = self._root / model_version
        if not _VERSION.fullmatch(model_version) or not _is_real_folder(folder):
            raise ServiceError(
                Reason.MODEL_NOT_FOUND, f"no bundle of model version {model_version!r}", model_version=model_version
            )
        return folder

    def _newest_valid(self) -> ServedModel | None:
        self._problem = "the model folder holds no bundle"
        for manifest in self.manifests():
            try:
                return self._load(self._root / manifest.model_version)
            except ServiceError as error:
                log.error("passed over a bundle: %s", error.message, extra={"bundle": manifest.model_version})
                self._problem = f"bundle {manifest.model_version}: {error.message}"
        return None

    def _pointed_version(self) -> str | None:
        try:
            with (self._root / POINTER).open("rb") as file:
                raw = file.read(_POINTER_BYTES_LIMIT)
        except FileNotFoundError:
            return None
        try:
            return str(json.loads(raw)["model_version"])
        except (KeyError, RecursionError, TypeError, ValueError) as error:
            raise ServiceError(Reason.MODEL_NOT_LOADED, f"{POINTER} is damaged") from error

    def _point_to(self, model_version: str) -> None:
        descriptor, temporary = tempfile.mkstemp(prefix=".active-", dir=self._root)
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                os.fchmod(descriptor, 0o644)  # mkstemp's own mode would keep out a service that runs as another user
                json.dump({"model_version": model_version}, file)
                file.flush()
                os.fsync(descriptor)
            Path(temporary).replace(self._root / POINTER)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        folder = os.open(self._root, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _is_real_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
