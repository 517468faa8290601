"""The files of a model, in a folder or on the hub: JSON of bounded size, and weights that hold numbers and no code."""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from leitmotif_services.workshop.encoder_import.refusal import ImportRefusedError

MAX_JSON_BYTES = 1 << 20
MAX_WEIGHT_BYTES = 2_000_000_000
"""Of all weight files. An ONNX file holds at most 2 GiB."""

WEIGHTS, SHARD_INDEX = "model.safetensors", "model.safetensors.index.json"
_SHARD = re.compile(r"[\w.-]+\.safetensors")
_PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl")


class ModelFiles(Protocol):
    """Where a model's files come from. A file is fetched when its path is asked for, not before."""

    @property
    def name(self) -> str:
        """Short name of the model."""

    @property
    def sizes(self) -> Mapping[str, int]:
        """Bytes of each file, by name."""

    def path(self, name: str) -> Path:
        """A local copy of one of `sizes`."""

    def source(self, weights: list[Path]) -> str:
        """What is written into the artifact: enough to find the very same weights again."""


class LocalModelFiles:
    """A folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def name(self) -> str:
        return self._folder.resolve().name

    @property
    def sizes(self) -> Mapping[str, int]:
        return {path.name: path.stat().st_size for path in sorted(self._folder.iterdir()) if path.is_file()}

    def path(self, name: str) -> Path:
        return self._folder / name

    def source(self, weights: list[Path]) -> str:
        digest = hashlib.sha256()
        for path in weights:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        return f"folder {self.name}, weights sha256:{digest.hexdigest()}"


def read_json(files: ModelFiles, name: str) -> dict[str, Any] | None:
    """One JSON object; None where there is no such file. Refused when it is too large or no object."""
    size = files.sizes.get(name)
    if size is None:
        return None
    if size > MAX_JSON_BYTES:
        raise ImportRefusedError(f"{name} has {size} bytes; at most {MAX_JSON_BYTES} are read")
    try:
        value = json.loads(files.path(name).read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ImportRefusedError(f"{name} is not valid JSON") from error
    if not isinstance(value, dict):
        raise ImportRefusedError(f"{name} holds no JSON object")
    return value


def weight_names(files: ModelFiles) -> list[str]:
    """The safetensors files of the model, checked by name and size alone. Pickled weights are never read."""
    names = [WEIGHTS] if WEIGHTS in files.sizes else _shards(files)
    if not names:
        pickled = sorted(name for name in files.sizes if name.endswith(_PICKLED))
        hint = f"; {pickled[0]} is pickled and could run code when loaded, convert it first" if pickled else ""
        raise ImportRefusedError(f"the model has no weights in safetensors format ({WEIGHTS}){hint}")
    size = sum(files.sizes[name] for name in names)
    if size > MAX_WEIGHT_BYTES:
        raise ImportRefusedError(f"the weights have {size} bytes; at most {MAX_WEIGHT_BYTES} fit into one encoder file")
    return names


def _shards(files: ModelFiles) -> list[str]:
    index = read_json(files, SHARD_INDEX)
    if index is None:
        return []
    shards = index.get("weight_map")
    if not isinstance(shards, dict) or not all(isinstance(name, str) for name in shards.values()):
        raise ImportRefusedError(f"{SHARD_INDEX} has no weight_map")
    names = sorted(set(shards.values()))
    for name in names:
        if not _SHARD.fullmatch(name) or name not in files.sizes:
            raise ImportRefusedError(f"{SHARD_INDEX} names the file {name[:128]!r}, which is not part of the model")
    return names
