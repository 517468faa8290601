"""Guitar amplifiers: the sum of the strings through a valve-like curve at twice the rate, then a loudspeaker cabinet."""

from dataclasses import dataclass

import numpy as np
import scipy.fft

from leitmotif_services.workshop.idioms.signals import SAMPLE_RATE_HZ, Samples, bell_gain, pass_band, to_loudness


@dataclass(frozen=True)
class Amplifier:
    """`drive` 0 (clean) to 1 (saturated); the rest are frequencies in Hz and gains in dB."""

    drive: float
    tight_hz: float = 120.0
    """High-pass before the valves: what keeps palm mutes from turning to mud."""
    mid_hz: float = 800.0
    mid_db: float = 4.0
    cabinet_hz: float = 4800.0
    presence_db: float = 4.0
    scoop_db: float = 0.0
    """After the valves, at 600 Hz."""


def draw_amplifier(drive: float, habits: np.random.Generator) -> Amplifier:
    """An amplifier for that drive: the more of it, the tighter and the more scooped."""
    return Amplifier(
        drive,
        tight_hz=float(habits.uniform(70, 130) * (1.0 + drive)),
        mid_hz=float(habits.uniform(500, 1400)),
        mid_db=float(habits.uniform(0, 9)),
        cabinet_hz=float(habits.uniform(3600, 5600)),
        presence_db=float(habits.uniform(1, 8)),
        scoop_db=float(-habits.uniform(0, 9) * max(0.0, drive - 0.5) * 2.0),
    )


def amplify(strings: Samples, amplifier: Amplifier) -> Samples:
    """The strings as the cabinet gives them back, root mean square 0.1 where it sounds.

    The curve is asymmetric (even harmonics) and works on the sum of the strings, so that chords intermodulate. Twice the rate
    keeps most of what it adds above half the rate from folding back.
    """
    count = len(strings)
    size = scipy.fft.next_fast_len(count + 512, real=True)
    size += size % 2
    frequency_hz = np.linspace(0.0, SAMPLE_RATE_HZ / 2, size // 2 + 1, dtype=np.float32)
    spectrum = scipy.fft.rfft(to_loudness(strings, 0.12), size)
    spectrum *= pass_band(frequency_hz, (amplifier.tight_hz, 1e9), 1) * bell_gain(
        frequency_hz, amplifier.mid_hz, 1.0, amplifier.mid_db
    )
    if amplifier.drive > 0.02:
        gain = np.float32(0.6 * 160.0**amplifier.drive)
        fine = scipy.fft.irfft(spectrum, 2 * size) * (2.0 * gain)
        bias = np.float32(0.25)
        fine = np.tanh(fine + bias) - np.tanh(bias)
        spectrum = scipy.fft.rfft(fine)[: size // 2 + 1]
    cabinet = pass_band(frequency_hz, (75.0, amplifier.cabinet_hz), 3)
    cabinet *= bell_gain(frequency_hz, 0.62 * amplifier.cabinet_hz, 0.6, amplifier.presence_db)
    cabinet *= bell_gain(frequency_hz, 120.0, 0.5, 3.0) * bell_gain(frequency_hz, 600.0, 0.9, amplifier.scoop_db)
    return to_loudness(np.asarray(scipy.fft.irfft(spectrum * cabinet, size)[:count], np.float32), 0.1)
