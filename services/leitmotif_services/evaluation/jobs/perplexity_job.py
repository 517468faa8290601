"""Runs the computation of a job: finds its text and model below the roots, keeps the last model loaded."""

import logging
from collections.abc import Callable

from leitmotif_services.evaluation.inputs.root_folder import RootFolder
from leitmotif_services.evaluation.inputs.text import read_text
from leitmotif_services.evaluation.jobs.job import PerplexitySpec
from leitmotif_services.evaluation.models.language_model import LanguageModel
from leitmotif_services.evaluation.models.model_folder import ModelFolder, inspect_model_folder
from leitmotif_services.evaluation.scoring.document_scoring import Progress
from leitmotif_services.evaluation.scoring.perplexity import PerplexityResult, evaluate_perplexity
from leitmotif_services.runtime.errors import Reason

log = logging.getLogger(__name__)


class JobFolders:
    """The models and texts that jobs may name."""

    def __init__(self, models: RootFolder, texts: RootFolder, *, max_text_bytes: int) -> None:
        self._models = models
        self._texts = texts
        self._max_text_bytes = max_text_bytes

    def model(self, relative: str) -> ModelFolder:
        """A model's folder, checked but not loaded; FIELD_INVALID, LANGUAGE_MODEL_NOT_FOUND, LANGUAGE_MODEL_REFUSED."""
        path = self._models.find("spec.perplexity.model", relative, missing=Reason.LANGUAGE_MODEL_NOT_FOUND, kind="model")
        return inspect_model_folder(path, allowed=self._models.holds)

    def text(self, relative: str) -> str:
        """A text; FIELD_INVALID and what `read_text` raises."""
        path = self._texts.find("spec.perplexity.text_path", relative, missing=Reason.TEXT_NOT_FOUND, kind="text")
        return read_text(path, limit_bytes=self._max_text_bytes)


class PerplexityJobs:
    """Runs jobs one after another. A model stays loaded until another is needed or its files change."""

    def __init__(self, folders: JobFolders, load: Callable[[ModelFolder], LanguageModel]) -> None:
        self._folders = folders
        self._load = load
        self._loaded: tuple[tuple[object, ...], LanguageModel] | None = None

    def run(self, spec: PerplexitySpec, inline_text: str | None, on_progress: Callable[[Progress], None]) -> PerplexityResult:
        """Compute a job's result; ServiceError says why it failed, and what `on_progress` raises ends it."""
        text = self._folders.text(spec.text_path) if spec.text_path is not None else inline_text or ""
        model = self._model(self._folders.model(spec.model))
        on_progress(Progress())
        return evaluate_perplexity(model, text, spec.settings, on_progress)

    def _model(self, folder: ModelFolder) -> LanguageModel:
        fingerprint = folder.fingerprint()
        if self._loaded is None or self._loaded[0] != fingerprint:
            self._loaded = None  # the memory of one must be free before the next is loaded
            log.info("loading a model", extra={"model": folder.path.name, "weight_bytes": folder.weight_bytes})
            self._loaded = (fingerprint, self._load(folder))
        return self._loaded[1]
