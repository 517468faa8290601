"""Which models stay loaded."""

import weakref
from pathlib import Path

import pytest

from leitmotif_services.evaluation.jobs.model_cache import ModelCache
from leitmotif_services.evaluation.models.model_folder import ModelFolder, inspect_model_folder
from tests.unit.evaluation.sample_language_models import UniformModel

WEIGHT_BYTES = 100


def folder(root: Path, name: str, weights: bytes = b"w" * WEIGHT_BYTES) -> ModelFolder:
    path = root / name
    path.mkdir(exist_ok=True)
    (path / "config.json").write_text("{}")
    (path / "tokenizer.json").write_text("{}")
    (path / "model.safetensors").write_bytes(weights)
    return inspect_model_folder(path)


class Loads:
    """Loads nothing, and remembers what was asked for and what still lives."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.alive: weakref.WeakSet[UniformModel] = weakref.WeakSet()
        self.most_alive = 0

    def __call__(self, found: ModelFolder) -> UniformModel:
        self.names.append(found.path.name)
        self.most_alive = max(self.most_alive, len(self.alive) + 1)
        model = UniformModel()
        self.alive.add(model)
        return model


@pytest.mark.parametrize(
    ("room", "expected", "most_alive"),
    [(2, ["a", "b", "c", "b"], 2), (3, ["a", "b", "c"], 3), (1, ["a", "b", "a", "c", "a", "b"], 1)],
)
def test_the_least_recently_used_goes_before_the_next_is_loaded(
    tmp_path: Path, room: int, expected: list[str], most_alive: int
) -> None:
    loads = Loads()
    cache = ModelCache(loads, memory_limit_bytes=2 * room * WEIGHT_BYTES)  # models share half of it
    for name in ("a", "b", "a", "c", "a", "b"):
        cache.get(folder(tmp_path, name) if not (tmp_path / name).exists() else inspect_model_folder(tmp_path / name))
    assert (loads.names, loads.most_alive) == (expected, most_alive)
    cache.clear()
    assert not loads.alive


def test_a_model_whose_files_changed_is_loaded_anew(tmp_path: Path) -> None:
    loads = Loads()
    cache = ModelCache(loads, memory_limit_bytes=1 << 20)
    first = cache.get(folder(tmp_path, "a"))
    assert cache.get(inspect_model_folder(tmp_path / "a")) is first
    assert cache.get(folder(tmp_path, "a", b"other weights")) is not first


def test_a_model_larger_than_the_share_is_kept_alone(tmp_path: Path) -> None:
    loads = Loads()
    cache = ModelCache(loads, memory_limit_bytes=WEIGHT_BYTES)
    large = folder(tmp_path, "large")
    assert cache.get(large) is cache.get(large)
    assert len(loads.alive) == 1
