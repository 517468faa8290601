"""The network that is trained, with the heads that only training uses; `exported` gives it as the graph is written from."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from leitmotif_services.workshop.encoder_training.convolution_graph import (
    DEVIATION_FLOOR,
    ConvolutionalNetwork,
    ConvolutionLayer,
)
from leitmotif_services.workshop.encoder_training.statistics_graph import AUDIBLE_NEPERS

BAND_SCALE = 3.0
"""Log-mel in nepers spreads about so far."""

CONTRAST_DIMENSION = 128
CONTRAST_HIDDEN = 256


class EncoderNetwork(nn.Module):
    """Convolutions over (B, T, mel bands), pooled over audible time, to (B, dimension); and what is read off that in training."""

    def __init__(
        self,
        channels: Sequence[int],
        strides: Sequence[tuple[int, int]],
        *,
        mel_bands: int,
        dimension: int,
        kinds: int,
        attributes: int,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = 1
        self._frame_step = math.prod(frames for frames, _ in strides)
        for outputs, stride in zip(channels, strides, strict=True):
            layers += [nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
            inputs = outputs
        self.band_mean: Tensor
        self.register_buffer("band_mean", torch.zeros(mel_bands))
        self.convolutions = nn.Sequential(*layers)
        self.embedding = nn.Linear(2 * inputs, dimension)
        self.contrast = nn.Sequential(
            nn.ReLU(), nn.Linear(dimension, CONTRAST_HIDDEN), nn.ReLU(), nn.Linear(CONTRAST_HIDDEN, CONTRAST_DIMENSION)
        )
        self.kinds = nn.Sequential(nn.ReLU(), nn.Linear(dimension, kinds))
        self.attributes = nn.Sequential(nn.ReLU(), nn.Linear(dimension, attributes))

    def forward(self, loudness: Tensor) -> Tensor:
        """(B, T, mel bands) to (B, dimension), before its length is taken out."""
        value = ((loudness - self.band_mean) / BAND_SCALE).unsqueeze(1)
        frames = self.convolutions(value).mean(3)
        level = loudness.amax(2)
        weights = torch.sigmoid(level - level.amax(1, keepdim=True) + AUDIBLE_NEPERS)[:, :: self._frame_step]
        weights = (weights / weights.sum(1, keepdim=True)).unsqueeze(1)
        mean = (frames * weights).sum(2)
        variance = ((frames - mean.unsqueeze(2)).square() * weights).sum(2)
        return torch.as_tensor(self.embedding(torch.cat([mean, (variance + DEVIATION_FLOOR).sqrt()], 1)))

    def exported(self) -> ConvolutionalNetwork:
        """The network without its training heads, normalisation folded into the convolutions."""
        modules = list(self.convolutions)
        layers = []
        for convolution, norm in zip(modules[0::3], modules[1::3], strict=True):
            assert isinstance(convolution, nn.Conv2d)
            assert isinstance(norm, nn.BatchNorm2d)
            assert norm.running_var is not None
            assert norm.running_mean is not None
            gain = norm.weight / (norm.running_var + norm.eps).sqrt()
            weight = convolution.weight * gain[:, None, None, None]
            rows, columns = convolution.stride
            layers.append(
                ConvolutionLayer(_array(weight), _array(norm.bias - norm.running_mean * gain), (int(rows), int(columns)))
            )
        return ConvolutionalNetwork(
            band_mean=_array(self.band_mean),
            band_scale=BAND_SCALE,
            layers=layers,
            weight=_array(self.embedding.weight.T),
            bias=_array(self.embedding.bias),
        )


def contrast(first: Tensor, second: Tensor, temperature: float) -> Tensor:
    """Mean loss of finding, among all other rows of both, the row that shows the same piece; both are (B, n).

    NT-Xent (Chen et al., "A Simple Framework for Contrastive Learning of Visual Representations", 2020).
    """
    rows = functional.normalize(torch.cat([first, second]), dim=1)
    similarity = (rows @ rows.T / temperature).masked_fill(torch.eye(len(rows), dtype=torch.bool), -1e9)
    count = len(first)
    return functional.cross_entropy(similarity, torch.cat([torch.arange(count) + count, torch.arange(count)]))


def _array(value: Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.ascontiguousarray(value.detach().numpy(), np.float32)
