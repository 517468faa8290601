from dataclasses import dataclass

import pytest

from leitmotif_services.audio.encoder_artifact import EncoderArtifact
from leitmotif_services.audio.encoder_catalogue import EncoderCatalogue, encoder_files
from leitmotif_services.audio.front_end import FrontEndSettings
from leitmotif_services.audio.segmentation import Segmentation
from leitmotif_services.runtime.errors import Reason, ServiceError


@dataclass(frozen=True)
class Named:
    encoder: EncoderArtifact


def named(encoder_id, sha256="00"):
    return Named(EncoderArtifact(encoder_id, 4, FrontEndSettings(), Segmentation(), "MIT", "-", sha256))


def test_the_first_is_the_default_unless_another_is_named():
    a, b, c = named("a"), named("b"), named("c")
    assert EncoderCatalogue([a, b]).find("") is a
    catalogue = EncoderCatalogue([a, b, c], "b")
    assert catalogue.find("") is b
    assert catalogue.find("a") is a
    assert [encoder.encoder_id for encoder in catalogue.encoders()] == ["b", "a", "c"]


def test_an_unknown_id_is_refused():
    for make in (lambda: EncoderCatalogue([named("a")]).find("x"), lambda: EncoderCatalogue([named("a")], "x")):
        with pytest.raises(ServiceError) as caught:
            make()
        assert caught.value.reason is Reason.ENCODER_NOT_FOUND
        assert caught.value.metadata == {"encoder_id": "x"}


def test_one_id_for_two_encoders_is_refused_and_the_same_file_twice_is_not():
    assert len(EncoderCatalogue([named("a"), named("a")]).encoders()) == 1
    with pytest.raises(ServiceError) as caught:
        EncoderCatalogue([named("a"), named("a", "01")])
    assert caught.value.reason is Reason.BUNDLE_CORRUPT


def test_files_and_folders_of_encoders(tmp_path):
    (tmp_path / "folder").mkdir()
    for name in ("folder/b.onnx", "folder/a.onnx", "folder/readme.txt", "one.onnx"):
        (tmp_path / name).write_bytes(b"")
    found = encoder_files([tmp_path / "one.onnx", tmp_path / "folder"])
    assert [path.name for path in found] == ["one.onnx", "a.onnx", "b.onnx"]
    with pytest.raises(ServiceError):
        encoder_files([tmp_path / "nowhere"])
