"""TrainableModel with torch: AdamW in float32 on the CPU, gradients accumulated over as many windows as memory allows.

AdamW: Loshchilov and Hutter 2019, arXiv:1711.05101, with the moments' usual rates of 0.9 and 0.999. Dropout of every part of a
step is drawn from a seed of its own, made of the run's seed and the step's number: no generator's state outlives a step.
"""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from leitmotif_services.evaluation.adaptation.torch_process_group import ProcessGroup
from leitmotif_services.evaluation.adaptation.trainable_model import Optimization
from leitmotif_services.evaluation.models.language_model import LanguageModel, TokenIds
from leitmotif_services.evaluation.models.model_folder import ModelFolder
from leitmotif_services.evaluation.models.transformers_language_model import TransformersLanguageModel, load_language_model
from leitmotif_services.runtime.errors import Reason, ServiceError

_BETAS = (0.9, 0.999)
_EPSILON = 1e-8
_NUMBER_BYTES = 4
_TENSORS_OF_A_WEIGHT = 4
"""The weight, its gradient, and two moments."""
_TOKENS_TOGETHER = 4096
"""More at once are no faster on a CPU."""
_HEAD_POSITIONS = 512
"""Positions whose logits are alive together."""
_LOGIT_TENSORS = 3
"""Logits, their softmax, its gradient."""
_MODEL_FILE = "model.safetensors"
_OPTIMIZER_FILE = "optimizer.safetensors"


def load_trainable_model(
    folder: ModelFolder, *, threads: int, memory_limit_bytes: int, group: ProcessGroup | None = None
) -> "TorchTrainableModel":
    """Load the model of a checked folder to train it, along with the other processes of `group`; errors as of
    `load_language_model`.
    """
    loaded = load_language_model(folder, threads=threads, memory_limit_bytes=memory_limit_bytes)
    return TorchTrainableModel(loaded, memory_limit_bytes=memory_limit_bytes, group=group)


