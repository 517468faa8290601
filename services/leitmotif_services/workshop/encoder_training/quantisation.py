"""Turns the convolutions of an encoder to int8, with ranges measured on music (static quantisation, QDQ)."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from numpy.typing import NDArray

from leitmotif_services.audio.encoder_artifact import LOG_MEL, TONAL
from leitmotif_services.workshop.encoder_training.convolution_graph import CONVOLUTION
from leitmotif_services.workshop.encoder_training.encoder_graph import serialise

SegmentFrames = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Log-mel (T, mel bands) and tonal (U, columns) of one segment."""


def quantised(encoder: bytes, segments: Sequence[SegmentFrames]) -> bytes:
    """The encoder with convolutions in int8 (weights a channel each, activations in 8 bits), metadata kept.

    Statistics and pooling stay float32: they are a small share of the work, and the statistics' half is then exact.
    """
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Segments(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._segments: Iterator[SegmentFrames] = iter(segments)

        def get_next(self) -> dict[str, NDArray[np.float32]] | None:
            found = next(self._segments, None)
            return None if found is None else {LOG_MEL: found[0][np.newaxis], TONAL: found[1][np.newaxis]}

    with TemporaryDirectory() as folder, _without_advice():
        source, target = Path(folder) / "float32.onnx", Path(folder) / "int8.onnx"
        source.write_bytes(encoder)
        quantize_static(
            source,
            target,
            Segments(),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            op_types_to_quantize=[CONVOLUTION],
        )
        model = onnx.load(target)
    onnx.checker.check_model(model, full_check=True)
    return serialise(model)


@contextmanager
def _without_advice() -> Iterator[None]:
    """ONNX Runtime advises a pre-processing that fuses operators; this graph has none to fuse, and nobody could act on it."""

    def of_use(record: logging.LogRecord) -> bool:
        return "pre-processing" not in record.getMessage()

    root = logging.getLogger()
    root.addFilter(of_use)
    try:
        yield
    finally:
        root.removeFilter(of_use)
