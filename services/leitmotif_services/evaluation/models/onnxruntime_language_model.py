"""LanguageModel over a folder with an ONNX export: a graph from input_ids to logits, without past states."""

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from leitmotif_services.evaluation.models.language_model import TokenIds, WindowBatch
from leitmotif_services.evaluation.models.model_folder import ModelFolder
from leitmotif_services.evaluation.models.onnx_graph_cutting import (
    ATTENTION_MASK,
    INPUT_IDS,
    LOGITS,
    POSITION_IDS,
    CutGraph,
    cut_graph,
    refused,
    require_fit,
)
from leitmotif_services.evaluation.models.onnxruntime_token_nll import (
    OnnxTokenNll,
    full_token_nll,
    full_token_ranks,
    session_options,
)
from leitmotif_services.evaluation.models.tokenizers_model_tokenizer import ModelTokenizer
from leitmotif_services.runtime.errors import Reason, ServiceError

log = logging.getLogger(__name__)

_COPIES_WHILE_LOADING = 2
"""The runtime copies the weights that it is given, which are let go after that."""
_ACTIVATION_BYTES = 4
_LIVE_ACTIVATIONS = 6
_LIVE_SCORES = 3
"""Tensors of a layer's width, and matrices of attention scores of each head, that are alive together, roughly."""
_MEANS_TOGETHER = 8
_PROBE_TOKENS, _PROBE_PREFIX = 8, 5
_PROBE_CHANGE = 0.1
"""Far above rounding, that of int8 included, and far below what a token does to the states before it where it can."""


def load_onnx_language_model(folder: ModelFolder, *, threads: int, memory_limit_bytes: int) -> "OnnxLanguageModel":
    """Load the model of a checked folder. LANGUAGE_MODEL_REFUSED; what the library says goes to the log."""
    tokenizer = ModelTokenizer(folder)
    cut = cut_graph(folder.weight_files, limit_bytes=memory_limit_bytes)
    require_fit(_COPIES_WHILE_LOADING * cut.weight_bytes, memory_limit_bytes)
    return OnnxLanguageModel(
        cut, tokenizer, folder.config, sha256=folder.sha256(), threads=threads, memory_limit_bytes=memory_limit_bytes
    )