class TorchTrainableModel:
    """A loaded model whose weights change in place."""

    def __init__(self, loaded: TransformersLanguageModel, *, memory_limit_bytes: int, group: ProcessGroup | None = None) -> None:
        self._group = group
        self._loaded = loaded
        self._memory_limit_bytes = memory_limit_bytes

    @property
    def language_model(self) -> LanguageModel:
        """The same weights; the hash stays that of the folder they were loaded from."""
        return self._loaded

    @property
    def end_token_id(self) -> int | None:
        """The tokenizer's."""
        return self._loaded.end_token_id

    def begin(self, optimization: Optimization, *, context: int) -> "TorchTraining":
        """As the port says; activations are estimated."""
        together = self._windows_together(context)
        if self._group is not None:
            self._group.barrier()  # each has seen output and checkpoint before one of them changes either
        return TorchTraining(
            self._loaded.module,
            optimization,
            together=together,
            split_head=self._loaded.logits_are_tiled,
            group=self._group,
        )

    def write_weights(self, folder: Path) -> None:
        """Through the library, which knows the names and which weights are shared."""
        self._loaded.module.save_pretrained(folder)

    def _windows_together(self, context: int) -> int:
        """Activations of a layer: Korthikanti et al. 2022, arXiv:2205.05198, equation 1, its bytes doubled for float32."""
        config = self._loaded.module.config.get_text_config()
        width, heads = int(config.hidden_size), int(config.num_attention_heads)
        layers = int(config.num_hidden_layers)
        vocabulary = int(self._loaded.module.get_input_embeddings().num_embeddings)
        weights = sum(parameter.numel() for parameter in self._loaded.module.parameters())
        fixed = weights * _NUMBER_BYTES * _TENSORS_OF_A_WEIGHT
        window = 2 * layers * context * (34 * width + 5 * heads * context)
        head = vocabulary * _LOGIT_TENSORS * _NUMBER_BYTES
        if self._loaded.logits_are_tiled:
            fixed += head * min(context, _HEAD_POSITIONS)
        else:
            window += head * context
        together = (self._memory_limit_bytes - fixed) // window
        if together < 1:
            raise ServiceError(
                Reason.LIMIT_EXCEEDED,
                f"training on windows of {context} tokens needs {fixed + window} bytes, {self._memory_limit_bytes} are allowed",
                limit=self._memory_limit_bytes,
                actual=fixed + window,
            )
        return int(min(together, max(1, _TOKENS_TOGETHER // context)))


class TorchTraining:
    """ModelTraining over a module in float32."""

    def __init__(
        self,
        module: Any,
        optimization: Optimization,
        *,
        together: int,
        split_head: bool,
        group: ProcessGroup | None = None,
    ) -> None:
        """`together`: windows that are computed at a time. `split_head`: the output layer is all that lies between states and
        logits, so that it can be computed for some positions after others.
        """
        self._module = module
        self._optimization = optimization
        self._together = together
        self._group = group
        self._split_head = split_head
        self._parameters: dict[str, torch.nn.Parameter] = dict(module.named_parameters())  # a shared one once
        for parameter in self._parameters.values():
            parameter.requires_grad_(True)
        # Biases and the gains of norms are vectors.
        matrices = [parameter for parameter in self._parameters.values() if parameter.ndim >= 2]
        vectors = [parameter for parameter in self._parameters.values() if parameter.ndim < 2]
        self._optimizer = torch.optim.AdamW(
            [{"params": matrices, "weight_decay": optimization.weight_decay}, {"params": vectors, "weight_decay": 0.0}],
            lr=0.0,
            betas=_BETAS,
            eps=_EPSILON,
        )

    def step(self, number: int, windows: Sequence[TokenIds], learning_rate: float) -> float:
        """As the port says."""
        tokens = sum(len(window) - 1 for window in windows)
        self._optimizer.zero_grad(set_to_none=True)
        self._module.train()
        nll_sum = 0.0
        mine, first_part = windows, 0
        if self._group is not None:
            mine, first_part = self._group.share(windows), self._group.rank * len(windows)
        try:
            with torch.random.fork_rng(devices=[]):
                for part, rows in enumerate(self._parts(mine), first_part):
                    torch.manual_seed(_seed(self._optimization.seed, number, part))
                    nll_sum += self._accumulate(rows, tokens)
        finally:
            self._module.eval()
        if self._group is not None:
            nll_sum = self._group.sum_gradients(self._parameters.values(), nll_sum)
        norm = float(torch.nn.utils.clip_grad_norm_(self._parameters.values(), self._optimization.max_grad_norm))
        loss = nll_sum / tokens
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise ServiceError(
                Reason.LANGUAGE_MODEL_REFUSED,
                f"training came to a loss of {loss} and a gradient of length {norm} in step {number}: lower the learning rate?",
                step=number,
            )
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        return loss

    def write_state(self, folder: Path) -> None:
        """Two safetensors files: nothing that could run code when it is read."""
        save_file({name: parameter.detach().contiguous() for name, parameter in self._parameters.items()}, folder / _MODEL_FILE)
        moments = {
            f"{kind}:{name}": self._optimizer.state[parameter][kind]
            for name, parameter in self._parameters.items()
            for kind in self._optimizer.state[parameter]
        }
        save_file(moments, folder / _OPTIMIZER_FILE)

    def read_state(self, folder: Path) -> None:
        """As the port says."""
        try:
            weights, moments = load_file(folder / _MODEL_FILE), load_file(folder / _OPTIMIZER_FILE)
        except (OSError, SafetensorError) as error:
            raise _unreadable(folder) from error
        shapes = {name: tensor.shape for name, tensor in weights.items()}
        if shapes != {name: parameter.shape for name, parameter in self._parameters.items()}:
            raise _unreadable(folder)
        with torch.no_grad():
            for name, parameter in self._parameters.items():
                parameter.copy_(weights[name])
        for key, tensor in moments.items():
            kind, _, name = key.partition(":")
            if name not in self._parameters:
                raise _unreadable(folder)
            self._optimizer.state[self._parameters[name]][kind] = tensor
        if self._group is not None:
            self._group.barrier()

    def _parts(self, windows: Sequence[TokenIds]) -> Iterator[torch.Tensor]:
        """Windows of one length, at most so many as go together: (B, L + 1)."""
        by_length: dict[int, list[TokenIds]] = {}
        for window in windows:
            by_length.setdefault(len(window), []).append(window)
        for alike in by_length.values():
            for first in range(0, len(alike), self._together):
                yield torch.from_numpy(np.stack(alike[first : first + self._together]))

    def _accumulate(self, rows: torch.Tensor, tokens: int) -> float:
        """Add the gradient of the rows' summed loss over `tokens`; the sum, in nats."""
        input_ids, targets = rows[:, :-1], rows[:, 1:].reshape(-1)
        if not self._split_head:
            logits = self._module(input_ids=input_ids, use_cache=False).logits
            nll = torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), targets, reduction="sum")
            (nll / tokens).backward()  # type: ignore[no-untyped-call]
            return float(nll.detach())
        states = self._module.base_model(input_ids=input_ids, use_cache=False).last_hidden_state.flatten(0, 1)
        # The body's graph is walked once, with the gradients of all positions; the head's at once, piece by piece.
        leaves = states.detach().requires_grad_(True)
        head = self._module.get_output_embeddings()
        total = 0.0
        for first in range(0, len(leaves), _HEAD_POSITIONS):
            piece = slice(first, first + _HEAD_POSITIONS)
            nll = torch.nn.functional.cross_entropy(head(leaves[piece]), targets[piece], reduction="sum")
            (nll / tokens).backward()  # type: ignore[no-untyped-call]
            total += float(nll.detach())
        states.backward(leaves.grad)
        return total


def _unreadable(folder: Path) -> ServiceError:
    return ServiceError(Reason.STORED_VALUE_UNREADABLE, f"the checkpoint {folder.name} is damaged; delete it")


def _seed(seed: int, step: int, part: int) -> int:
    words = np.random.SeedSequence([seed % (1 << 64), step, part]).generate_state(2, np.uint32)
    return int(words[0]) << 31 | int(words[1]) >> 1
