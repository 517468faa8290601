"""From a model's name to an encoder file that was compared with the model itself."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from leitmotif_services.audio.embedding import Matrix
from leitmotif_services.audio.encoder_artifact import METADATA_KEY, EncoderArtifact, metadata_of
from leitmotif_services.audio.onnxruntime_encoder import OnnxRuntimeEncoder
from leitmotif_services.audio.soxr_resampler import resampled
from leitmotif_services.audio.waveform import Samples, Waveform, checked_samples
from leitmotif_services.audio.waveform_input import WaveformInput
from leitmotif_services.runtime.errors import ServiceError
from leitmotif_services.workshop.composer import compose_track
from leitmotif_services.workshop.encoder_import.hub_model_files import HUB_ID, HubModelFiles
from leitmotif_services.workshop.encoder_import.licence import licence_of
from leitmotif_services.workshop.encoder_import.model_files import LocalModelFiles, ModelFiles, weight_names
from leitmotif_services.workshop.encoder_import.refusal import ImportRefusedError
from leitmotif_services.workshop.encoder_import.specification import ModelSpecification, read_specification

LARGEST_DIFFERENCE = 1e-3
LEAST_COSINE = 0.9999

COMPARED_SHARES = (0.1, 0.137, 0.42, 0.731, 1.0)
"""Lengths at which graph and model are compared, as shares of a segment, at least 1 s."""

_ENCODER_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True)
class Agreement:
    """How close the graph comes to the model, at worst, over all compared pieces of audio."""

    largest_difference: float
    least_cosine: float
    pieces: int


@dataclass(frozen=True)
class ImportedEncoder:
    """What was written."""

    artifact: EncoderArtifact
    layer: int
    """0 where the model has one output only."""
    agreement: Agreement


def open_model(model: str) -> ModelFiles:
    """A folder, or a model of the hub as OWNER/NAME or OWNER/NAME@REVISION."""
    folder = Path(model).expanduser()
    if model and folder.is_dir():
        return LocalModelFiles(folder)
    if (match := HUB_ID.fullmatch(model)) and not folder.exists():
        return HubModelFiles(match["id"], match["revision"])
    raise ImportRefusedError(f"{model!r} is neither a folder nor a hub id such as OWNER/NAME")


def import_encoder(
    files: ModelFiles,
    out: Path,
    *,
    encoder_id: str = "",
    layer: int | None = None,
    spdx: str = "",
    show: Callable[[str, int, int], None] = lambda _, __, ___: None,
) -> ImportedEncoder:
    """Write the encoder to `out`, once it is known to agree with the model; `show` is told what is done, as the
    console's `stage_progress` wants it.

    ImportRefusedError otherwise: then `out` is as it was. OSError when it cannot be written.
    """
    from leitmotif_services.workshop.encoder_import.torch_graph import graph_of
    from leitmotif_services.workshop.encoder_import.transformers_model import load_model

    specification = read_specification(files)
    chosen = _layer(specification, layer)
    licence = licence_of(files, spdx)
    name = encoder_id or _id_of(files.name, chosen)
    if not _ENCODER_ID.fullmatch(name):
        raise ImportRefusedError(f"the id {name[:128]!r} must be 1 to 128 letters, digits, dots, dashes and underscores")
    names = weight_names(files)
    weights = []
    for number, weight_name in enumerate(names):
        show("fetching weights", number, len(names))
        weights.append(files.path(weight_name))
    show("loading", 0, 1)
    loaded = load_model(specification, weights, chosen)
    source = files.source(weights)
    artifact = EncoderArtifact(
        encoder_id=name,
        dimension=loaded.dimension,
        front_end=WaveformInput(specification.sample_rate_hz),
        segmentation=specification.segmentation,
        license=licence,
        description=_description(specification, chosen, source),
        source=source,
    )
    show("exporting", 0, 1)
    graph = _with_metadata(graph_of(loaded), artifact)
    out.parent.mkdir(parents=True, exist_ok=True)
    unchecked = out.with_name(f".{out.name}.{os.getpid()}.unchecked")
    try:
        unchecked.write_bytes(graph)
        show("comparing", 0, 1)
        try:
            encoder = OnnxRuntimeEncoder(unchecked)
        except ServiceError as error:
            raise ImportRefusedError(f"the exported graph does not run: {error.message}") from error
        audio = comparison_audio(specification)
        agreement = compare([loaded.reference(piece) for piece in audio], encoder.encode_waveforms(audio))
        refuse_disagreement(agreement)
        unchecked.replace(out)
    finally:
        unchecked.unlink(missing_ok=True)
    return ImportedEncoder(encoder.artifact, chosen, agreement)


def comparison_audio(specification: ModelSpecification) -> list[Samples]:
    """Composed music at the model's rate: of several lengths, loud and soft, up to a whole segment."""
    segment_s = specification.segmentation.segment_s
    pieces = []
    for seed, share in enumerate(COMPARED_SHARES):
        track = compose_track(seed, max(segment_s, 2.0))
        whole = Waveform(checked_samples(track.waveform), track.sample_rate_hz, segment_s, track.sample_rate_hz, 1)
        samples = resampled(whole, specification.sample_rate_hz).samples
        length = int(max(share * segment_s, 1.0) * specification.sample_rate_hz)
        pieces.append(np.ascontiguousarray(samples[-length:]) * np.float32(0.5**seed))
    return pieces


def compare(expected: list[Matrix], found: Matrix) -> Agreement:
    """(D,) rows and (n, D); both of unit length."""
    rows = np.stack(expected).astype(np.float64)
    lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(found.astype(np.float64), axis=1)
    cosine = np.sum(rows * found, axis=1) / np.maximum(lengths, 1e-12)
    return Agreement(float(np.abs(rows - found).max()), float(cosine.min()), len(rows))


def refuse_disagreement(agreement: Agreement) -> None:
    """ImportRefusedError with the figures when they are not within bounds; NaN is not."""
    if not (agreement.largest_difference <= LARGEST_DIFFERENCE and agreement.least_cosine >= LEAST_COSINE):
        raise ImportRefusedError(
            f"the exported graph does not agree with the model: they differ by {agreement.largest_difference:.2g} "
            f"(at most {LARGEST_DIFFERENCE:g}), cosine {agreement.least_cosine:.6f} (at least {LEAST_COSINE:g})"
        )


def _layer(specification: ModelSpecification, layer: int | None) -> int:
    if specification.layers == 0:
        if layer is not None:
            raise ImportRefusedError("the model has one output, the embedding it was trained for; --layer does not apply")
        return 0
    if layer is None:
        return specification.layers
    if not 1 <= layer <= specification.layers:
        raise ImportRefusedError(f"the model has layers 1 to {specification.layers}; there is no layer {layer}")
    return layer


def _id_of(name: str, layer: int) -> str:
    slug = re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-.")[:100]
    return f"{slug}-layer-{layer}" if layer else slug


def _description(specification: ModelSpecification, layer: int, source: str) -> str:
    what = f"Mean over time of the states of layer {layer} of {specification.layers}" if layer else "Audio embedding"
    return f"{what} of a {specification.architecture} model, imported from {source}."


def _with_metadata(graph: bytes, artifact: EncoderArtifact) -> bytes:
    import onnx

    model = onnx.load_from_string(graph)
    onnx.helper.set_model_props(model, {METADATA_KEY: metadata_of(artifact)})
    return bytes(model.SerializeToString())