class OnnxLanguageModel:
    """A loaded model. Not for use by several threads at once."""

    def __init__(
        self,
        cut: CutGraph,
        tokenizer: ModelTokenizer,
        config: dict[str, object],
        *,
        sha256: str,
        threads: int,
        memory_limit_bytes: int,
    ) -> None:
        self._inputs, self._states_output = cut.inputs, cut.states
        self._tokenizer = tokenizer
        held_apart = 0 if cut.output_layer is None else cut.output_layer.weight.nbytes
        self._memory_left_bytes = memory_limit_bytes - cut.weight_bytes - held_apart
        self.context_length = _number(config, "max_position_embeddings", "n_positions", "n_ctx") or tokenizer.max_length
        self.bos_token_id = tokenizer.bos_token_id
        self.dtype = cut.dtype
        self.sha256 = sha256
        self.tokenizer_sha256 = tokenizer.sha256
        self._session = _session(cut, threads)
        layer = cut.output_layer
        self._tiled_nll = None if layer is None else OnnxTokenNll(layer.weight, layer.bias, threads=threads)
        vocabulary = cut.vocabulary or _number(config, "vocab_size")
        if vocabulary is None:
            raise refused("neither its graph nor its config.json tells the size of its vocabulary")
        self._vocabulary = vocabulary
        self._width = self._probe()
        self._inner_width = max(_number(config, "intermediate_size", "n_inner", "ffn_dim") or 0, 4 * self._width)
        self._heads = _number(config, "num_attention_heads", "n_head") or max(1, self._width // 64)

    @property
    def logits_are_tiled(self) -> bool:
        """Whether the output layer is computed in tiles; else the logits of one window at a time are held."""
        return self._tiled_nll is not None

    def tokenize(self, text: str) -> TokenIds:
        """LANGUAGE_MODEL_REFUSED when the tokenizer makes ids that the model does not have."""
        token_ids = self._tokenizer.tokenize(text)
        if token_ids.size and int(token_ids.max()) >= self._vocabulary:
            raise refused(f"its tokenizer makes token {int(token_ids.max())}, its vocabulary has {self._vocabulary}")
        return token_ids

    def token_texts(self, token_ids: TokenIds) -> list[str]:
        """The space that a sentencepiece token begins with is kept."""
        return self._tokenizer.texts(token_ids)

    def require_memory(self, *, context: int, batch_size: int) -> None:
        """An estimate from the widths of the layers. Without tiles, windows go one by one."""
        together, logits = (batch_size, 0) if self.logits_are_tiled else (1, 3 * self._vocabulary)
        per_position = together * (self._inner_width * _LIVE_ACTIVATIONS + context * self._heads * _LIVE_SCORES) + logits
        needed = context * per_position * _ACTIVATION_BYTES
        if needed > self._memory_left_bytes:
            raise ServiceError(
                Reason.LIMIT_EXCEEDED,
                f"{batch_size} windows of {context} tokens need {needed} bytes, {self._memory_left_bytes} are left",
                limit=self._memory_left_bytes,
                actual=needed,
            )

    def token_nll(self, batch: WindowBatch) -> npt.NDArray[np.float64]:
        """In tiles where the graph ends with a plain output layer, else from the full logits, one window at a time."""
        return self._scored(batch, None)

    def token_nll_and_ranks(self, batch: WindowBatch) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        """As `token_nll`."""
        ranks = np.empty(int(batch.scored.sum()), np.int64)
        return self._scored(batch, ranks), ranks

    def mean_states(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Texts of one length go together; nothing is padded. LANGUAGE_MODEL_REFUSED where the graph hides its states."""
        if self._states_output is None:
            raise refused("its graph does not tell the states of its last layer")
        tokenized = [self.tokenize(text)[: self.context_length] for text in texts]
        means = np.zeros((len(texts), self._width), np.float32)
        by_length: dict[int, list[int]] = {}
        for place, token_ids in enumerate(tokenized):
            by_length.setdefault(len(token_ids), []).append(place)
        by_length.pop(0, None)
        for places in by_length.values():
            for first in range(0, len(places), _MEANS_TOGETHER):
                together = places[first : first + _MEANS_TOGETHER]
                means[together] = self._states(np.stack([tokenized[place] for place in together])).mean(1)
        return means

    def _scored(self, batch: WindowBatch, ranks: npt.NDArray[np.int64] | None) -> npt.NDArray[np.float64]:
        if self._tiled_nll is not None:
            return self._tiled_nll(self._states(batch.input_ids)[batch.scored], batch.target_ids[batch.scored], ranks)
        nll = np.empty(int(batch.scored.sum()))
        done = 0
        for input_ids, target_ids, scored in zip(batch.input_ids, batch.target_ids, batch.scored, strict=True):
            targets = target_ids[scored]
            places = slice(done, done + len(targets))
            logits = self._logits(input_ids[None])[0][scored]
            if ranks is not None:
                ranks[places] = full_token_ranks(logits, targets)
            nll[places] = full_token_nll(logits, targets)
            done = places.stop
        return nll

    def _states(self, input_ids: TokenIds) -> npt.NDArray[np.float32]:
        return self._computed(self._states_output, input_ids)

    def _logits(self, input_ids: TokenIds) -> npt.NDArray[np.float32]:
        return self._computed(LOGITS, input_ids)

    def _computed(self, output: str | None, input_ids: TokenIds) -> npt.NDArray[np.float32]:
        """(B, L) → (B, L, width of the output)."""
        places = np.broadcast_to(np.arange(input_ids.shape[1]), input_ids.shape)
        inputs = {INPUT_IDS: input_ids, ATTENTION_MASK: np.ones_like(input_ids), POSITION_IDS: places}
        given = {name: np.ascontiguousarray(inputs[name], dtype) for name, dtype in self._inputs.items()}
        try:
            values = self._session.run([output], given)[0]
            return np.asarray(values, np.float32).reshape(*input_ids.shape, -1)
        except Exception as error:  # ONNX Runtime raises a dozen types of its own
            log.warning("model failed: %s", error)
            raise refused(f"its graph cannot be computed for {len(input_ids)} windows of {input_ids.shape[1]} tokens") from error

    def _probe(self) -> int:
        """Width of the states. Refuses graphs that can be no causal model of texts of every length: those with a fixed shape,
        and those whose later tokens change what is said of earlier ones, such as masked language models.
        """
        input_ids = ((np.arange(2 * _PROBE_TOKENS) * 7919 + 1) % self._vocabulary).reshape(2, -1)
        compute = self._states if self.logits_are_tiled else self._logits
        values, prefix = compute(input_ids)[0, :_PROBE_PREFIX], compute(input_ids[:1, :_PROBE_PREFIX])[0]
        if values.shape != prefix.shape:
            raise refused(f"its graph makes values of shape {values.shape} or {prefix.shape}, as the text is longer or shorter")
        if float(np.square(values - prefix).mean()) > _PROBE_CHANGE**2 * float(np.square(prefix).mean()):
            raise refused("it is not causal: later tokens change its predictions of earlier ones")
        if not self.logits_are_tiled and values.shape[1] != self._vocabulary:
            raise refused(f"its graph makes {values.shape[1]} logits for a vocabulary of {self._vocabulary}")
        return int(self._states(input_ids).shape[2]) if self._states_output is not None else int(values.shape[1])


def _session(cut: CutGraph, threads: int) -> Any:
    options = session_options(threads)
    # Windows differ in length: a plan of the memory for each would keep the memory of each.
    options.enable_mem_pattern = False
    # Packed weights take yet more memory, and windows are long enough for packing them each time to cost nothing measurable.
    options.add_session_config_entry("session.disable_prepacking", "1")
    try:
        values = [onnxruntime.OrtValue.ortvalue_from_numpy(weight) for weight in cut.weights.values()]
        options.add_external_initializers(list(cut.weights), values)
        return onnxruntime.InferenceSession(cut.content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime raises a dozen types of its own
        log.warning("model refused: %s", error)
        raise refused("its graph cannot be loaded") from error


def _number(config: dict[str, object], *names: str) -> int | None:
    return next((value for name in names if isinstance(value := config.get(name), int) and 0 < value < 1 << 31), None)
