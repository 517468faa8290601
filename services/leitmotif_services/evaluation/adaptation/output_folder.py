"""The folder of an adapted model: like any other, and there whole or not at all."""

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from leitmotif_services.evaluation.models.model_folder import CONFIG_FILE, ModelFolder, inspect_model_folder
from leitmotif_services.runtime.errors import Reason, ServiceError, invalid_field

NOTES_FILE = "adaptation.json"
"""Lies beside the weights: settings, the base model's hash, figures."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_GENERATION_CONFIG_FILE = "generation_config.json"
_DTYPE_FIELDS = ("dtype", "torch_dtype")


def named_output(root: Path, name: str) -> Path:
    """The folder `name` directly below `root`; FIELD_INVALID for a name that is none."""
    if not _NAME.fullmatch(name):
        raise invalid_field("output", "must be 1 to 128 letters, digits, '.', '_' or '-', the first a letter or a digit")
    return root / name


def finished_figures(output: Path, run_id: str) -> dict[str, Any] | None:
    """The figures of an output that the run of this id finished; None for any other."""
    try:
        notes = json.loads((output / NOTES_FILE).read_bytes())
        return dict(notes["figures"]) if run_id and notes["run_id"] == run_id else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_model_folder(
    output: Path,
    base: ModelFolder,
    write_weights: Callable[[Path], None],
    notes: Callable[[str], dict[str, object]],
    *,
    temporary: Path,
) -> str:
    """Write weights, config, and the tokenizer's files as they are, under the name `temporary` first; the model's hash.

    `notes` is given that hash. FIELD_INVALID when `output` has come to exist meanwhile.
    """
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        temporary.mkdir(parents=True)
        write_weights(temporary)
        # The base's own config: the one in memory was changed to compute with.
        config = json.loads((base.path / CONFIG_FILE).read_bytes())
        config.update({name: "float32" for name in _DTYPE_FIELDS if name in config})
        (temporary / CONFIG_FILE).write_text(json.dumps(config, indent=2) + "\n")
        generation = base.path / _GENERATION_CONFIG_FILE
        for file in (*base.tokenizer_files, *([generation] if generation.is_file() else ())):
            shutil.copyfile(file, temporary / file.name)
        model_sha256 = inspect_model_folder(temporary).sha256()
        (temporary / NOTES_FILE).write_text(json.dumps(notes(model_sha256), indent=2) + "\n")
        flush_folder(temporary)
        try:
            temporary.rename(output)
        except OSError as error:
            if not output.exists():
                raise
            raise invalid_field("output", f"{output.name!r} exists already") from error
        flush_folder(output.parent)
    except OSError as error:
        raise ServiceError(Reason.STORE_UNAVAILABLE, "the adapted model cannot be written") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return model_sha256


def flush_folder(folder: Path) -> None:
    """Have the folder's listing and the files in it on disk, so that a rename after it never shows less than all."""
    for path in (*(file for file in folder.iterdir() if file.is_file()), folder):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
