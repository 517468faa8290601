"""Measures what can be said of a track without a model, from the frames that the encoder reads as well."""

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.audio.embedding import AudioDescriptors
from leitmotif_services.audio.front_end import SEMITONES, FrontEndSettings, TrackFrames
from leitmotif_services.audio.key_mode import majorness
from leitmotif_services.audio.tempo import onset_envelope, onset_rate_hz, pulse

SUSTAIN_FRAMES = 8
"""What holds over so many frames (190 ms) is sustained; what does not is an onset or noise."""

LOUDEST = 1e12
"""Float samples may be louder than anything that is meant as sound; their power would overflow."""

QUIETEST_FRAME = 10.0 ** (-70.0 / 10.0)
"""Frames more than 70 dB below the mean count as 70 dB below it: pauses say nothing about dynamics."""


class TrackMeasurement:
    """Collects what descriptors are made of over the parts of a track; keeps 8 bytes a frame, whatever the length."""

    def __init__(self, settings: FrontEndSettings) -> None:
        self._settings = settings
        self._envelopes: list[NDArray[np.float32]] = []
        self._frame_powers: list[NDArray[np.float32]] = []
        self._power: NDArray[np.float64] = np.zeros(settings.frame_samples // 2 + 1)
        self._pitch_classes: NDArray[np.float64] = np.zeros(SEMITONES)
        self._sustained = self._percussive_and_sustained = 0.0
        self._energy = 0.0
        self._frames = 0

    def add(self, frames: TrackFrames, rms: float, own_frames: int | None = None) -> None:
        """Add a part whose level was `rms` (full scale 1) before the front end took it out.

        Where parts overlap, `own_frames` says how many frames, from the first on, no later part describes.
        """
        count = len(frames.log_mel) if own_frames is None else own_frames
        rms = min(rms, LOUDEST)
        energy = rms**2 * count
        sustained, power = _sustained_and_whole(frames.log_mel)
        self._envelopes.append(onset_envelope(frames.log_mel[: count + 1]).astype(np.float32))
        self._frame_powers.append(frames.frame_power[:count] * np.float32(rms**2))
        self._power += frames.mean_power * energy
        self._pitch_classes += frames.tonal[:, :SEMITONES].mean(axis=0, dtype=np.float64) * count
        self._sustained += sustained * energy
        self._percussive_and_sustained += power * energy
        self._energy += energy
        self._frames += count

    def add_silence(self, own_frames: int) -> None:
        """Add a part without sound."""
        self._envelopes.append(np.zeros(own_frames, np.float32))
        self._frame_powers.append(np.zeros(own_frames, np.float32))
        self._frames += own_frames

    def descriptors(self) -> AudioDescriptors:
        """Of all parts; at least one of them had sound."""
        envelope = np.concatenate(self._envelopes)
        tempo_bpm, clarity = pulse(envelope, self._settings.frames_per_s)
        rms = float(np.sqrt(self._energy / self._frames))
        return AudioDescriptors(
            tempo_bpm=tempo_bpm,
            pulse_clarity=clarity,
            brightness_hz=_centroid_hz(self._power, self._settings.sample_rate_hz / self._settings.frame_samples),
            loudness_db=min(0.0, 20.0 * float(np.log10(max(rms, 1e-10)))),
            dynamics_db=_dynamics_db(np.concatenate(self._frame_powers)),
            percussiveness=float(np.clip(1.0 - self._sustained / self._percussive_and_sustained, 0.0, 1.0)),
            onset_rate_hz=onset_rate_hz(envelope, self._settings.frames_per_s),
            majorness=majorness(self._pitch_classes),
        )


def describe(frames: TrackFrames, rms: float, settings: FrontEndSettings) -> AudioDescriptors:
    """The descriptors of a track whose level was `rms` (full scale 1) before the front end took it out."""
    measurement = TrackMeasurement(settings)
    measurement.add(frames, rms)
    return measurement.descriptors()


def _centroid_hz(power: NDArray[np.float64], bin_hz: float) -> float:
    return float(np.sum(np.arange(len(power)) * bin_hz * power) / max(float(np.sum(power)), 1e-30))


def _dynamics_db(frame_power: NDArray[np.float32]) -> float:
    power = frame_power.astype(np.float64)
    level_db = 10.0 * np.log10(np.maximum(power, max(float(power.mean()), 1e-30) * QUIETEST_FRAME))
    loud, soft = np.percentile(level_db, (95.0, 10.0))
    return float(loud - soft)


def _sustained_and_whole(log_mel: NDArray[np.float32]) -> tuple[float, float]:
    """Mean mel power that holds over SUSTAIN_FRAMES, band by band, and mean mel power."""
    power = np.exp(log_mel)
    sustained = power.copy()
    reach = 1
    while reach < SUSTAIN_FRAMES and reach < len(power):
        sustained = np.minimum(sustained[:-reach], sustained[reach:])
        reach *= 2
    return float(sustained.mean(dtype=np.float64)), float(power.mean(dtype=np.float64))
