"""Runs an encoder's graph with ONNX Runtime."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from leitmotif_services.audio.embedding import Matrix
from leitmotif_services.audio.encoder_artifact import (
    EMBEDDING,
    LOG_MEL,
    METADATA_KEY,
    TONAL,
    WAVEFORM,
    EncoderArtifact,
    malformed,
    parse_metadata,
)
from leitmotif_services.audio.front_end import Frames
from leitmotif_services.audio.onnxruntime_graph import OpenGraph, open_graph
from leitmotif_services.audio.text_encoder_artifact import TEXT_METADATA_KEY
from leitmotif_services.audio.waveform import Samples
from leitmotif_services.audio.waveform_input import WaveformInput

BATCH_SEGMENTS = 16
"""Segments of frames in one call of the graph."""

WAVEFORM_BATCH_SEGMENTS = 1
"""Segments of samples in one call: a transformer holds some 100 MB for 10 s, and several at once gain nothing on a CPU."""

GraphInputs = tuple[tuple[str, Frames], ...]
"""Inputs by name, for one segment."""


class OnnxRuntimeEncoder:
    """A loaded graph. May be called from several threads; each call uses `threads` of its own pool."""

    def __init__(self, path: Path | OpenGraph, *, threads: int = 1) -> None:
        """BUNDLE_CORRUPT or BUNDLE_SCHEMA_UNKNOWN, with the file's name, where it cannot be used."""
        graph = path if isinstance(path, OpenGraph) else open_graph(path, threads=threads)
        if TEXT_METADATA_KEY in graph.metadata:
            raise malformed(graph.file, "it is a text encoder, which hears nothing")
        self._session = graph.session
        self.artifact: EncoderArtifact = parse_metadata(graph.metadata.get(METADATA_KEY), graph.sha256, graph.file)
        self._check_graph(graph.file)

    def encode(self, log_mel: Sequence[Frames], tonal: Sequence[Frames]) -> Matrix:
        """Segments, (T, mel bands) and (U, tonal columns) each, to (S, D) unit rows in their order.

        A segment's embedding does not depend on what it is batched with (to float32 rounding).
        """
        inputs = [((LOG_MEL, mel), (TONAL, notes)) for mel, notes in zip(log_mel, tonal, strict=True)]
        return self._encode(inputs, BATCH_SEGMENTS)

    def encode_waveforms(self, segments: Sequence[Samples]) -> Matrix:
        """As `encode`, for a graph that takes (n,) samples at the artifact's rate."""
        return self._encode([((WAVEFORM, samples),) for samples in segments], WAVEFORM_BATCH_SEGMENTS)

    def _encode(self, segments: Sequence[GraphInputs], batch_segments: int) -> Matrix:
        """(S, D); segments of one shape go through the graph together, at most `batch_segments` of them."""
        embeddings = np.empty((len(segments), self.artifact.dimension), np.float32)
        by_shape: dict[tuple[int, ...], list[int]] = {}
        for index, inputs in enumerate(segments):
            by_shape.setdefault(tuple(len(values) for _, values in inputs), []).append(index)
        for indices in by_shape.values():
            for start in range(0, len(indices), batch_segments):
                batch = indices[start : start + batch_segments]
                names = [name for name, _ in segments[batch[0]]]
                feed = {name: np.stack([segments[index][place][1] for index in batch]) for place, name in enumerate(names)}
                embeddings[batch] = self._session.run([EMBEDDING], feed)[0]
        return embeddings

    def _check_graph(self, file: str) -> None:
        settings = self.artifact.front_end
        found = {value.name: value.shape[-1] for value in self._session.get_inputs()}
        expected: dict[str, object]
        if isinstance(settings, WaveformInput):
            if len(found) == 1 and isinstance(found.get(WAVEFORM), int):
                raise malformed(file, f"its graph takes {found[WAVEFORM]} samples, not segments of any length")
            expected = {WAVEFORM: found.get(WAVEFORM)}
        else:
            expected = {LOG_MEL: settings.mel_bands, TONAL: settings.tonal_columns}
        if found != expected:
            raise malformed(file, f"its graph takes {found}, its metadata says {expected}")
        outputs = {value.name: value.shape[-1] for value in self._session.get_outputs()}
        if outputs != {EMBEDDING: self.artifact.dimension}:
            raise malformed(file, f"its graph gives {outputs}, its metadata says {EMBEDDING} of {self.artifact.dimension}")
