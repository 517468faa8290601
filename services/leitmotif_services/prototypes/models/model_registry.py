"""Which models are in memory, and which of them answers whom: bundles below one folder, and a pointer that outlives a restart."""

import logging
import math
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from leitmotif_services.prototypes.manifest import Manifest
from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.models.active_pointer import EARLIER_LIMIT, POINTER, Pointer, read_pointer, write_pointer
from leitmotif_services.prototypes.models.serving import Serving
from leitmotif_services.prototypes.models.trial import Arm, Trial
from leitmotif_services.runtime.errors import Reason, ServiceError, invalid_field

_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")

log = logging.getLogger(__name__)


class ModelRegistry:
    """Holds at most two models, save while a third is verified that is to take the place of one that answers.

    What reads (`current`, `for_user`, `with_…`, `serving`) is for the event loop; the rest reads files and belongs on a thread.
    What changes who answers runs one at a time, writes the pointer first and replaces the state then: when a call fails, nothing
    has changed.
    """

    def __init__(
        self,
        root: Path,
        load: Callable[[Path], ServedModel],
        read_manifest: Callable[[Path], Manifest],
        *,
        prepare: Callable[[ServedModel], ServedModel] = lambda model: model,
    ) -> None:
        """`load` gives the verified model of a bundle's folder, `read_manifest` its manifest alone; both raise ServiceError.

        `prepare` brings a model up to date, as often as it is asked to: it runs on each that is loaded, and again, for what has
        happened meanwhile, just before it is put in place, while no `update` does.
        """
        self._root = root
        self._load = load
        self._read_manifest = read_manifest
        self._prepare = prepare
        self._serving: Serving | None = None
        self._problem = ""
        self._changes = threading.RLock()  # one change of who answers at a time; held while bundles are read
        self._swap = threading.RLock()  # held for as long as it takes to replace the state

    @property
    def root(self) -> Path:
        """Folder of the bundles."""
        return self._root

    # ---- who answers

    def serving(self) -> Serving | None:
        """The models in memory; None while there is no model."""
        return self._serving

    def current(self) -> ServedModel:
        """The active model; MODEL_NOT_LOADED says why there is none."""
        return self._required().active

    def for_user(self, user_id: str) -> tuple[ServedModel, Arm]:
        """The model that answers the user, and the trial's arm; for "" it is the active one. MODEL_NOT_LOADED as in `current`."""
        return self._required().for_user(user_id)

    def with_profile_version(self, profile_version: str) -> ServedModel | None:
        """A loaded model that profiles of that version can be ranked with, the active one where it can; None when none can."""
        loaded = self._serving.loaded if self._serving else ()
        return next((model for model in loaded if model.profile_version == profile_version), None)

    def with_version(self, model_version: str) -> ServedModel | None:
        """The loaded model of that version; None when it is not loaded."""
        return self._serving.version(model_version) if self._serving else None

    def is_active(self, model_version: str) -> bool:
        """Whether that version is the active one."""
        return self._serving is not None and self._serving.active.model_version == model_version

    # ---- files

    def start(self) -> None:
        """Load what answered last or, where nothing ever was activated, the newest bundle that verifies.

        An activated version that does not verify is not replaced by another one: profiles belong to it. The service
        then runs without a model, says why in every answer, and waits for `activate`. A trial whose model does not verify is not
        taken up: the active model answers everybody.
        """
        with self._changes:
            try:
                pointer = read_pointer(self._root)
                if pointer is None:
                    newest = self._newest_valid()
                    self._serving = None if newest is None else Serving(newest)
                else:
                    self._serving = self._pointed(pointer)
            except ServiceError as error:
                self._problem = error.message
            except OSError as error:
                log.error("cannot read the model folder: %s", error)
                self._problem = "the model folder cannot be read"
            if self._serving is None:
                # An empty folder is how every installation begins; a bundle that does not load is a fault.
                level = logging.ERROR if self.manifests() else logging.INFO
                log.log(level, "starting without a model: %s", self._problem, extra={"model_root": str(self._root)})
            else:
                active = self._serving.active
                log.info("model loaded", extra={"model_version": active.model_version, "index": active.index.name})

    def manifests(self) -> list[Manifest]:
        """The bundles with a readable manifest, newest first; a loaded one whose folder has gone is still among them."""
        serving = self._serving
        found = {model.model_version: model.manifest for model in (serving.loaded if serving else ())}
        for folder in sorted(self._root.iterdir()) if self._root.is_dir() else ():
            if not _VERSION.fullmatch(folder.name) or not _is_real_folder(folder) or folder.name in found:
                continue
            try:
                found[folder.name] = self._read_manifest(folder)
            except ServiceError as error:
                log.warning("passed over a bundle: %s", error.message, extra={"bundle": folder.name})
        return sorted(found.values(), key=lambda manifest: (manifest.created, manifest.model_version), reverse=True)

    def load(self, model_version: str) -> ServedModel:
        """Verify a bundle and keep it in memory beside the active one; one that is loaded is kept as it is.

        MODEL_NOT_FOUND, BUNDLE_CORRUPT, BUNDLE_SCHEMA_UNKNOWN; FIELD_INVALID while the place is taken by a trial. Makes room
        first, so that the model which had the place is gone even when this one does not verify.
        """
        with self._changes:
            serving = self._serving
            if serving is None:
                return self.activate(model_version)
            if (loaded := serving.version(model_version)) is not None:
                return loaded
            folder = self._folder(model_version)
            if serving.trial is not None:
                raise invalid_field(
                    "model_version", f"two models are loaded, and {serving.trial.model_version} is on trial: end the trial first"
                )
            self._put(replace(serving, other=None))
            model = self._ready(folder)
            return self._put(replace(serving, other=model)).other or model

    def activate(self, model_version: str) -> ServedModel:
        """Let a bundle answer, loaded first where it is not; ends a trial. The model that answered before stays loaded.

        MODEL_NOT_FOUND, BUNDLE_CORRUPT, BUNDLE_SCHEMA_UNKNOWN, or STORE_UNAVAILABLE when the pointer cannot be written; who
        answered before goes on then.
        """
        with self._changes:
            serving = self._serving
            before = () if serving is None else (serving.active.model_version, *serving.earlier)
            if serving is not None and serving.active.model_version == model_version:
                before = serving.earlier
            return self._activate(model_version, before)

    def roll_back(self) -> ServedModel:
        """Activate the version that was active before; again, the one before that. NO_EARLIER_MODEL when none is remembered.

        Fails as `activate` does, and nothing has changed then.
        """
        with self._changes:
            earlier = self._required().earlier
            if not earlier:
                raise ServiceError(Reason.NO_EARLIER_MODEL, "no model was active before this one")
            return self._activate(earlier[0], earlier[1:])

    def start_trial(self, model_version: str, share: float, name: str) -> Trial:
        """Let a second model, loaded first where it is not, answer a share of the users; replaces a trial that is under way.

        FIELD_INVALID for a share that is none or for the active model; else it fails as `activate` does.
        """
        if not (math.isfinite(share) and 0.0 < share <= 1.0):
            raise invalid_field("share", f"must be above 0 and at most 1, is {share}")
        with self._changes:
            serving = self._required()
            if serving.active.model_version == model_version:
                raise invalid_field("model_version", f"{model_version} is the active model, against which another is to be tried")
            folder = self._folder(model_version)
            model = serving.version(model_version) or self._loaded_in_place_of(serving, folder)
            trial = Trial(model_version, share, name, datetime.now(UTC))
            self._folder(model_version)  # as in `_activate`
            self._point(Pointer(serving.active.model_version, serving.earlier, trial))
            self._put(replace(self._required(), other=model, trial=trial))
        log.info("trial started", extra={"model_version": model_version, "share": share, "trial": name})
        return trial

    def end_trial(self) -> bool:
        """Let the active model answer everybody; whether there was a trial. STORE_UNAVAILABLE as in `activate`."""
        with self._changes:
            serving = self._required()
            if serving.trial is None:
                return False
            self._point(Pointer(serving.active.model_version, serving.earlier))
            self._put(replace(self._required(), trial=None))
        log.info("trial ended", extra={"model_version": serving.trial.model_version, "trial": serving.trial.name})
        return True

    # ---- for those that write bundles and change loaded models

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep who answers as it is while a bundle is written that is to take over, or others are removed."""
        with self._changes:
            yield

    def update(self, change: Callable[[ServedModel], ServedModel]) -> None:
        """Replace every loaded model by what `change` makes of it, at once; it must keep the model's version.

        Must not take long: nothing else is put in place meanwhile.
        """
        with self._swap:
            serving = self._serving
            if serving is not None:
                other = serving.other and change(serving.other)
                self._serving = replace(serving, active=change(serving.active), other=other)

    def succeed(self, model_version: str) -> ServedModel:
        """Activate a bundle that was made of the active one and holds more than that. As `activate`, but a trial goes on."""
        with self._changes:
            serving = self._required()
            return self._activate(model_version, (serving.active.model_version, *serving.earlier), keep_trial=True)

    def supersede(self, model_version: str, successor_version: str) -> ServedModel | None:
        """Put a bundle in the place of a loaded one whose prototypes it took over, as a compaction does.

        Active for active, on trial for on trial, and in what can be rolled back to. None when that version is not loaded any
        more; fails as `activate` does.
        """
        with self._changes:
            serving = self._serving
            if serving is None or serving.version(model_version) is None:
                return None
            model = self._ready(self._folder(successor_version))
            earlier = tuple(successor_version if version == model_version else version for version in serving.earlier)
            trial = serving.trial
            if trial is not None and trial.model_version == model_version:
                trial = replace(trial, model_version=successor_version)
            serving = replace(
                self._required(),
                active=model if serving.active.model_version == model_version else self._required().active,
                other=model if serving.active.model_version != model_version else self._required().other,
                trial=trial,
                earlier=earlier,
            )
            self._folder(successor_version)  # as in `_activate`
            self._point(Pointer(serving.active.model_version, earlier, trial))
            return self._put(serving).version(successor_version)

    def unload(self, model_version: str) -> bool:
        """Forget a loaded model that is neither active nor on trial, whether or not it can be rolled back to; whether it was one.

        It is loaded anew, with the changes since, when it is asked for.
        """
        with self._changes:
            serving = self._serving
            if serving is None or serving.trial is not None or serving.other is None:
                return False
            if serving.other.model_version != model_version:
                return False
            self._put(replace(serving, other=None))
            return True

    def _activate(self, model_version: str, earlier: tuple[str, ...], *, keep_trial: bool = False) -> ServedModel:
        serving = self._serving
        trial = serving.trial if serving and keep_trial else None
        loaded = serving.version(model_version) if serving else None
        if serving is None:
            model = self._ready(self._folder(model_version))
        elif loaded is None:
            model = self._loaded_in_place_of(serving, self._folder(model_version))
        else:
            model = loaded
        earlier = tuple(version for version in earlier if version != model_version)[:EARLIER_LIMIT]
        if serving is None or model is not serving.active:
            self._folder(model_version)  # a bundle that has gone meanwhile would leave the next start without a model
        self._point(Pointer(model_version, earlier, trial))
        now = self._serving
        other = None if now is None else now.active if now.active.model_version != model_version else now.other
        if trial is not None and now is not None:
            other = now.other
        active = self._put(Serving(model, other, trial, earlier)).active
        log.info("model activated", extra={"model_version": model_version, "index": active.index.name})
        return active

    def _loaded_in_place_of(self, serving: Serving, folder: Path) -> ServedModel:
        """The bundle's model, once room was made for it: only a model on trial stays until its successor is known to verify."""
        if serving.trial is None:
            self._put(replace(self._required(), other=None))
        return self._ready(folder)

    def _ready(self, folder: Path) -> ServedModel:
        """The model of a folder, up to date: before the pointer is written, so that what can fail fails before."""
        model = self._load(folder)
        try:
            return self._prepare(model)
        except OSError as error:
            log.error("cannot bring a model up to date: %s", error, extra={"model_version": model.model_version})
            raise ServiceError(Reason.STORE_UNAVAILABLE, "the model folder cannot be read") from error

    def _pointed(self, pointer: Pointer) -> Serving:
        active = self._ready(self._folder(pointer.model_version))
        trial = pointer.trial
        if trial is None or trial.model_version == pointer.model_version:
            return Serving(active, earlier=pointer.earlier)
        try:
            return Serving(active, self._ready(self._folder(trial.model_version)), trial, pointer.earlier)
        except ServiceError as error:
            log.error("not taken up: trial %s: %s", trial.name, error.message, extra={"model_version": trial.model_version})
            return Serving(active, earlier=pointer.earlier)

    def _put(self, serving: Serving) -> Serving:
        """Replace the state; models that were in place already are taken as they are now, others are brought up to date."""
        with self._swap:
            now = self._serving

            def prepared(model: ServedModel) -> ServedModel:
                return (now and now.version(model.model_version)) or self._prepare(model)

            other = serving.other and prepared(serving.other)
            self._serving = placed = replace(serving, active=prepared(serving.active), other=other)
            return placed

    def _required(self) -> Serving:
        serving = self._serving
        if serving is None:
            raise ServiceError(Reason.MODEL_NOT_LOADED, f"no model is loaded: {self._problem or 'none was activated yet'}")
        return serving

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
                return self._ready(self._root / manifest.model_version)
            except ServiceError as error:
                log.error("passed over a bundle: %s", error.message, extra={"bundle": manifest.model_version})
                self._problem = f"bundle {manifest.model_version}: {error.message}"
        return None

    def _point(self, pointer: Pointer) -> None:
        try:
            write_pointer(self._root, pointer)
        except OSError as error:
            log.error("cannot write %s: %s", POINTER, error)
            raise ServiceError(Reason.STORE_UNAVAILABLE, "the model folder cannot be written") from error


def _is_real_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
