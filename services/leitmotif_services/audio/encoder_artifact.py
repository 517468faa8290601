"""What an encoder is: one ONNX file whose metadata holds everything that belongs to the graph, as JSON.

One of two kinds of graph. One takes `log_mel` (B, T, mel bands) and `tonal` (B, U, tonal columns), float32, as `front_end`
computes them; the other takes `waveform` (B, n), float32 samples, and holds its own front end. Both give `embedding` (B, D),
float32, rows of unit length. B, T, U and n are free; one call holds segments of one length.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar, get_type_hints

from leitmotif_services.audio.front_end import FrontEndSettings
from leitmotif_services.audio.segmentation import Segmentation
from leitmotif_services.audio.waveform_input import WaveformInput
from leitmotif_services.runtime.errors import Reason, ServiceError

METADATA_KEY = "leitmotif.encoder"
"""Key in the ONNX file's metadata_props."""

SCHEMA_VERSION = 2
"""Version 1 knew no `input` (all read frames) and no `source`; it is still read."""

READABLE_VERSIONS = (1, SCHEMA_VERSION)

LOG_MEL, TONAL, WAVEFORM, EMBEDDING = "log_mel", "tonal", "waveform", "embedding"
"""Names of the graph's inputs and of its output."""

INPUT_KINDS: Mapping[str, type[FrontEndSettings] | type[WaveformInput]] = {"frames": FrontEndSettings, "waveform": WaveformInput}
"""What `input` says, and what `front_end` holds then."""

_LONGEST_TEXT = 4096

S = TypeVar("S", FrontEndSettings, WaveformInput, Segmentation)


@dataclass(frozen=True)
class EncoderArtifact:
    """One loaded encoder, apart from its graph."""

    encoder_id: str
    """Name with version, such as "leitmotif-music-1"."""
    dimension: int
    front_end: FrontEndSettings | WaveformInput
    segmentation: Segmentation
    license: str
    """SPDX identifier."""
    description: str
    sha256: str = ""
    """Of the whole file, lower-case hexadecimal; empty before it is written."""
    source: str = ""
    """Where an imported encoder comes from, with its revision or digest; empty for one that was built here."""


def metadata_of(artifact: EncoderArtifact) -> str:
    """The JSON for METADATA_KEY; `parse_metadata` reads it back."""
    return json.dumps(
        {
            "schema_version": SCHEMA_VERSION,
            "encoder_id": artifact.encoder_id,
            "dimension": artifact.dimension,
            "input": next(name for name, kind in INPUT_KINDS.items() if isinstance(artifact.front_end, kind)),
            "front_end": asdict(artifact.front_end),
            "segmentation": asdict(artifact.segmentation),
            "license": artifact.license,
            "description": artifact.description,
            "source": artifact.source,
        },
        sort_keys=True,
    )


def parse_metadata(text: str | None, sha256: str, file: str) -> EncoderArtifact:
    """The artifact of `file` from its metadata.

    BUNDLE_SCHEMA_UNKNOWN for another schema version; BUNDLE_CORRUPT where the metadata is missing or malformed.
    """
    if text is None:
        raise malformed(file, f"it has no metadata {METADATA_KEY!r}: it is not an encoder of this platform")
    try:
        metadata = json.loads(text)
        version = metadata["schema_version"]
        if version not in READABLE_VERSIONS:
            raise ServiceError(
                Reason.BUNDLE_SCHEMA_UNKNOWN,
                f"encoder {file} was written with schema {version!r}; this release reads 1 to {SCHEMA_VERSION}",
                schema_version=version,
                file=file,
            )
        return EncoderArtifact(
            encoder_id=_text(metadata, "encoder_id"),
            dimension=_dimension(metadata["dimension"]),
            front_end=_front_end("frames" if version == 1 else metadata["input"], metadata["front_end"]),
            segmentation=_settings(Segmentation, metadata["segmentation"]),
            license=_text(metadata, "license"),
            description=_text(metadata, "description"),
            sha256=sha256,
            source="" if version == 1 else _text(metadata, "source", shortest=0),
        )
    except KeyError as error:
        raise malformed(file, f"its metadata lacks {error}") from error
    except (ValueError, TypeError) as error:
        raise malformed(file, f"its metadata is malformed: {error}") from error


def malformed(file: str, why: str) -> ServiceError:
    """BUNDLE_CORRUPT for an encoder file."""
    return ServiceError(Reason.BUNDLE_CORRUPT, f"encoder {file} cannot be used: {why}", file=file)


def _front_end(kind: object, values: Mapping[str, Any]) -> FrontEndSettings | WaveformInput:
    if kind == "frames":
        return _settings(FrontEndSettings, values)
    if kind == "waveform":
        return _settings(WaveformInput, values)
    raise ValueError(f"input must be one of {', '.join(INPUT_KINDS)}, is {kind!r}")


def _text(metadata: Mapping[str, Any], key: str, *, shortest: int = 1) -> str:
    value = metadata[key]
    if not isinstance(value, str) or not shortest <= len(value) <= _LONGEST_TEXT:
        raise ValueError(f"{key} must be {shortest} to {_LONGEST_TEXT} characters of text")
    return value


def _dimension(value: object) -> int:
    if not isinstance(value, int) or not 1 <= value <= 65_536:
        raise ValueError(f"dimension must be 1 to 65536, is {value!r}")
    return value


def _settings(kind: type[S], values: Mapping[str, Any]) -> S:
    """`values` as a frozen dataclass, whole numbers staying whole; every field must be there and no other."""
    hints = get_type_hints(kind)
    expected = {field.name for field in fields(kind)}
    if set(values) != expected:
        raise ValueError(f"{kind.__name__} must hold {', '.join(sorted(expected))}")
    checked: dict[str, Any] = {}
    for name, value in values.items():
        if hints[name] is int and (not isinstance(value, int) or isinstance(value, bool)):
            raise ValueError(f"{name} must be a whole number, is {value!r}")
        checked[name] = tuple(float(edge) for edge in value) if isinstance(value, list) else hints[name](value)
    return kind(**checked)
