"""Runs a text encoder's graph with ONNX Runtime."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from leitmotif_services.audio.embedding import Matrix
from leitmotif_services.audio.encoder_artifact import EMBEDDING, METADATA_KEY, malformed
from leitmotif_services.audio.onnxruntime_graph import OpenGraph, open_graph
from leitmotif_services.audio.text_embedding import TextEngine
from leitmotif_services.audio.text_encoder_artifact import (
    ATTENTION_MASK,
    INPUT_IDS,
    TEXT_METADATA_KEY,
    TOKENIZER_KEY,
    TextEncoderArtifact,
    parse_text_metadata,
)
from leitmotif_services.audio.tokenizers_phrase_tokenizer import TokenizersPhraseTokenizer


class OnnxRuntimeTextEncoder:
    """A loaded text tower. May be called from several threads."""

    def __init__(self, graph: OpenGraph) -> None:
        """BUNDLE_CORRUPT or BUNDLE_SCHEMA_UNKNOWN, with the file's name, where it cannot be used."""
        if METADATA_KEY in graph.metadata and TEXT_METADATA_KEY not in graph.metadata:
            raise malformed(graph.file, "it is an audio encoder, which reads no text")
        self._session = graph.session
        self.artifact: TextEncoderArtifact = parse_text_metadata(graph.metadata.get(TEXT_METADATA_KEY), graph.sha256, graph.file)
        self._check_graph(graph.file)

    def encode(self, phrases: Sequence[Sequence[int]]) -> Matrix:
        """Token ids of 1 to `max_tokens` each to (n, D) unit rows, in one call of the graph.

        An embedding does not depend on what it is batched with (to float32 rounding): what fills up shorter phrases is masked.
        """
        longest = max(map(len, phrases))
        ids = np.full((len(phrases), longest), self.artifact.pad_token_id, np.int64)
        mask = np.zeros_like(ids)
        for row, tokens in enumerate(phrases):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        embeddings: Matrix = self._session.run([EMBEDDING], {INPUT_IDS: ids, ATTENTION_MASK: mask})[0]
        return embeddings

    def _check_graph(self, file: str) -> None:
        found = {value.name: value.type for value in self._session.get_inputs()}
        expected = dict.fromkeys((INPUT_IDS, ATTENTION_MASK), "tensor(int64)")
        if found != expected:
            raise malformed(file, f"its graph takes {found}, a text encoder {expected}")
        if any(isinstance(axis, int) for value in self._session.get_inputs() for axis in value.shape):
            raise malformed(file, "its graph takes phrases of one length or number only")
        outputs = {value.name: value.shape[-1] for value in self._session.get_outputs()}
        if outputs != {EMBEDDING: self.artifact.dimension}:
            raise malformed(file, f"its graph gives {outputs}, its metadata says {EMBEDDING} of {self.artifact.dimension}")


def load_text_engine(source: Path | OpenGraph, *, threads: int = 1) -> TextEngine:
    """A text encoder with its tokenizer, both from one file. BUNDLE_CORRUPT or BUNDLE_SCHEMA_UNKNOWN where it cannot be used."""
    graph = source if isinstance(source, OpenGraph) else open_graph(source, threads=threads)
    encoder = OnnxRuntimeTextEncoder(graph)
    return TextEngine(encoder, TokenizersPhraseTokenizer(graph.metadata.get(TOKENIZER_KEY), graph.file))
