"""From a waveform to what encoders and descriptors read: log-mel frames, and slower frames of pitch and noisiness.

One pass, in blocks of frames, so that the memory beside the result does not grow with the track. The level is taken out
first: a track and the same track at half the volume give the same frames.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from leitmotif_services.audio.filter_bank import mel_centres_hz, semitone_centres_hz, triangular
from leitmotif_services.audio.segmentation import FrameGrid
from leitmotif_services.audio.waveform import Waveform

Frames = NDArray[np.float32]

BLOCK_FRAMES = 128
"""Frames transformed at a time: a block and its spectrum stay in the cache."""

SEMITONES = 12


@dataclass(frozen=True)
class FrontEndSettings:
    """Parameters of the front end. They are stored inside the encoder artifact: a graph is trained on one choice of them."""

    sample_rate_hz: int = 22_050
    frame_samples: int = 2048
    """Length of a Hann window: 93 ms, long enough to part the lower mel bands."""
    hop_samples: int = 512
    """23 ms: 43 frames a second, twice the fastest rhythm that is looked for, with room."""
    mel_bands: int = 64
    mel_low_hz: float = 30.0
    mel_high_hz: float = 10_000.0
    """Below the edge that resampling from 44.1 to 22.05 kHz leaves."""
    floor_db: float = -55.0
    """Floor of the log-mel, relative to the mean power of all frames and bands: below it lies what lossy codecs change."""
    tonal_frame_samples: int = 4096
    """Twice the length for pitch: 5.4 Hz bins part semitones from about 200 Hz up."""
    tonal_hops: int = 4
    """A tonal frame every so many hops."""
    lowest_midi: int = 55
    """G3, 196 Hz: the lowest semitone that is told apart from its neighbours."""
    octaves: int = 4
    flatness_floor_db: float = -42.0
    """Noise at this level, relative to white noise as loud as the track, is added before flatness is measured: what lies
    below it says more of the codec than of the music."""
    flatness_edges_hz: tuple[float, ...] = (100.0, 200.0, 400.0, 800.0, 1600.0, 3200.0, 6400.0, 8000.0)
    """Edges of the bands in which noisiness is measured; the last lies below what lossy codecs cut off at low rates."""

    def __post_init__(self) -> None:
        powers = (self.frame_samples, self.tonal_frame_samples)
        if any(not 64 <= samples <= 65_536 or samples & (samples - 1) for samples in powers):
            raise ValueError(f"frames must be a power of two from 64 to 65536 samples, are {powers}")
        if not 8_000 <= self.sample_rate_hz <= 192_000 or not 16 <= self.hop_samples <= self.frame_samples:
            raise ValueError("the sample rate must be 8000 to 192000 Hz, the hop 16 samples to a frame")
        if not 2 <= self.mel_bands <= 512 or not 0 < self.mel_low_hz < self.mel_high_hz <= self.sample_rate_hz / 2:
            raise ValueError("there must be 2 to 512 mel bands between 0 Hz and half the sample rate")
        if not 1 <= self.tonal_hops <= 64 or not 1 <= self.octaves <= 10 or not 12 <= self.lowest_midi <= 127:
            raise ValueError("tonal frames must come every 1 to 64 hops and hold 1 to 10 octaves from MIDI 12 to 127 up")
        edges_hz = (0.0, *self.flatness_edges_hz, self.sample_rate_hz / 2)
        if len(edges_hz) < 4 or any(low >= high for low, high in pairwise(edges_hz)):
            raise ValueError("flatness needs two or more ascending edges between 0 Hz and half the sample rate")

    @property
    def grid(self) -> FrameGrid:
        return FrameGrid(self.sample_rate_hz, self.frame_samples, self.hop_samples)

    @property
    def tonal_grid(self) -> FrameGrid:
        return FrameGrid(self.sample_rate_hz, self.tonal_frame_samples, self.tonal_hop_samples)

    @property
    def frames_per_s(self) -> float:
        return self.sample_rate_hz / self.hop_samples

    @property
    def tonal_hop_samples(self) -> int:
        return self.hop_samples * self.tonal_hops

    @property
    def tonal_columns(self) -> int:
        """Columns of a tonal frame: 12 pitch classes, one of flatness a band, the level."""
        return SEMITONES + len(self.flatness_edges_hz)


@dataclass(frozen=True)
class TrackFrames:
    """All frames of a track."""

    log_mel: Frames
    """(T, mel_bands) natural logarithm of mel power at a track level of 1 (RMS), floored."""
    frame_power: NDArray[np.float32]
    """(T,) sum of the power spectrum of each frame."""
    tonal: Frames
    """(U, tonal_columns): pitch classes from C, each frame's strongest at 1; flatness of each band, 0 (tone) to 1 (noise);
    natural logarithm of the frame's mean power."""
    mean_power: NDArray[np.float64]
    """(bins,) mean power spectrum of the track."""
    bin_hz: float
    """Distance between the bins of `mean_power`, in Hz."""


