"""Measures what can be said of a track without a model, from the frames that the encoder reads as well."""

import numpy as np

from leitmotif_services.audio.embedding import AudioDescriptors
from leitmotif_services.audio.front_end import SEMITONES, FrontEndSettings, TrackFrames
from leitmotif_services.audio.key_mode import majorness
from leitmotif_services.audio.tempo import onset_envelope, onset_rate_hz, pulse

SUSTAIN_FRAMES = 8
"""What holds over so many frames (190 ms) is sustained; what does not is an onset or noise."""

QUIETEST_FRAME = 10.0 ** (-70.0 / 10.0)
"""Frames more than 70 dB below the mean count as 70 dB below it: pauses say nothing about dynamics."""


def describe(frames: TrackFrames, rms: float, settings: FrontEndSettings) -> AudioDescriptors:
    """The descriptors of a track whose level was `rms` (full scale 1) before the front end took it out."""
    envelope = onset_envelope(frames.log_mel)
    tempo_bpm, clarity = pulse(envelope, settings.frames_per_s)
    return AudioDescriptors(
        tempo_bpm=tempo_bpm,
        pulse_clarity=clarity,
        brightness_hz=_centroid_hz(frames),
        loudness_db=min(0.0, 20.0 * float(np.log10(max(rms, 1e-10)))),
        dynamics_db=_dynamics_db(frames),
        percussiveness=_percussiveness(frames),
        onset_rate_hz=onset_rate_hz(envelope, settings.frames_per_s),
        majorness=majorness(frames.tonal[:, :SEMITONES].mean(axis=0, dtype=np.float64)),
    )


def _centroid_hz(frames: TrackFrames) -> float:
    bins_hz = np.arange(len(frames.mean_power)) * frames.bin_hz
    return float(np.sum(bins_hz * frames.mean_power) / max(float(np.sum(frames.mean_power)), 1e-12))


def _dynamics_db(frames: TrackFrames) -> float:
    power = frames.frame_power.astype(np.float64)
    level_db = 10.0 * np.log10(np.maximum(power, max(float(power.mean()), 1e-12) * QUIETEST_FRAME))
    loud, soft = np.percentile(level_db, (95.0, 10.0))
    return float(loud - soft)


def _percussiveness(frames: TrackFrames) -> float:
    """Share of the mel power above the least of the frames around it, band by band."""
    power = np.exp(frames.log_mel)
    sustained = power.copy()
    reach = 1
    while reach < SUSTAIN_FRAMES and reach < len(power):
        sustained = np.minimum(sustained[:-reach], sustained[reach:])
        reach *= 2
    return float(np.clip(1.0 - sustained.mean(dtype=np.float64) / power.mean(dtype=np.float64), 0.0, 1.0))
