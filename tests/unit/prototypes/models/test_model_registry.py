"""What goes wrong while a model is to take over leaves everything as it was; what changes loaded models changes both."""

import dataclasses
from pathlib import Path

import pytest

from leitmotif_services.prototypes.bundle_writing import write_bundle
from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.models.active_pointer import read_pointer
from leitmotif_services.prototypes.models.model_registry import ModelRegistry
from leitmotif_services.prototypes.safetensors_bundle import load_bundle, read_manifest
from leitmotif_services.runtime.errors import Reason, ServiceError
from tests.unit.prototypes.sample_models import by_hand, retitled


class Preparation:
    """Counts what it brings up to date, as a change of the catalogue; fails from a given call on."""

    def __init__(self) -> None:
        self.revision = 1
        self.fails = False

    def __call__(self, model: ServedModel) -> ServedModel:
        if self.fails:
            raise OSError("the journal cannot be read")
        return dataclasses.replace(model, catalogue_revision=self.revision)


@pytest.fixture
def preparation() -> Preparation:
    return Preparation()


@pytest.fixture
def registry(tmp_path: Path, preparation: Preparation) -> ModelRegistry:
    registry = ModelRegistry(tmp_path, load_bundle, read_manifest, prepare=preparation)
    registry.start()
    return registry


@pytest.fixture
def versions(tmp_path: Path) -> list[str]:
    return [write_bundle(retitled(by_hand(), "!" * n), tmp_path, encoder_artifact=None).name for n in range(3)]


def test_a_model_that_cannot_be_brought_up_to_date_does_not_take_over(
    registry: ModelRegistry, preparation: Preparation, versions: list[str], tmp_path: Path
) -> None:
    registry.activate(versions[0])
    registry.start_trial(versions[1], 0.5, "spring")
    serving, pointer = registry.serving(), read_pointer(tmp_path)
    preparation.fails = True
    for call in (
        lambda: registry.activate(versions[2]),
        lambda: registry.succeed(versions[2]),
        lambda: registry.supersede(versions[0], versions[2]),
        lambda: registry.start_trial(versions[2], 0.5, "summer"),
    ):
        with pytest.raises(ServiceError) as refused:
            call()
        assert refused.value.reason is Reason.STORE_UNAVAILABLE
        assert registry.serving() is serving
        assert read_pointer(tmp_path) == pointer


def test_an_update_changes_every_loaded_model_and_lasts(
    registry: ModelRegistry, preparation: Preparation, versions: list[str]
) -> None:
    registry.activate(versions[0])
    registry.load(versions[1])
    registry.update(lambda model: dataclasses.replace(model, catalogue_revision=7))
    registry.activate(versions[1])
    assert {model.model_version: model.catalogue_revision for model in registry.serving().loaded} == {  # type: ignore[union-attr]
        versions[0]: 7,
        versions[1]: 7,
    }
    preparation.revision = 9
    assert registry.activate(versions[2]).catalogue_revision == 9
    assert registry.with_version(versions[0]) is None


def test_a_successor_takes_the_place_of_what_it_was_made_of(registry: ModelRegistry, versions: list[str], tmp_path: Path) -> None:
    first, second, _ = versions
    successors = {
        version: write_bundle(
            dataclasses.replace(retitled(by_hand(), suffix), taken_over_from=version, catalogue_revision=5),
            tmp_path,
            encoder_artifact=None,
        ).name
        for version, suffix in ((first, "?"), (second, "??"))
    }
    registry.activate(first)
    registry.activate(second)
    registry.activate(first)
    registry.start_trial(second, 1.0, "all")
    for version in (first, second):
        model = registry.supersede(version, successors[version])
        assert model is not None
        assert (model.model_version, model.profile_version) == (successors[version], version)
        assert registry.with_profile_version(version) is model
    assert registry.supersede(first, successors[first]) is None
    assert registry.current().model_version == successors[first]
    assert registry.for_user("ada")[0].model_version == successors[second]
    pointer = read_pointer(tmp_path)
    assert pointer is not None
    assert (pointer.model_version, pointer.earlier) == (successors[first], (successors[second],))
    assert pointer.trial is not None
    assert pointer.trial.model_version == successors[second]


def test_a_bundle_that_goes_while_it_is_loaded_is_not_pointed_to(
    preparation: Preparation, versions: list[str], tmp_path: Path
) -> None:
    def loaded_once(folder: Path) -> ServedModel:
        model = load_bundle(folder)
        if folder.name == versions[1]:
            folder.rename(tmp_path / ".gone")
        return model

    registry = ModelRegistry(tmp_path, loaded_once, read_manifest, prepare=preparation)
    registry.activate(versions[0])
    pointer = read_pointer(tmp_path)
    for call in (
        lambda: registry.activate(versions[1]),
        lambda: registry.succeed(versions[1]),
        lambda: registry.supersede(versions[0], versions[1]),
        lambda: registry.start_trial(versions[1], 0.5, "spring"),
    ):
        with pytest.raises(ServiceError) as refused:
            call()
        assert refused.value.reason is Reason.MODEL_NOT_FOUND
        assert registry.current().model_version == versions[0]
        assert registry.serving().trial is None  # type: ignore[union-attr]
        assert read_pointer(tmp_path) == pointer
        (tmp_path / ".gone").rename(tmp_path / versions[1])


def test_only_a_model_that_answers_nobody_is_unloaded(registry: ModelRegistry, versions: list[str]) -> None:
    first, second, third = versions
    assert not registry.unload(first)
    registry.activate(first)
    registry.activate(second)
    assert not registry.unload(second)
    assert not registry.unload(third)
    registry.start_trial(first, 0.5, "spring")
    assert not registry.unload(first)
    registry.end_trial()
    assert registry.unload(first)
    assert (registry.with_version(first), registry.current().model_version) == (None, second)
    assert registry.roll_back().model_version == first
