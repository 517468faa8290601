"""Runs an encoder's graph with ONNX Runtime."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime

from leitmotif_services.audio.embedding import Matrix
from leitmotif_services.audio.encoder_artifact import (
    EMBEDDING,
    LOG_MEL,
    METADATA_KEY,
    TONAL,
    EncoderArtifact,
    malformed,
    parse_metadata,
)
from leitmotif_services.audio.front_end import Frames

BATCH_SEGMENTS = 16
"""Segments in one call of the graph."""


class OnnxRuntimeEncoder:
    """A loaded graph. May be called from several threads; each call uses `threads` of its own pool."""

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        """BUNDLE_CORRUPT or BUNDLE_SCHEMA_UNKNOWN, with the file's name, where it cannot be used."""
        try:
            content = path.read_bytes()
        except OSError as error:
            raise malformed(path.name, f"it cannot be read ({error.strerror})") from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        # Threads that spin while idle take the core from decoding.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime raises a dozen types of its own for a file that is no graph
            raise malformed(path.name, "it is no ONNX graph that ONNX Runtime loads") from error
        metadata = self._session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
        self.artifact: EncoderArtifact = parse_metadata(metadata, hashlib.sha256(content).hexdigest(), path.name)
        self._check_graph(path.name)

    def encode(self, log_mel: Sequence[Frames], tonal: Sequence[Frames]) -> Matrix:
        """Segments, (T, mel bands) and (U, tonal columns) each, to (S, D) unit rows in their order.

        A segment's embedding does not depend on what it is batched with (to float32 rounding).
        """
        embeddings = np.empty((len(log_mel), self.artifact.dimension), np.float32)
        by_shape: dict[tuple[int, int], list[int]] = {}
        for index, (mel_frames, tonal_frames) in enumerate(zip(log_mel, tonal, strict=True)):
            by_shape.setdefault((len(mel_frames), len(tonal_frames)), []).append(index)
        for indices in by_shape.values():
            for start in range(0, len(indices), BATCH_SEGMENTS):
                batch = indices[start : start + BATCH_SEGMENTS]
                inputs = {LOG_MEL: np.stack([log_mel[i] for i in batch]), TONAL: np.stack([tonal[i] for i in batch])}
                embeddings[batch] = self._session.run([EMBEDDING], inputs)[0]
        return embeddings

    def _check_graph(self, file: str) -> None:
        settings = self.artifact.front_end
        expected = {LOG_MEL: settings.mel_bands, TONAL: settings.tonal_columns}
        found = {value.name: value.shape[-1] for value in self._session.get_inputs()}
        if found != expected:
            raise malformed(file, f"its graph takes {found}, its metadata says {expected}")
        outputs = {value.name: value.shape[-1] for value in self._session.get_outputs()}
        if outputs != {EMBEDDING: self.artifact.dimension}:
            raise malformed(file, f"its graph gives {outputs}, its metadata says {EMBEDDING} of {self.artifact.dimension}")
