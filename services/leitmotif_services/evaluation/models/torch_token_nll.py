"""Negative log likelihoods from hidden states, without ever holding the logits of more than one tile.

For GPT-2's vocabulary the logits of a single window of 1024 tokens take 206 MB. Here the positions × vocabulary rectangle is
walked in tiles, with a running log-sum-exp (Milakov and Gimelshein 2018, arXiv:1805.02867): memory stays constant, and the
output layer, where much of a small model's time goes, gets faster by a third, since one buffer is written again and again
instead of fresh pages.
"""

import torch

_TILE_POSITIONS = 1024
_TILE_VOCABULARY = 4096
"""Smaller tiles are a little faster on idle cores and much slower on busy ones: threads wait for each other at each tile."""


class TiledTokenNll:
    """-log softmax(hidden · weightᵀ + bias) at the targets, for a float32 output layer. Keeps one tile of logits (16 MiB)."""

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None) -> None:
        """`weight` (V, D) and `bias` (V,) are used in place, not copied."""
        self._weight = weight
        self._bias = bias
        self._tile = torch.empty(_TILE_POSITIONS * _TILE_VOCABULARY, dtype=weight.dtype, device=weight.device)

    def __call__(self, hidden: torch.Tensor, targets: torch.Tensor, ranks: torch.Tensor | None = None) -> torch.Tensor:
        """`hidden` (n, D), `targets` (n,) → (n,) in nats.

        `ranks` (n,), int64, is filled with the rank of each target among the vocabulary: 1 for the likeliest, ties in its favour.
        """
        nll = torch.empty(len(hidden), dtype=hidden.dtype, device=hidden.device)
        for start in range(0, len(hidden), _TILE_POSITIONS):
            positions = slice(start, start + _TILE_POSITIONS)
            logits = self._target_logits(hidden[positions], targets[positions])
            ahead = None if ranks is None else ranks[positions].fill_(1)
            nll[positions] = self._log_normalizer(hidden[positions], targets[positions], logits, ahead) - logits
        return nll

    def _target_logits(self, hidden: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        logits = (hidden * self._weight[targets]).sum(1)
        return logits if self._bias is None else logits + self._bias[targets]

    def _log_normalizer(
        self, hidden: torch.Tensor, targets: torch.Tensor, target_logits: torch.Tensor, ranks: torch.Tensor | None
    ) -> torch.Tensor:
        positions = len(hidden)
        largest = torch.full((positions,), -torch.inf, dtype=hidden.dtype, device=hidden.device)
        scaled_sum = torch.zeros_like(largest)
        for start in range(0, len(self._weight), _TILE_VOCABULARY):
            weight = self._weight[start : start + _TILE_VOCABULARY]
            tile = self._tile[: positions * len(weight)].view(positions, len(weight))
            torch.mm(hidden, weight.T, out=tile)
            if self._bias is not None:
                tile += self._bias[start : start + _TILE_VOCABULARY]
            if ranks is not None:
                ahead = tile > target_logits[:, None]
                # The target's own logit is computed by another kernel here, and must not be ahead of itself.
                own = torch.nonzero((targets >= start) & (targets < start + len(weight))).squeeze(1)
                ahead[own, targets[own] - start] = False
                ranks += ahead.sum(1)
            larger = torch.maximum(largest, tile.amax(1))
            tile.sub_(larger[:, None]).exp_()
            scaled_sum = scaled_sum * torch.exp(largest - larger) + tile.sum(1)
            largest = larger
        return largest + scaled_sum.log()


def full_token_ranks(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """`logits` (n, V), `targets` (n,) → (n,): rank of each target, 1 for the likeliest, ties in its favour."""
    return 1 + (logits > logits.gather(1, targets[:, None])).sum(1)


def full_token_nll(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """`logits` (n, V), `targets` (n,) → (n,) in nats; the plain form, for models whose logits are not a linear layer's output."""
    return torch.nn.functional.cross_entropy(logits.float(), targets, reduction="none")
