import json
from dataclasses import replace
from pathlib import Path

import pytest

from leitmotif_services.audio.encoder_artifact import EncoderArtifact
from leitmotif_services.audio.segmentation import Segmentation
from leitmotif_services.audio.text_embedding import TextEngine
from leitmotif_services.audio.text_encoder_artifact import (
    TextEncoderArtifact,
    parse_text_metadata,
    refuse_other_space,
    text_file_of,
    text_metadata_of,
)
from leitmotif_services.audio.text_encoder_catalogue import TextEncoderCatalogue
from leitmotif_services.audio.waveform_input import WaveformInput
from leitmotif_services.runtime.errors import Reason, ServiceError

TEXT = TextEncoderArtifact("clap-text", "clap", 512, 512, 1, "Apache-2.0", "Reads.", "hub a/b@c", "5a")
AUDIO = EncoderArtifact("clap", 512, WaveformInput(48_000), Segmentation(), "Apache-2.0", "Hears.", "6b", "hub a/b@c")


def test_what_is_written_is_read():
    assert parse_text_metadata(text_metadata_of(TEXT), "5a", "x.onnx") == TEXT


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"dimension": 0}, "dimension must be"),
        ({"dimension": True}, "dimension must be"),
        ({"max_tokens": 2}, "max_tokens must be a whole number from 3"),
        ({"max_tokens": 10**9}, "max_tokens"),
        ({"pad_token_id": -1}, "pad_token_id"),
        ({"pad_token_id": "1"}, "pad_token_id"),
        ({"audio_encoder_id": ""}, "audio_encoder_id must be"),
        ({"license": None}, "license must be"),
        ({"description": "x" * 5000}, "description must be"),
    ],
)
def test_malformed_metadata(changes, why):
    metadata = json.loads(text_metadata_of(TEXT)) | changes
    with pytest.raises(ServiceError, match=f"x.onnx .*{why}") as caught:
        parse_text_metadata(json.dumps(metadata), "", "x.onnx")
    assert caught.value.reason is Reason.BUNDLE_CORRUPT


@pytest.mark.parametrize("field", json.loads(text_metadata_of(TEXT)))
def test_every_field_must_be_there(field):
    metadata = json.loads(text_metadata_of(TEXT))
    del metadata[field]
    with pytest.raises(ServiceError, match=f"lacks '{field}'"):
        parse_text_metadata(json.dumps(metadata), "", "x.onnx")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, Reason.BUNDLE_CORRUPT),
        ("{", Reason.BUNDLE_CORRUPT),
        ("[]", Reason.BUNDLE_CORRUPT),
        ('{"schema_version": 2}', Reason.BUNDLE_SCHEMA_UNKNOWN),
    ],
)
def test_what_is_no_metadata(text, reason):
    with pytest.raises(ServiceError) as caught:
        parse_text_metadata(text, "", "x.onnx")
    assert caught.value.reason is reason


def test_where_the_text_tower_lies():
    assert text_file_of(Path("a/clap.onnx")) == Path("a/clap.text.onnx")
    assert text_file_of(Path("clap")) == Path("clap.text.onnx")


def engines(*artifacts):
    class Only:
        def __init__(self, artifact):
            self.artifact = artifact

    return [TextEngine(Only(artifact), None) for artifact in artifacts]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ([replace(TEXT, dimension=256)], "256 values, those of clap 512"),
        ([replace(TEXT, source="folder x")], "other weights"),
        ([replace(TEXT, audio_encoder_id="other")], "audio encoder 'other' is not loaded beside it"),
        ([TEXT, replace(TEXT, sha256="77")], "another text encoder for clap is loaded already"),
    ],
)
def test_towers_that_do_not_belong_together_are_refused(text, why):
    with pytest.raises(ServiceError, match=why) as caught:
        TextEncoderCatalogue(engines(*text), [AUDIO])
    assert caught.value.reason is Reason.BUNDLE_CORRUPT


def test_towers_are_found_by_their_audio_encoder():
    refuse_other_space(TEXT, AUDIO)
    catalogue = TextEncoderCatalogue(engines(TEXT, TEXT), [replace(AUDIO, encoder_id="first"), AUDIO])
    assert catalogue.find("clap").encoder == catalogue.described("clap") == TEXT
    assert catalogue.described("first") is None
    with pytest.raises(ServiceError, match="'first'") as caught:
        catalogue.find("first")
    assert (caught.value.reason, caught.value.metadata) == (Reason.ENCODER_READS_NO_TEXT, {"encoder_id": "first"})