class FrontEnd:
    """Computes `TrackFrames`. Immutable once built, so it can be used from several threads."""

    def __init__(self, settings: FrontEndSettings) -> None:
        self.settings = settings
        self._window = _hann(settings.frame_samples)
        self._tonal_window = _hann(settings.tonal_frame_samples)
        tonal_bin_hz = settings.sample_rate_hz / settings.tonal_frame_samples
        self.mel_bank = triangular(
            mel_centres_hz(settings.mel_bands, settings.mel_low_hz, settings.mel_high_hz),
            settings.sample_rate_hz / settings.frame_samples,
            settings.frame_samples // 2 + 1,
        )
        semitones_hz = semitone_centres_hz(settings.lowest_midi, SEMITONES * settings.octaves)
        self.semitone_bank = triangular(semitones_hz, tonal_bin_hz, settings.tonal_frame_samples // 2 + 1)
        self._flatness_bins = np.round(np.array(settings.flatness_edges_hz) / tonal_bin_hz).astype(np.intp)

    def analyse(self, waveform: Waveform) -> TrackFrames:
        """All frames of a waveform at the settings' rate, at least `tonal_frame_samples` long."""
        settings = self.settings
        gain = np.float32(1.0 / waveform.rms)  # put into the windows: the samples need no copy
        mel_blocks, power_blocks = [], []
        power_sum = np.zeros(settings.frame_samples // 2 + 1)
        for power in _power_spectra(waveform.samples, self._window * gain, settings.hop_samples):
            mel_blocks.append(self.mel_bank.apply(power))
            power_blocks.append(power.sum(axis=1))
            power_sum += power.sum(axis=0)
        tonal_spectra = _power_spectra(waveform.samples, self._tonal_window * gain, settings.tonal_hop_samples)
        tonal = [self._tonal(power) for power in tonal_spectra]
        mel = np.concatenate(mel_blocks)
        floor = max(float(mel.mean(dtype=np.float64)) * 10.0 ** (settings.floor_db / 10.0), float(np.finfo(np.float32).tiny))
        return TrackFrames(
            log_mel=np.log(np.maximum(mel, np.float32(floor))),
            frame_power=np.concatenate(power_blocks),
            tonal=np.concatenate(tonal),
            mean_power=power_sum / len(mel),
            bin_hz=settings.sample_rate_hz / settings.frame_samples,
        )

    def _tonal(self, power: Frames) -> Frames:
        """(U, bins) power to (U, tonal_columns)."""
        amplitude = np.sqrt(self.semitone_bank.apply(power))
        classes = amplitude.reshape(len(power), self.settings.octaves, SEMITONES).sum(axis=1)
        classes = np.roll(classes, self.settings.lowest_midi % SEMITONES, axis=1)
        classes /= np.maximum(classes.max(axis=1, keepdims=True), 1e-9)
        first, last = self._flatness_bins[0], self._flatness_bins[-1]
        floor = np.float32(10.0 ** (self.settings.flatness_floor_db / 10.0))
        inside = power[:, first:last] + floor
        offsets, widths = self._flatness_bins[:-1] - first, np.diff(self._flatness_bins).astype(np.float32)
        arithmetic = np.add.reduceat(inside, offsets, axis=1) / widths
        geometric = np.exp(np.add.reduceat(np.log(inside), offsets, axis=1) / widths)
        level = np.log(power.mean(axis=1, keepdims=True) + floor)
        return np.concatenate([classes, geometric / arithmetic, level], axis=1)


def _hann(length: int) -> NDArray[np.float32]:
    """Periodic Hann window, scaled so that the power spectrum of unit-variance noise is 1 in every bin."""
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(length) / length)
    return np.asarray(window / np.sqrt(np.square(window).sum()), np.float32)


def _power_spectra(samples: NDArray[np.float32], window: NDArray[np.float32], hop_samples: int) -> Iterator[Frames]:
    """Power spectra of whole frames, (at most BLOCK_FRAMES, bins) at a time."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, len(window))[::hop_samples]
    for start in range(0, len(frames), BLOCK_FRAMES):
        spectrum = scipy.fft.rfft(frames[start : start + BLOCK_FRAMES] * window, axis=1, workers=1)
        yield spectrum.real**2 + spectrum.imag**2
