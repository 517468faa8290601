"""Varies log-mel excerpts as studios, rooms, players and formats vary music; on whole batches, from one generator."""

import math

import torch
from torch import Generator, Tensor
from torch.nn import functional

PITCH_BANDS = 2.5
"""Half of the excerpts are moved by up to so many mel bands: a singer or an instrument of another size."""
EQUALISER_KNOTS = 8
EQUALISER_NEPERS = 0.4
"""Deviation of the equaliser's step from knot to knot, in nepers of power."""
COMPRESSION = (0.8, 1.1)
"""Contrast of levels is multiplied by so much."""
NOISE_NEPERS = (5.5, 12.5)
"""How far below the loudest moment the noise lies, 24 to 54 dB."""
LOW_PASS_SHARE = 0.2
LOW_PASS_BANDS = 40
"""A fifth of the excerpts end somewhere above so many bands, as old recordings do."""
FADE_SHARE = 0.25
FADE_NEPERS = 16.0
"""A quarter of the excerpts fall by up to so much from some moment on: endings, and notes that die away."""
STRETCH_SHARE = 0.4
STRETCH_OCTAVES = 0.3
"""Two in five are played faster or slower by up to so much."""


def excerpts(loudness: Tensor, pieces: Tensor, frames: int, generator: Generator) -> Tensor:
    """(B, frames, bands): a random excerpt of a random version of each piece of (N, versions, T, bands), at one level."""
    bands = loudness.shape[3]
    out = torch.empty(len(pieces), frames, bands)
    for row, piece in enumerate(pieces.tolist()):
        length = frames
        if _uniform(generator) < STRETCH_SHARE:
            length = round(frames * 2 ** (STRETCH_OCTAVES * (2 * _uniform(generator) - 1)))
        version = int(torch.randint(loudness.shape[1], (), generator=generator))
        start = int(torch.randint(loudness.shape[2] - length + 1, (), generator=generator))
        excerpt = loudness[piece, version, start : start + length].float()
        if length != frames:
            excerpt = functional.interpolate(excerpt.T.unsqueeze(0), size=frames, mode="linear", align_corners=True)[0].T
        out[row] = excerpt
    return levelled(out)


def levelled(loudness: Tensor) -> Tensor:
    """(B, T, bands) with mean power 1 in each of the B, as the front end gives a file."""
    return loudness - (torch.logsumexp(loudness, (1, 2), keepdim=True) - math.log(loudness.shape[1] * loudness.shape[2]))


def varied(loudness: Tensor, generator: Generator) -> Tensor:
    """(B, T, bands) with pitch, equaliser, compression, fade, noise and bandwidth of their own."""
    count, _, bands = loudness.shape
    loudness = _moved(loudness, (2 * PITCH_BANDS * _column(count, generator) - PITCH_BANDS) * (_column(count, generator) < 0.5))
    steps = EQUALISER_NEPERS * torch.randn(count, EQUALISER_KNOTS, generator=generator)
    gains = steps.cumsum(1)
    gains = (gains - gains.mean(1, keepdim=True)) * (_column(count, generator) < 0.8)
    loudness = loudness + functional.interpolate(gains.unsqueeze(1), size=bands, mode="linear", align_corners=True)
    low, high = COMPRESSION
    mean = loudness.mean((1, 2), keepdim=True)
    loudness = mean + (loudness - mean) * (low + (high - low) * _column(count, generator).unsqueeze(2))
    loudness = loudness - _fade(count, loudness.shape[1], generator)
    nearest, farthest = NOISE_NEPERS
    below = nearest + (farthest - nearest) * _column(count, generator).unsqueeze(2)
    tilt = torch.linspace(0.0, 1.0, bands) * torch.randn(count, 1, 1, generator=generator)
    noise = loudness.amax((1, 2), keepdim=True) - below - tilt
    loudness = torch.logaddexp(loudness, noise)
    edge = torch.randint(LOW_PASS_BANDS, bands, (count, 1, 1), generator=generator)
    cut = (_column(count, generator) < LOW_PASS_SHARE).unsqueeze(2) & (torch.arange(bands) > edge)
    return torch.where(cut, noise.expand_as(loudness), loudness)


def _fade(count: int, frames: int, generator: Generator) -> Tensor:
    """(B, T, 1): by how much each frame is softer; 0 where nothing fades."""
    time = torch.linspace(0.0, 1.0, frames)
    begins = 0.8 * _column(count, generator)
    depth = FADE_NEPERS * _column(count, generator) * (_column(count, generator) < FADE_SHARE)
    return (depth * ((time - begins) / (1.0 - begins)).clamp(min=0.0)).unsqueeze(2)


def _moved(loudness: Tensor, shift: Tensor) -> Tensor:
    """Every band read `shift` (B, 1) bands higher, between bands linearly."""
    count, frames, bands = loudness.shape
    position = torch.arange(bands) + shift
    lower = position.floor().clamp(0, bands - 1)
    share = (position - lower).clamp(0.0, 1.0).unsqueeze(1)
    index = lower.long().unsqueeze(1).expand(count, frames, bands)
    return loudness.gather(2, index) * (1.0 - share) + loudness.gather(2, (index + 1).clamp(max=bands - 1)) * share


def _column(count: int, generator: Generator) -> Tensor:
    return torch.rand(count, 1, generator=generator)


def _uniform(generator: Generator) -> float:
    return float(torch.rand((), generator=generator))
