"""The models and texts that jobs may name: folders and files below the roots, and what was uploaded."""

from typing import Protocol

from leitmotif_services.evaluation.inputs.root_folder import RootFolder
from leitmotif_services.evaluation.inputs.text import check_inline_text, count_bytes, read_text
from leitmotif_services.evaluation.jobs.adapted_models import AdaptedModels
from leitmotif_services.evaluation.jobs.job_kinds import JobSpec, kind_of, models_of, texts_of
from leitmotif_services.evaluation.jobs.job_specs import AdaptationSpec, TextSource
from leitmotif_services.evaluation.models.model_folder import ModelFolder, inspect_model_folder
from leitmotif_services.runtime.errors import Reason, invalid_field

MAX_INLINE_TEXT_BYTES = 1 << 20


class TextsById(Protocol):
    """Where uploaded texts are."""

    def uploaded_text(self, tenant_id: str, text_id: str) -> str:
        """A text; TEXT_NOT_FOUND."""


class JobInputs:
    """Blocks on the disk."""

    def __init__(
        self, models: RootFolder, texts: RootFolder, uploads: TextsById, adapted: AdaptedModels, *, max_text_bytes: int
    ) -> None:
        self.adapted = adapted
        """What jobs write."""
        self._models = models
        self._texts = texts
        self._uploads = uploads
        self._max_text_bytes = max_text_bytes

    def model(self, field: str, relative: str) -> ModelFolder:
        """A model's folder, checked but not loaded; FIELD_INVALID, LANGUAGE_MODEL_NOT_FOUND, LANGUAGE_MODEL_REFUSED."""
        path = self._models.find(field, relative, missing=Reason.LANGUAGE_MODEL_NOT_FOUND, kind="model")
        return inspect_model_folder(path, allowed=self._models.holds)

    def text(self, field: str, source: TextSource, *, tenant: str, inline: str | None) -> str:
        """A text; FIELD_INVALID, TEXT_NOT_FOUND and what `read_text` raises. `inline`: the one that came with the request."""
        if source.path is not None:
            path = self._texts.find(f"{field}.text_path", source.path, missing=Reason.TEXT_NOT_FOUND, kind="text")
            return read_text(path, limit_bytes=self._max_text_bytes)
        if source.text_id is not None:
            return self._uploads.uploaded_text(tenant, source.text_id)
        if inline is None:
            raise invalid_field(field, "exactly one of text, text_path and text_id is required")
        check_inline_text(inline, limit_bytes=MAX_INLINE_TEXT_BYTES)
        return inline

    def check(self, spec: JobSpec, inline_texts: dict[str, str], *, tenant: str) -> int:
        """Everything that listings and the texts themselves tell; the size of all texts together in bytes."""
        kind = kind_of(spec)
        folders = {name: self.model(field_path(spec, name), relative) for name, relative in models_of(spec).items()}
        if len({folder.path for folder in folders.values()}) < len(folders):
            raise invalid_field(f"spec.{kind}.adapted_model", "is the base model itself: there is nothing to compare")
        if isinstance(spec, AdaptationSpec):
            self.adapted.check_free(spec.output)
        return sum(
            count_bytes(self.text(field_path(spec, name), source, tenant=tenant, inline=inline_texts.get(name)))
            for name, source in texts_of(spec).items()
        )


def field_path(spec: JobSpec, name: str) -> str:
    """A field of a spec, as a request has it."""
    kind = kind_of(spec)
    return f"spec.{kind}" if (kind, name) == ("perplexity", "text") else f"spec.{kind}.{name}"
