"""A convolutional network over the loudness of a segment, band by band, as ONNX operators."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.workshop.encoder_training.graph_writing import GraphWriter
from leitmotif_services.workshop.encoder_training.statistics_graph import audibility

F32 = NDArray[np.float32]

CONVOLUTION = "Conv"
"""The operator that quantisation turns to int8; everything else is a small share of the work."""


@dataclass(frozen=True)
class ConvolutionLayer:
    """A convolution with its bias, into which normalisation is folded, followed by a rectifier."""

    weight: F32
    """(outputs, inputs, 3, 3): time, then frequency."""
    bias: F32
    """(outputs,)."""
    stride: tuple[int, int]


@dataclass(frozen=True)
class ConvolutionalNetwork:
    """Layers, then mean and deviation over the audible time of the means over frequency, then one linear map."""

    band_mean: F32
    """(mel bands,): taken off the loudness first."""
    band_scale: float
    """The rest is divided by it."""
    layers: Sequence[ConvolutionLayer]
    weight: F32
    """(2 · outputs of the last layer, dimension)."""
    bias: F32
    """(dimension,)."""

    @property
    def dimension(self) -> int:
        return len(self.bias)

    @property
    def frame_step(self) -> int:
        """Frames of the input for each one that the last layer gives."""
        return math.prod(layer.stride[0] for layer in self.layers)


DEVIATION_FLOOR = 1e-4
"""Added to a variance before its root is taken."""


def write_network(writer: GraphWriter, network: ConvolutionalNetwork, loudness: str) -> str:
    """(B, dimension) from loudness (B, T, mel bands), T free."""
    centred = writer.op("Sub", loudness, writer.constant(network.band_mean))
    scaled = writer.op("Div", centred, writer.scalar(network.band_scale))
    value = writer.op("Unsqueeze", scaled, writer.constant([1]))
    for layer in network.layers:
        fitted = writer.constant(layer.weight), writer.constant(layer.bias)
        value = writer.op(
            CONVOLUTION, value, *fitted, kernel_shape=[3, 3], strides=list(layer.stride), pads=[1, 1, 1, 1], dilations=[1, 1]
        )
        value = writer.op("Relu", value)
    frames = writer.op("Transpose", writer.mean(value, 3), perm=[0, 2, 1])
    weights = writer.every(audibility(writer, writer.op("ReduceMax", loudness, axes=[2], keepdims=1)), 1, network.frame_step)
    mean = writer.weighted_mean(frames, weights, keep=True)
    centred = writer.op("Sub", frames, mean)
    variance = writer.weighted_mean(writer.op("Mul", centred, centred), weights)
    deviation = writer.op("Sqrt", writer.op("Add", variance, writer.scalar(DEVIATION_FLOOR)))
    pooled = writer.op("Concat", writer.op("Squeeze", mean, writer.constant([1])), deviation, axis=1)
    return writer.op("Add", writer.op("MatMul", pooled, writer.constant(network.weight)), writer.constant(network.bias))
