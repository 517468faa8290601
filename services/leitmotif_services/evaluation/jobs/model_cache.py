"""Keeps models loaded from one job to the next."""

import json
import logging
from collections import OrderedDict
from collections.abc import Callable, Hashable

from leitmotif_services.evaluation.models.language_model import LanguageModel
from leitmotif_services.evaluation.models.model_folder import CONFIG_FILE, ModelFolder, WeightFormat

log = logging.getLogger(__name__)

SHARE_OF_MEMORY = 2
"""Several models may take one part in so many of the memory limit together: the rest is for what is computed with one of them."""

_HALF_PRECISION = ("float16", "bfloat16")


class ModelCache:
    """Models by what lies in their folders: one whose files changed is loaded anew. The least recently used goes first.

    A model that takes more than the share of all of them is kept alone. Not for use by several threads.
    """

    def __init__(self, load: Callable[[ModelFolder], LanguageModel], *, memory_limit_bytes: int) -> None:
        self._load = load
        self._room_bytes = memory_limit_bytes // SHARE_OF_MEMORY
        self._models: OrderedDict[Hashable, tuple[LanguageModel, int]] = OrderedDict()

    def get(self, folder: ModelFolder) -> LanguageModel:
        """The model, loaded where it is not there; others go before it is loaded where they do not fit beside it."""
        key = folder.fingerprint()
        if key not in self._models:
            weight_bytes = loaded_bytes(folder)
            while self._models and weight_bytes + sum(size for _, size in self._models.values()) > self._room_bytes:
                self._models.popitem(last=False)
            log.info("loading a model", extra={"model": folder.path.name, "weight_bytes": weight_bytes})
            self._models[key] = self._load(folder), weight_bytes
        self._models.move_to_end(key)
        return self._models[key][0]

    def clear(self) -> None:
        """Let all of them go."""
        self._models.clear()


def loaded_bytes(folder: ModelFolder) -> int:
    """Memory that the weights of a model take once loaded, as float32; those of a graph are held twice while that is done."""
    config = json.loads((folder.path / CONFIG_FILE).read_bytes())
    halved = config.get("dtype", config.get("torch_dtype")) in _HALF_PRECISION
    return folder.weight_bytes * (2 if halved or folder.format is WeightFormat.ONNX else 1)
