"""A model's folder as it lies on disk: which files count, what is refused unread, and the hash over them.

Weights are taken from safetensors, or where there are none from an ONNX graph and the data files beside it. Other weight formats
are pickles, which run code while they are read.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from leitmotif_services.runtime.errors import Reason, ServiceError

CONFIG_FILE = "config.json"
_WEIGHTS_FILE = "model.safetensors"
_WEIGHTS_INDEX_FILE = "model.safetensors.index.json"
_GRAPH_FILE = "model.onnx"
_GRAPH_DATA_PATTERNS = ("model.onnx_data*", "model.onnx.data*")
"""Names under which exporters keep the weights beside a graph; a graph may refer to these files and to no other."""
_PICKLED_PATTERNS = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
_TOKENIZER_PATTERNS = (
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "chat_template.*",
    "vocab.*", "merges.txt", "*.model", "*.tiktoken",
)  # fmt: skip
_JSON_LIMIT_BYTES = 16 << 20
_LAYER_COUNTS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers", "decoder_layers")
_MAX_LAYERS = 1024
_MAX_CONFIG_NUMBER = 1 << 32


class WeightFormat(StrEnum):
    """What the weights are taken from."""

    SAFETENSORS = "safetensors"
    ONNX = "onnx"


@dataclass(frozen=True)
class ModelFolder:
    """A folder whose listing is in order. Nothing of it was loaded."""

    path: Path
    weight_files: tuple[Path, ...]
    """Of an ONNX model the graph comes first, then the files that may hold its weights."""
    tokenizer_files: tuple[Path, ...]

    @property
    def format(self) -> WeightFormat:
        """Told by the first file of the weights."""
        return WeightFormat.ONNX if self.weight_files[0].name == _GRAPH_FILE else WeightFormat.SAFETENSORS

    @property
    def config(self) -> dict[str, object]:
        """The content of config.json, which was found to be a JSON object within bounds."""
        return read_json(self.path / CONFIG_FILE)

    @property
    def weight_bytes(self) -> int:
        """Size of the weights on disk."""
        return sum(file.stat().st_size for file in self.weight_files)

    def sha256(self) -> str:
        """Over config, weights and tokenizer: each file's name and content hash, in order of name."""
        digest = hashlib.sha256()
        for file in sorted({self.path / CONFIG_FILE, *self.weight_files, *self.tokenizer_files}):
            with file.open("rb") as content:
                digest.update(f"{file.name}\0{hashlib.file_digest(content, 'sha256').hexdigest()}\n".encode())
        return digest.hexdigest()

    def fingerprint(self) -> tuple[object, ...]:
        """Changes when a file is replaced; cheap, for telling whether a loaded model is still the one on disk."""
        files = (self.path / CONFIG_FILE, *self.weight_files, *self.tokenizer_files)
        return (self.path, *((file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files))


def inspect_model_folder(path: Path, *, allowed: Callable[[Path], bool] = lambda _: True) -> ModelFolder:
    """Check a model's folder without loading anything.

    `allowed` says of each file, its links resolved, whether it may be read. LANGUAGE_MODEL_NOT_FOUND when there is no folder
    with a config.json; LANGUAGE_MODEL_REFUSED for pickled weights, adapters, missing files and configs out of any proportion.
    """
    if not (path / CONFIG_FILE).is_file():
        raise ServiceError(
            Reason.LANGUAGE_MODEL_NOT_FOUND, f"no model folder with a {CONFIG_FILE} at {path.name!r}", model=path.name
        )
    if (path / "adapter_config.json").exists():
        raise _refused("it is an adapter that names its base model elsewhere; merge it into a full model first")
    weight_files = _weight_files(path)
    tokenizer_files = tuple(sorted({file for pattern in _TOKENIZER_PATTERNS for file in path.glob(pattern) if file.is_file()}))
    if not tokenizer_files:
        raise _refused("it holds no tokenizer")
    for file in (path / CONFIG_FILE, *weight_files, *tokenizer_files):
        if not allowed(file.resolve()):
            raise _refused(f"{file.name} leads outside the configured root")
    _check_config(read_json(path / CONFIG_FILE))
    return ModelFolder(path, weight_files, tokenizer_files)


def _weight_files(path: Path) -> tuple[Path, ...]:
    if (path / _WEIGHTS_FILE).is_file():
        return (path / _WEIGHTS_FILE,)
    if (path / _WEIGHTS_INDEX_FILE).is_file():
        shards = read_json(path / _WEIGHTS_INDEX_FILE).get("weight_map")
        if not isinstance(shards, dict) or not shards:
            raise _refused(f"{_WEIGHTS_INDEX_FILE} has no weight_map")
        names = sorted({str(name) for name in shards.values()})
        for name in names:
            if Path(name).name != name or not name.endswith(".safetensors") or not (path / name).is_file():
                raise _refused(f"{_WEIGHTS_INDEX_FILE} names {name!r}, which is no safetensors file of the folder")
        return (path / _WEIGHTS_INDEX_FILE, *(path / name for name in names))
    if (path / _GRAPH_FILE).is_file():
        data = sorted({file for pattern in _GRAPH_DATA_PATTERNS for file in path.glob(pattern) if file.is_file()})
        return (path / _GRAPH_FILE, *data)
    if any(True for pattern in _PICKLED_PATTERNS for _ in path.glob(pattern)):
        raise _refused("its weights are pickled, which could run code; save them as safetensors")
    raise _refused(f"it holds no {_WEIGHTS_FILE} and no {_GRAPH_FILE}")


def _check_config(config: dict[str, object]) -> None:
    if "quantization_config" in config:
        raise _refused("its weights are quantized, which is not supported")
    pending: list[object] = [config]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            # Libraries build a list entry or a module for each layer before any size can be known.
            for name in _LAYER_COUNTS:
                layers = value.get(name, 0)
                if isinstance(layers, int) and layers > _MAX_LAYERS:
                    raise _refused(f"{CONFIG_FILE} asks for {layers} layers, {_MAX_LAYERS} are allowed")
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
        elif isinstance(value, int) and abs(value) > _MAX_CONFIG_NUMBER:
            raise _refused(f"{CONFIG_FILE} holds the number {value}")


def read_json(file: Path) -> dict[str, object]:
    """The JSON object in a file of a model; LANGUAGE_MODEL_REFUSED when it holds something else, or more than 16 MiB."""
    try:
        if file.stat().st_size > _JSON_LIMIT_BYTES:
            raise _refused(f"{file.name} is larger than {_JSON_LIMIT_BYTES} bytes")
        value = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise _refused(f"{file.name} is not readable JSON") from error
    if not isinstance(value, dict):
        raise _refused(f"{file.name} is not a JSON object")
    return value


def _refused(why: str) -> ServiceError:
    return ServiceError(Reason.LANGUAGE_MODEL_REFUSED, f"the model cannot be used: {why}")
