"""Trains the network: two excerpts of a piece are to be alike, styles to be told apart, what is known of a piece to be read off.

The state is kept after every epoch; a run that was broken off goes on from there and gives the same network.
"""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from leitmotif_services.audio.front_end import FrontEndSettings
from leitmotif_services.workshop.encoder_training.convolution_graph import ConvolutionalNetwork
from leitmotif_services.workshop.encoder_training.corpus import Piece
from leitmotif_services.workshop.encoder_training.recipe import FittingRecipe, NetworkRecipe
from leitmotif_services.workshop.encoder_training.torch_augmentation import excerpts, varied
from leitmotif_services.workshop.encoder_training.torch_network import EncoderNetwork, contrast

WARM_UP_SHARE = 0.1
"""Share of the steps in which the learning rate rises (Smith and Topin, "Super-convergence", 2017)."""

LONGEST_GRADIENT = 5.0


@dataclass(frozen=True)
class EpochLosses:
    """Means over an epoch."""

    epoch: int
    """From 1 on."""
    contrast: float
    kind: float
    attributes: float


class NetworkFitting:
    """One run of training over `pieces`."""

    def __init__(
        self, pieces: Sequence[Piece], network: NetworkRecipe, fitting: FittingRecipe, settings: FrontEndSettings, seed: int
    ) -> None:
        torch.manual_seed(seed)
        self._recipe = fitting
        self._generator = torch.Generator().manual_seed(seed)
        self._loudness = torch.from_numpy(np.stack([piece.loudness for piece in pieces]))
        kinds = sorted({piece.kind for piece in pieces})
        self._kinds = torch.tensor([kinds.index(piece.kind) for piece in pieces])
        self._attributes, self._known = _attributes(pieces)
        self._frames_per_s = settings.frames_per_s
        self._network = EncoderNetwork(
            network.channels,
            network.strides,
            mel_bands=settings.mel_bands,
            dimension=network.dimension,
            kinds=len(kinds),
            attributes=self._attributes.shape[1],
        )
        self._network.band_mean.copy_(self._loudness[:, 0, ::16].float().mean((0, 1)))
        self._network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._optimizer = torch.optim.AdamW(
            self._network.parameters(), lr=fitting.learning_rate, weight_decay=fitting.weight_decay
        )
        self._batches = max(1, len(pieces) // fitting.batch_pieces)
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimizer, fitting.learning_rate, total_steps=fitting.epochs * self._batches, pct_start=WARM_UP_SHARE
        )
        self._epochs_done = 0

    def run(
        self, checkpoint: Path, advance: Callable[[float], None], tell: Callable[[EpochLosses], None]
    ) -> ConvolutionalNetwork:
        """Train to the end, going on from `checkpoint` where there is one of this run; `advance(1)` after each epoch."""
        self._restore(checkpoint)
        advance(self._epochs_done)
        while self._epochs_done < self._recipe.epochs:
            losses = self._epoch()
            self._epochs_done += 1
            self._save(checkpoint)
            tell(EpochLosses(self._epochs_done, *losses))
            advance(1)
        return self._network.eval().exported()

    def _epoch(self) -> tuple[float, float, float]:
        self._network.train()
        order = torch.randperm(len(self._loudness), generator=self._generator)
        sums = np.zeros(3)
        for batch in range(self._batches):
            pieces = order[batch * self._recipe.batch_pieces : (batch + 1) * self._recipe.batch_pieces]
            sums += self._step(pieces)
        first, second, third = (float(value) for value in sums / self._batches)
        return first, second, third

    def _step(self, pieces: Tensor) -> tuple[float, float, float]:
        recipe = self._recipe
        views = [
            varied(excerpts(self._loudness, pieces, self._excerpt_frames(), self._generator), self._generator) for _ in range(2)
        ]
        embeddings = [self._network(view) for view in views]
        embedding = torch.cat(embeddings)
        first, second = self._network.contrast(embedding).chunk(2)
        losses = (
            contrast(first, second, recipe.temperature),
            functional.cross_entropy(self._network.kinds(embedding), self._kinds[pieces].repeat(2)),
            _squared_error(
                self._network.attributes(embedding), self._attributes[pieces].repeat(2, 1), self._known[pieces].repeat(2, 1)
            ),
        )
        weights = (recipe.contrast_weight, recipe.kind_weight, recipe.attribute_weight)
        total = torch.stack([weight * loss for weight, loss in zip(weights, losses, strict=True)]).sum()
        self._optimizer.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._network.parameters(), LONGEST_GRADIENT)
        self._optimizer.step()
        self._schedule.step()
        values = [float(loss.detach()) for loss in losses]
        return values[0], values[1], values[2]

    def _excerpt_frames(self) -> int:
        """Of the next view: log-uniform between the recipe's bounds."""
        shortest, longest = self._recipe.shortest_excerpt_s, self._recipe.longest_excerpt_s
        place = float(torch.rand((), generator=self._generator))
        length_s: float = shortest * (longest / shortest) ** place
        return round(length_s * self._frames_per_s)

    def _save(self, checkpoint: Path) -> None:
        state = {
            "network": self._network.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "schedule": self._schedule.state_dict(),
            "generator": self._generator.get_state(),
            "epochs_done": self._epochs_done,
        }
        temporary = checkpoint.with_suffix(".writing")
        try:
            torch.save(state, temporary)
            temporary.replace(checkpoint)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise

    def _restore(self, checkpoint: Path) -> None:
        if not checkpoint.exists():
            return
        state: dict[str, Any] = torch.load(checkpoint, weights_only=True)
        self._network.load_state_dict(state["network"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._schedule.load_state_dict(state["schedule"])
        self._generator.set_state(state["generator"])
        self._epochs_done = int(state["epochs_done"])


def _attributes(pieces: Sequence[Piece]) -> tuple[Tensor, Tensor]:
    """(N, A) standardised, and which of them are known; an attribute of each composer is one of its own."""
    names = sorted({(piece.kind.partition("/")[0], name) for piece in pieces for name in piece.attributes})
    values = np.full((len(pieces), len(names)), np.nan)
    for row, piece in enumerate(pieces):
        composer = piece.kind.partition("/")[0]
        for name, value in piece.attributes.items():
            values[row, names.index((composer, name))] = value
    known = np.isfinite(values)
    deviation = np.nanstd(values, axis=0)
    standard = (values - np.nanmean(values, axis=0)) / np.where(deviation > 1e-9, deviation, 1.0)
    return torch.tensor(np.where(known, standard, 0.0), dtype=torch.float32), torch.tensor(known)


def _squared_error(found: Tensor, wanted: Tensor, known: Tensor) -> Tensor:
    """Mean over the values that are known; 0 where none is."""
    return ((found - wanted).square() * known).sum() / known.sum().clamp(min=1)
