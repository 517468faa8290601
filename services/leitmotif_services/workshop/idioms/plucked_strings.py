"""Struck and plucked strings: guitars, basses, banjo, harp, clavinet, harpsichord, piano.

The string loop of Karplus & Strong (1983) with the pluck position, pickup and damping of Jaffe & Smith (1983), solved in the
frequency domain: the loop's delay and losses are free functions of frequency there, so that tuning, decay and stiffness
(inharmonic partials, Fletcher 1964) are exact, and a note is one inverse transform.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import scipy.fft

from leitmotif_services.workshop.idioms.signals import SAMPLE_RATE_HZ, Note, Samples, add_at, hertz


@dataclass(frozen=True)
class StringModel:
    """A string, what strikes it and where it is heard."""

    decay_s: float
    """Time in which the fundamental of A2 falls by 60 dB; higher strings ring shorter."""
    damping: float
    """Further decay of a partial at 1 kHz, in nepers a second; it grows with the frequency."""
    hardness_hz: float
    """Corner of the low-pass that the plectrum, finger or hammer is."""
    pluck: float = 0.15
    """Where the string is struck, as a share of its length."""
    pickup: float = 0.0
    """Where it is heard; 0 at the bridge."""
    stiffness: float = 0.00005
    unison_cents: tuple[float, ...] = (0.0,)
    noise: float = 0.25
    """Share of the excitation that is noise."""
    thump: float = 0.0
    """Knock of body or soundboard."""
    thump_hz: float = 110.0
    release_s: float = 0.06


MODELS: dict[str, StringModel] = {
    "steel guitar": StringModel(3.2, 2.0, 4200, 0.14, stiffness=0.00008, thump=0.25, thump_hz=105),
    "nylon guitar": StringModel(2.0, 4.5, 1900, 0.22, thump=0.4, thump_hz=95, noise=0.15),
    "electric guitar": StringModel(3.5, 1.6, 3800, 0.12, 0.22),
    "twang guitar": StringModel(3.0, 1.0, 6500, 0.06, 0.07, noise=0.35),
    "muted guitar": StringModel(0.28, 9.0, 3500, 0.1, 0.12, noise=0.4, release_s=0.02),
    "skank guitar": StringModel(0.5, 3.0, 5500, 0.1, 0.1, noise=0.4, release_s=0.02),
    "power guitar": StringModel(6.0, 0.8, 5500, 0.1, 0.08, noise=0.35, release_s=0.03),
    "banjo": StringModel(0.9, 3.5, 7500, 0.05, noise=0.4, thump=0.2, thump_hz=320),
    "mandolin": StringModel(0.8, 3.0, 6500, 0.1, unison_cents=(-3.0, 4.0), thump=0.2, thump_hz=250),
    "harp": StringModel(2.5, 2.5, 2600, 0.4, noise=0.05, thump=0.1, release_s=0.5),
    "upright bass": StringModel(1.6, 9.0, 900, 0.2, thump=0.6, thump_hz=85, release_s=0.05),
    "finger bass": StringModel(2.6, 5.0, 1100, 0.2, 0.13, noise=0.12, release_s=0.04),
    "pick bass": StringModel(3.0, 2.0, 3200, 0.08, 0.1, noise=0.3, release_s=0.04),
    "slap bass": StringModel(2.2, 1.8, 7000, 0.3, 0.06, noise=0.5, thump=0.4, thump_hz=70, release_s=0.03),
    "dub bass": StringModel(2.4, 16.0, 420, 0.3, 0.3, noise=0.05, release_s=0.05),
    "clavinet": StringModel(1.6, 1.2, 7000, 0.04, 0.18, noise=0.4, release_s=0.02),
    "harpsichord": StringModel(2.2, 1.0, 9000, 0.09, unison_cents=(-1.5, 1.5), noise=0.45, release_s=0.04),
    "piano": StringModel(7.0, 0.9, 2200, 0.125, stiffness=0.0004, unison_cents=(-0.6, 0.7), noise=0.12, thump=0.3,
        release_s=0.12),
    "bright piano": StringModel(6.0, 0.7, 4200, 0.12, stiffness=0.0005, unison_cents=(-1.0, 1.2), noise=0.2, thump=0.2,
        release_s=0.1),
    "bar piano": StringModel(5.0, 1.0, 3600, 0.11, stiffness=0.0006, unison_cents=(-7.0, 8.0), noise=0.25, thump=0.4,
        release_s=0.1),
}  # fmt: skip
"""Every string instrument by name."""


def vary(model: StringModel, habits: np.random.Generator) -> StringModel:
    """Another instrument of the kind: another maker, other strings, another hand."""

    def about(value: float, octaves: float) -> float:
        return value * float(2.0 ** habits.normal(0.0, octaves))

    return StringModel(
        about(model.decay_s, 0.3), about(model.damping, 0.4), about(model.hardness_hz, 0.35),
        min(0.45, about(model.pluck, 0.3)), min(0.45, about(model.pickup, 0.3)), about(model.stiffness, 0.4),
        tuple(about(cents, 0.5) for cents in model.unison_cents), min(0.8, about(model.noise, 0.4)),
        about(model.thump, 0.5), about(model.thump_hz, 0.15), model.release_s,
    )  # fmt: skip


def render_string(model: StringModel, pitch: float, duration_s: float, rng: np.random.Generator) -> Samples:
    """One note left to ring for `duration_s`, root mean square of its first tenth of a second about 0.1."""
    wanted = max(256, int(duration_s * SAMPLE_RATE_HZ))
    size = scipy.fft.next_fast_len(wanted, real=True)
    fade = 6.9 / size  # solved on a circle outside the unit circle: what wraps around is 60 dB down
    frequency_hz = np.linspace(0.0, SAMPLE_RATE_HZ / 2, size // 2 + 1, dtype=np.float32)
    base_hz = hertz(pitch)
    spectrum = np.zeros(size // 2 + 1, np.complex64)
    for cents in model.unison_cents:
        spectrum += _string_spectrum(model, base_hz * 2.0 ** (cents / 1200.0), frequency_hz, fade)
    period = max(4, int(SAMPLE_RATE_HZ / base_hz))
    strike = np.zeros(size, np.float32)
    strike[:period] = rng.standard_normal(min(period, size), dtype=np.float32) * np.float32(model.noise / np.sqrt(period))
    strike[0] += 1.0 - model.noise
    spectrum *= scipy.fft.rfft(strike)
    spectrum /= 1.0 + (frequency_hz / np.float32(model.hardness_hz)) ** 2
    spectrum[frequency_hz < 20.0] = 0.0
    sound = scipy.fft.irfft(spectrum, size)[:wanted]
    times = np.arange(wanted, dtype=np.float32)
    sound *= np.exp(np.float32(fade) * times)
    early = np.sqrt(np.mean(np.square(sound[:2205]))) + 1e-9
    sound *= np.float32(0.1) / early
    if model.thump:
        knock = np.exp(times * np.float32(-1.0 / (0.025 * SAMPLE_RATE_HZ)))
        knock *= np.sin(times * np.float32(2 * np.pi * model.thump_hz / SAMPLE_RATE_HZ))
        sound += np.float32(0.3 * model.thump) * knock
    return np.asarray(sound, np.float32)


def _string_spectrum(
    model: StringModel, base_hz: float, frequency_hz: Samples, fade: float
) -> np.ndarray[tuple[int], np.dtype[np.complex64]]:
    number = frequency_hz / np.float32(base_hz)
    number /= np.sqrt(1.0 + np.float32(model.stiffness) * number**2)  # the (fractional) number of the partial at a frequency
    delay = SAMPLE_RATE_HZ / base_hz
    fall = 6.9 / (model.decay_s * (110.0 / base_hz) ** 0.35) + model.damping * (frequency_hz * np.float32(1e-3)) ** 1.3
    loss = np.exp(-fall * np.float32(1.0 / base_hz) - np.float32(fade * delay))
    turn = np.exp(np.complex64(-2j * np.pi) * number)
    heard = 1.0 - np.exp(np.complex64(-2j * np.pi * model.pluck) * number)
    if model.pickup:
        heard = heard * (1.0 - np.exp(np.complex64(-2j * np.pi * model.pickup) * number))
    return np.asarray(heard / (1.0 - loss * turn), np.complex64)


def play_notes(notes: Iterable[Note], render: Callable[[float, float], Samples], release_s: float, out: Samples) -> None:
    """Mix notes into `out`. Each pitch is rendered once, for its longest note, and damped where each note ends."""
    longest: dict[float, float] = {}
    kept = [
        note for note in notes if note.start_s + note.duration_s + release_s > 0.0 and note.start_s * SAMPLE_RATE_HZ < len(out)
    ]
    for note in kept:
        longest[note.pitch] = max(longest.get(note.pitch, 0.0), note.duration_s)
    sounds = {pitch: render(pitch, min(length_s, 5.0) + release_s) for pitch, length_s in longest.items()}
    release = max(1, int(release_s * SAMPLE_RATE_HZ))
    fade = np.linspace(1.0, 0.0, release, dtype=np.float32) ** 2
    for note in kept:
        held = int(note.duration_s * SAMPLE_RATE_HZ)
        sound = sounds[note.pitch][: held + release].copy()
        sound[held:] *= fade[: len(sound) - held] if len(sound) > held else np.float32(1.0)
        add_at(out, sound, int(note.start_s * SAMPLE_RATE_HZ), note.velocity)


def mute(model: StringModel) -> StringModel:
    """The same string under the palm or a lifted finger."""
    return replace(model, decay_s=min(model.decay_s, 0.45), damping=max(5.0, 3.0 * model.damping), release_s=0.03)
