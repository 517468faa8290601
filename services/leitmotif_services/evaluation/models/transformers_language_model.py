"""LanguageModel over a local folder through transformers: safetensors, float32, no code that comes with a model, no network."""

import ctypes
import json
import logging
import os
from collections.abc import Sequence
from typing import Any

# Read by huggingface_hub when it is imported: whatever a config refers to, nothing is fetched.
os.environ["HF_HUB_OFFLINE"] = "1"

import numpy as np
import numpy.typing as npt
import torch
import transformers
from transformers.utils import logging as transformers_logging

from leitmotif_services.evaluation.models.language_model import TokenIds, WindowBatch
from leitmotif_services.evaluation.models.model_folder import ModelFolder
from leitmotif_services.evaluation.models.tokenizer_hash import hash_tokenizer
from leitmotif_services.evaluation.models.torch_token_nll import TiledTokenNll, full_token_nll, full_token_ranks
from leitmotif_services.runtime.errors import Reason, ServiceError

transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]

log = logging.getLogger(__name__)

_WEIGHT_BYTES = 4
_LIVE_ACTIVATIONS = 6
"""Tensors of a layer's width that are alive together in a forward pass without gradients, roughly."""
_MEANS_TOGETHER = 8
"""Texts of one length whose states are computed together."""
_KEPT_BYTES = 256 << 20
"""Freed memory that the allocator keeps for the next layer."""
_KEPT_BLOCK_BYTES = 32 << 20
"""Largest block of it; glibc takes no larger one."""
_SENTENCEPIECE_SPACE = "▁"
_PROBE_TOKENS = 8
_PROBE_TOLERANCE = 1e-4

_LOGIT_CHANGES = ("final_logit_softcapping", "logit_scale", "logits_scaling", "lm_head_multiplier", "logits_processor_scale")
"""Config fields of architectures that change the logits after the output layer."""


def load_language_model(folder: ModelFolder, *, threads: int, memory_limit_bytes: int) -> "TransformersLanguageModel":
    """Load the model of a checked folder.

    Its size is computed from the config, and held against the limit, before any weight is read. Raises
    LANGUAGE_MODEL_REFUSED; what the library says goes to the log.
    """
    torch.set_num_threads(threads)
    _keep_freed_memory()
    local: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    try:
        config = transformers.AutoConfig.from_pretrained(folder.path, **local)
        _fuse_activation(config)
        parameters, attention = _skeleton(config)
    except Exception as error:
        raise _refused("its config.json describes no causal language model that can be built", error) from error
    needed = parameters * _WEIGHT_BYTES
    if needed > memory_limit_bytes:
        raise ServiceError(
            Reason.LANGUAGE_MODEL_REFUSED,
            f"the model cannot be used: its {parameters} parameters need {needed} bytes, {memory_limit_bytes} are allowed",
            limit=memory_limit_bytes,
            actual=needed,
        )
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder.path, **local)
    except Exception as error:
        raise _refused("its tokenizer cannot be read", error) from error
    try:
        load: Any = transformers.AutoModelForCausalLM.from_pretrained
        model, loading = load(
            folder.path,
            config=config,
            use_safetensors=True,
            dtype=torch.float32,
            attn_implementation=attention,
            output_loading_info=True,
            **local,
        )
    except Exception as error:
        raise _refused("its weights cannot be loaded", error) from error
    # The library fills what is missing with random numbers, and a perplexity of those would mean nothing.
    absent = sorted(loading["missing_keys"]) + sorted(str(key) for key in loading["mismatched_keys"])
    if absent:
        raise _refused(f"its weights do not fit its config: {absent[0]} and {len(absent) - 1} more are missing or misshapen")
    return TransformersLanguageModel(
        model.eval(), tokenizer, sha256=folder.sha256(), memory_limit_bytes=memory_limit_bytes, weight_bytes=needed
    )


