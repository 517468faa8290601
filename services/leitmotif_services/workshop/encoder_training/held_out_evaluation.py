"""What the model card says of an encoder: figures on new pieces, which nothing was fitted on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.audio.engine import AudioEngine
from leitmotif_services.audio.neighbour_evaluation import log_mel_statistics, standardised
from leitmotif_services.audio.waveform import Waveform, checked_samples
from leitmotif_services.workshop.encoder_training import productions
from leitmotif_services.workshop.encoder_training.corpus import Samples, composed
from leitmotif_services.workshop.encoder_training.recipe import CorpusRecipe

Matrix = NDArray[np.floating]


@dataclass(frozen=True)
class HeldOutFigures:
    """Shares of 1; neighbours are by cosine and never of the same artist."""

    pieces: int
    kind_accuracy: float
    """Pieces whose nearest is of the same style or idiom."""
    kind_accuracy_coded: float
    """The same, where the piece that is asked for went through another production and a lossy codec."""
    baseline_kind_accuracy: float
    """The first for mean and deviation of the log-mel spectrum, standardised."""
    coded_cosine: float
    """Mean cosine of a piece with itself through another production and a lossy codec."""
    int8_agreement: float
    """Pieces whose nearest is the same piece under the float32 and the int8 graph."""


def evaluate(
    float32: AudioEngine, int8: AudioEngine, recipe: CorpusRecipe, pieces: int, seed: int, advance: Callable[[float], None]
) -> HeldOutFigures:
    """Compose `pieces` new pieces, by each composer the share that the recipe has of it, and embed them."""
    share = recipe.styled_pieces / (recipe.styled_pieces + recipe.idiomatic_pieces)
    styled = round(pieces * share)
    drawn = CorpusRecipe(styled_pieces=styled, idiomatic_pieces=pieces - styled, piece_s=recipe.piece_s)
    kinds, artists, rows = [], [], []
    for index in range(pieces):
        kind, artist, _, samples = composed(drawn, seed + 500_009, index)
        kinds.append(kind)
        artists.append(artist)
        rows.append(_heard(float32, int8, samples, np.random.default_rng([seed, index, 10])))
        advance(1)
    exact, coded, rounded, spectra = (np.stack(column) for column in zip(*rows, strict=True))
    baseline = _unit(standardised(spectra))
    groups = np.equal.outer(np.array(artists), np.array(artists))
    return HeldOutFigures(
        pieces=pieces,
        kind_accuracy=_accuracy(_nearest(rounded, rounded, groups), kinds),
        kind_accuracy_coded=_accuracy(_nearest(coded, rounded, groups), kinds),
        baseline_kind_accuracy=_accuracy(_nearest(baseline, baseline, groups), kinds),
        coded_cosine=float(np.mean(np.sum(coded * rounded, axis=1))),
        int8_agreement=float(np.mean(_nearest(exact, exact, groups) == _nearest(rounded, rounded, groups))),
    )


def _heard(float32: AudioEngine, int8: AudioEngine, samples: Samples, rng: np.random.Generator) -> tuple[Matrix, ...]:
    """Embeddings: float32, int8 of the piece coded, int8; and the baseline's row."""
    rate_hz = int8.frame_settings.sample_rate_hz
    exact, frames = float32.embed_waveform(_waveform(samples, rate_hz))
    rounded, _ = int8.embed_waveform(_waveform(samples, rate_hz))
    coded, _ = int8.embed_waveform(
        _waveform(productions.coded(productions.produced(samples, rate_hz, rng), rate_hz, rng), rate_hz)
    )
    return exact.embedding, coded.embedding, rounded.embedding, log_mel_statistics(frames.log_mel)


def _waveform(samples: Samples, rate_hz: int) -> Waveform:
    return Waveform(checked_samples(samples), rate_hz, len(samples) / rate_hz, rate_hz, 1)


def _nearest(queries: Matrix, corpus: Matrix, groups: NDArray[np.bool_]) -> NDArray[np.intp]:
    """(n,) index of the row of `corpus` nearest to each query; both hold unit rows, the same pieces in the same order."""
    cosine = np.where(groups, -np.inf, queries @ corpus.T)
    return np.asarray(cosine.argmax(axis=1))


def _accuracy(nearest: NDArray[np.intp], kinds: Sequence[str]) -> float:
    names = np.array(kinds)
    return float(np.mean(names[nearest] == names))


def _unit(rows: Matrix) -> Matrix:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12))
