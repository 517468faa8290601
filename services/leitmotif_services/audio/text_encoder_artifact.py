"""What a text encoder is: the text tower of a model that hears as well, as one ONNX file that holds everything it needs.

The graph takes `input_ids` and `attention_mask` (B, T), int64, and gives `embedding` (B, D), float32, rows of unit length; B and
T are free. The file's metadata hold the settings below as JSON and, under a key of its own, the tokenizer: the text of a
`tokenizer.json`. Its embeddings belong into the space of one audio encoder, which the settings name.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from leitmotif_services.audio.encoder_artifact import EncoderArtifact, malformed
from leitmotif_services.runtime.errors import Reason, ServiceError

TEXT_METADATA_KEY, TOKENIZER_KEY = "leitmotif.text_encoder", "leitmotif.tokenizer"
"""Keys in the ONNX file's metadata_props."""

TEXT_SCHEMA_VERSION = 1

INPUT_IDS, ATTENTION_MASK = "input_ids", "attention_mask"
"""Names of the graph's inputs; its output is `encoder_artifact.EMBEDDING`."""

MAX_TOKENS = 8192

_LONGEST_TEXT = 4096


@dataclass(frozen=True)
class TextEncoderArtifact:
    """One loaded text encoder, apart from its graph and its tokenizer."""

    text_encoder_id: str
    """Name with version, such as "clap-htsat-unfused-text"."""
    audio_encoder_id: str
    """The audio encoder whose space it shares."""
    dimension: int
    max_tokens: int
    """Longest phrase, with the tokens that begin and end every one."""
    pad_token_id: int
    """Fills up shorter phrases of a batch; masked."""
    license: str
    """SPDX identifier."""
    description: str
    source: str
    """Where it comes from, with revision or digest of the weights: equal to the audio encoder's."""
    sha256: str = ""
    """Of the whole file, lower-case hexadecimal; empty before it is written."""


def text_file_of(audio_file: Path) -> Path:
    """Where the text tower lies whose audio tower is `audio_file`: clap.onnx → clap.text.onnx."""
    return audio_file.with_name(f"{audio_file.name.removesuffix('.onnx')}.text.onnx")


def text_metadata_of(artifact: TextEncoderArtifact) -> str:
    """The JSON for TEXT_METADATA_KEY; `parse_text_metadata` reads it back."""
    values = asdict(artifact)
    del values["sha256"]
    return json.dumps({"schema_version": TEXT_SCHEMA_VERSION, **values}, sort_keys=True)


def parse_text_metadata(text: str | None, sha256: str, file: str) -> TextEncoderArtifact:
    """The artifact of `file` from its metadata.

    BUNDLE_SCHEMA_UNKNOWN for another schema version; BUNDLE_CORRUPT where the metadata is missing or malformed.
    """
    if text is None:
        raise malformed(file, f"it has no metadata {TEXT_METADATA_KEY!r}: it is no text encoder of this platform")
    try:
        metadata = json.loads(text)
        version = metadata["schema_version"]
        if version != TEXT_SCHEMA_VERSION:
            raise ServiceError(
                Reason.BUNDLE_SCHEMA_UNKNOWN,
                f"text encoder {file} was written with schema {version!r}; this release reads {TEXT_SCHEMA_VERSION}",
                schema_version=version,
                file=file,
            )
        return TextEncoderArtifact(
            text_encoder_id=_text(metadata, "text_encoder_id"),
            audio_encoder_id=_text(metadata, "audio_encoder_id"),
            dimension=_whole(metadata, "dimension", 1, 65_536),
            max_tokens=_whole(metadata, "max_tokens", 3, MAX_TOKENS),
            pad_token_id=_whole(metadata, "pad_token_id", 0, 10_000_000),
            license=_text(metadata, "license"),
            description=_text(metadata, "description"),
            source=_text(metadata, "source"),
            sha256=sha256,
        )
    except KeyError as error:
        raise malformed(file, f"its metadata lacks {error}") from error
    except (ValueError, TypeError) as error:
        raise malformed(file, f"its metadata is malformed: {error}") from error


def refuse_other_space(text: TextEncoderArtifact, audio: EncoderArtifact) -> None:
    """BUNDLE_CORRUPT where the two cannot be the towers of one model."""
    if text.dimension != audio.dimension:
        why = f"its embeddings have {text.dimension} values, those of {audio.encoder_id} {audio.dimension}"
    elif text.source != audio.source:
        why = f"it comes from other weights ({text.source}) than {audio.encoder_id} ({audio.source or 'built here'})"
    else:
        return
    raise malformed(text.text_encoder_id, why)


def _text(metadata: Mapping[str, Any], key: str) -> str:
    value = metadata[key]
    if not isinstance(value, str) or not 1 <= len(value) <= _LONGEST_TEXT:
        raise ValueError(f"{key} must be 1 to {_LONGEST_TEXT} characters of text")
    return value


def _whole(metadata: Mapping[str, Any], key: str, least: int, most: int) -> int:
    value = metadata[key]
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ValueError(f"{key} must be a whole number from {least} to {most}, is {value!r}")
    return value
