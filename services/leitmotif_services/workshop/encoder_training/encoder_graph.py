"""The graph of the platform's own encoder: statistics and learned features of a segment, side by side in one embedding."""

from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray

from leitmotif_services.audio.encoder_artifact import EMBEDDING, LOG_MEL, METADATA_KEY, TONAL
from leitmotif_services.audio.front_end import FrontEndSettings
from leitmotif_services.workshop.encoder_training.convolution_graph import ConvolutionalNetwork, write_network
from leitmotif_services.workshop.encoder_training.graph_writing import GraphWriter
from leitmotif_services.workshop.encoder_training.statistics_graph import (
    STATISTICS,
    statistics_size,
    write_loudness,
    write_statistics,
)

SQUASH = 3.0
"""Standardised statistics are bent towards this limit, so that no single one that is far off rules a cosine."""

F32 = NDArray[np.float32]


@dataclass(frozen=True)
class Projection:
    """From statistics to their part of the embedding: `squash((x - mean) / scale) @ matrix`, of unit length."""

    mean: F32
    """(F,)."""
    scale: F32
    """(F,), > 0."""
    matrix: F32
    """(F, dimension)."""

    @property
    def dimension(self) -> int:
        return int(self.matrix.shape[1])


def statistics_model(settings: FrontEndSettings) -> bytes:
    """A serialised model from frames to STATISTICS (B, F): what the projection is fitted on."""
    writer = GraphWriter()
    write_statistics(writer, settings, write_loudness(writer, settings))
    return _serialised(writer, settings, STATISTICS, statistics_size(settings), "")


def encoder_model(
    settings: FrontEndSettings, projection: Projection, network: ConvolutionalNetwork, network_share: float, metadata: str
) -> bytes:
    """A serialised encoder; `network_share`, 0 to 1, of the squared length of an embedding is the network's."""
    writer = GraphWriter()
    loudness = write_loudness(writer, settings)
    projected = writer.unit_length(_project(writer, write_statistics(writer, settings, loudness), projection))
    learned = writer.unit_length(write_network(writer, network, loudness))
    weighted = [
        writer.op("Mul", part, writer.scalar(np.sqrt(share)))
        for part, share in ((projected, 1.0 - network_share), (learned, network_share))
    ]
    writer.unit_length(writer.op("Concat", *weighted, axis=1), name=EMBEDDING)
    return _serialised(writer, settings, EMBEDDING, projection.dimension + network.dimension, metadata)


def squashed(statistics: NDArray[np.floating], mean: F32, scale: F32) -> NDArray[np.floating]:
    """What the graph projects, for fitting."""
    return np.asarray(SQUASH * np.tanh((statistics - mean) / (scale * SQUASH)))


def serialise(model: onnx.ModelProto) -> bytes:
    """The same bytes for the same model."""
    return bytes(model.SerializeToString(deterministic=True))


def _project(writer: GraphWriter, statistics: str, projection: Projection) -> str:
    standard = writer.op(
        "Div", writer.op("Sub", statistics, writer.constant(projection.mean)), writer.constant(projection.scale * SQUASH)
    )
    return writer.op("MatMul", writer.op("Tanh", standard), writer.constant(projection.matrix * np.float32(SQUASH)))


def _serialised(writer: GraphWriter, settings: FrontEndSettings, output: str, size: int, metadata: str) -> bytes:
    inputs: dict[str, list[str | int]] = {
        LOG_MEL: ["segments", "frames", settings.mel_bands],
        TONAL: ["segments", "tonal_frames", settings.tonal_columns],
    }
    properties = {METADATA_KEY: metadata} if metadata else {}
    return serialise(writer.model("leitmotif_encoder", inputs, {output: ["segments", size]}, properties))