class TransformersLanguageModel:
    """A loaded model. Not for use by several threads at once."""

    def __init__(self, model: Any, tokenizer: Any, *, sha256: str, memory_limit_bytes: int, weight_bytes: int) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._text_config = model.config.get_text_config()
        self._vocabulary = int(model.get_input_embeddings().num_embeddings)
        self._memory_left_bytes = memory_limit_bytes - weight_bytes
        fused = model.config._attn_implementation == "sdpa"
        self._score_matrices = 0 if fused else 2 * int(self._text_config.num_attention_heads)
        self.sha256 = sha256
        self._tokenizer_sha256: str | None = None
        self.dtype = str(model.dtype).removeprefix("torch.")
        with torch.inference_mode():
            self._tiled_nll = self._find_tiled_nll()

    @property
    def context_length(self) -> int | None:
        """From the config; the tokenizer's where the config names none."""
        for length in (getattr(self._text_config, "max_position_embeddings", None), self._tokenizer.model_max_length):
            if isinstance(length, int) and 0 < length < 1 << 31:
                return length
        return None

    @property
    def bos_token_id(self) -> int | None:
        """The tokenizer's."""
        token_id = self._tokenizer.bos_token_id
        return None if token_id is None else int(token_id)

    @property
    def end_token_id(self) -> int | None:
        """The tokenizer's end-of-text token; None where it has none."""
        token_id = self._tokenizer.eos_token_id
        return None if token_id is None else int(token_id)

    @property
    def module(self) -> Any:
        """The transformers model, for training: the weights are those that are scored with."""
        return self._model

    @property
    def logits_are_tiled(self) -> bool:
        """Whether the output layer is computed in tiles; else the logits of one window at a time are held."""
        return self._tiled_nll is not None

    def tokenize(self, text: str) -> TokenIds:
        """LANGUAGE_MODEL_REFUSED when the tokenizer makes ids that the model does not have."""
        token_ids = np.asarray(self._tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"], dtype=np.int64)
        if token_ids.size and int(token_ids.max()) >= self._vocabulary:
            raise _refused(f"its tokenizer makes token {int(token_ids.max())}, its vocabulary has {self._vocabulary}")
        return token_ids

    def require_memory(self, *, context: int, batch_size: int) -> None:
        """An estimate from the widths of the layers."""
        width = max(
            getattr(self._text_config, name, None) or 0 for name in ("hidden_size", "intermediate_size", "n_inner", "ffn_dim")
        )
        width = max(width, 4 * int(self._text_config.hidden_size))
        logits = 0 if self.logits_are_tiled else 2 * self._vocabulary
        per_position = batch_size * (width * _LIVE_ACTIVATIONS + context * self._score_matrices) + logits
        needed = context * per_position * _WEIGHT_BYTES
        if needed > self._memory_left_bytes:
            raise ServiceError(
                Reason.LIMIT_EXCEEDED,
                f"{batch_size} windows of {context} tokens need {needed} bytes, {self._memory_left_bytes} are left",
                limit=self._memory_left_bytes,
                actual=needed,
            )

    def token_nll(self, batch: WindowBatch) -> npt.NDArray[np.float64]:
        """In tiles where the architecture allows it, else from the full logits, one window at a time."""
        return self._scored(batch, None)

    def token_nll_and_ranks(self, batch: WindowBatch) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        """As `token_nll`."""
        ranks = torch.empty(int(batch.scored.sum()), dtype=torch.int64)
        return self._scored(batch, ranks), ranks.numpy()

    @property
    def tokenizer_sha256(self) -> str:
        """Over the whole pipeline of a fast tokenizer, but for padding and truncation; else over the vocabulary."""
        if self._tokenizer_sha256 is None:
            fast = getattr(self._tokenizer, "backend_tokenizer", None)
            decided: dict[str, Any] = {"vocabulary": self._tokenizer.get_vocab()} if fast is None else json.loads(fast.to_str())
            self._tokenizer_sha256 = hash_tokenizer(decided)
        return self._tokenizer_sha256

    def token_texts(self, token_ids: TokenIds) -> list[str]:
        """The space that a sentencepiece token begins with is kept, which decoding it alone would drop."""
        pieces = self._tokenizer.convert_ids_to_tokens(token_ids.tolist())
        return [self._token_text(int(token_id), piece) for token_id, piece in zip(token_ids, pieces, strict=True)]

    def mean_states(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Texts of one length go together; nothing is padded."""
        longest = self.context_length
        tokenized = [self.tokenize(text)[:longest] for text in texts]
        means = np.zeros((len(texts), int(self._text_config.hidden_size)), np.float32)
        by_length: dict[int, list[int]] = {}
        for place, token_ids in enumerate(tokenized):
            by_length.setdefault(len(token_ids), []).append(place)
        by_length.pop(0, None)
        with torch.inference_mode():
            for places in by_length.values():
                for first in range(0, len(places), _MEANS_TOGETHER):
                    together = places[first : first + _MEANS_TOGETHER]
                    input_ids = torch.from_numpy(np.stack([tokenized[place] for place in together]))
                    means[together] = self._hidden_states(input_ids).mean(1).float().numpy()
        return means

    def _scored(self, batch: WindowBatch, ranks: torch.Tensor | None) -> npt.NDArray[np.float64]:
        input_ids, target_ids = torch.from_numpy(batch.input_ids), torch.from_numpy(batch.target_ids)
        scored = torch.from_numpy(batch.scored)
        with torch.inference_mode():
            if self._tiled_nll is not None:
                nll = self._tiled_nll(self._hidden_states(input_ids)[scored], target_ids[scored], ranks)
            else:
                rows = [self._full_scored(*row) for row in zip(input_ids, target_ids, scored, strict=True)]
                nll = torch.cat([row_nll for row_nll, _ in rows])
                if ranks is not None:
                    torch.cat([row_ranks for _, row_ranks in rows], out=ranks)
        return nll.numpy().astype(np.float64)

    def _token_text(self, token_id: int, piece: str) -> str:
        if piece.startswith(_SENTENCEPIECE_SPACE):
            return piece.replace(_SENTENCEPIECE_SPACE, " ")
        text: str = self._tokenizer.decode([token_id], clean_up_tokenization_spaces=False)
        return text

    def _hidden_states(self, input_ids: torch.Tensor) -> torch.Tensor:
        states: torch.Tensor = self._model.base_model(input_ids=input_ids, use_cache=False).last_hidden_state
        return states

    def _full_scored(
        self, input_ids: torch.Tensor, target_ids: torch.Tensor, scored: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        logits = self._model(input_ids=input_ids[None], use_cache=False).logits[0][scored]
        return full_token_nll(logits, target_ids[scored]), full_token_ranks(logits, target_ids[scored])

    def _find_tiled_nll(self) -> TiledTokenNll | None:
        """The tiled output layer, where it is shown to be all that lies between hidden states and logits.

        Config fields tell of changes that a small probe could miss (a soft cap leaves small logits as they are); the probe
        tells of everything else, such as a projection or a scale that no field names.
        """
        if any(getattr(self._text_config, name, None) not in (None, 1, 1.0, False) for name in _LOGIT_CHANGES):
            return None
        head = self._model.get_output_embeddings()
        if type(head) is not torch.nn.Linear or head.weight.dtype is not torch.float32 or self._model.base_model is self._model:
            return None
        tiled = TiledTokenNll(head.weight, head.bias)
        input_ids = (torch.arange(_PROBE_TOKENS) * 7919 + 1) % self._vocabulary
        targets = (input_ids * 31 + 7) % len(head.weight)
        try:
            states = self._hidden_states(input_ids[None])[0]
            expected = full_token_nll(self._model(input_ids=input_ids[None], use_cache=False).logits[0], targets)
            same = torch.allclose(tiled(states, targets), expected, rtol=_PROBE_TOLERANCE, atol=_PROBE_TOLERANCE)
        except (AttributeError, TypeError, RuntimeError, ValueError) as error:
            log.info("the output layer cannot be tiled: %s", error)
            return None
        return tiled if same else None


def _keep_freed_memory() -> None:
    """Have glibc give the activations of one layer to the next, instead of to the system and back as pages that must be zeroed:
    a twentieth of a small model's time. Other allocators have no such switch and are left alone.
    """
    trim_threshold, mmap_threshold = -1, -3  # malloc.h
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    mallopt(trim_threshold, _KEPT_BYTES)
    mallopt(mmap_threshold, _KEPT_BLOCK_BYTES)


def _fuse_activation(config: Any) -> None:
    """Have the tanh form of GELU computed by one kernel: GPT-2's "gelu_new" is the same formula in eight passes over memory,
    an eighth of a small model's time.
    """
    for name in ("activation_function", "hidden_act"):
        if getattr(config, name, None) == "gelu_new":
            setattr(config, name, "gelu_pytorch_tanh")


def _skeleton(config: Any) -> tuple[int, str]:
    """Number of parameters, and the attention to compute with: fused where the architecture has it.

    The attention is always named, so that a config cannot ask for a kernel to be fetched and run.
    """
    with torch.device("meta"):  # shapes alone: no memory is taken
        build: Any = transformers.AutoModelForCausalLM.from_config
        model = build(config, trust_remote_code=False, attn_implementation="eager")
    attention = "sdpa" if getattr(model, "_supports_sdpa", False) else "eager"
    return sum(parameter.numel() for parameter in model.parameters()), attention


def _refused(why: str, error: Exception | None = None) -> ServiceError:
    if error is not None:
        log.warning("model refused: %s: %s", why, error)
    return ServiceError(Reason.LANGUAGE_MODEL_REFUSED, f"the model cannot be used: {why}")
