"""Places rendered notes in time, sets the tone and the room, and brings the piece to level."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.workshop.composer.arrangement import Hit, Note
from leitmotif_services.workshop.composer.instruments import Samples, Timbre, render_pitch

_PEAK = 0.94


def play(timbre: Timbre, notes: Sequence[Note], out: Samples, gain: float, sample_rate_hz: int, noise: Samples) -> None:
    """Add the notes to `out`. As in a sampler, each pitch is rendered once, for its longest note, and cut to the others."""
    release = max(1, int(timbre.release_s * sample_rate_hz))
    fade = np.linspace(1.0, 0.0, release, dtype=np.float32) ** 2
    longest: dict[int, float] = {}
    for note in notes:
        longest[note.pitch] = max(longest.get(note.pitch, 0.0), note.duration_s)
    sounds = {
        pitch: render_pitch(timbre, 440.0 * 2 ** ((pitch - 69) / 12), seconds + timbre.release_s + 0.01, sample_rate_hz, noise)
        for pitch, seconds in longest.items()
    }
    for note in notes:
        start = int(note.start_s * sample_rate_hz)
        held = int(note.duration_s * sample_rate_hz)
        sound = sounds[note.pitch][: held + release] * np.float32(gain * note.velocity)
        sound[held:] *= fade[: len(sound) - held]
        end = min(len(out), start + len(sound))
        if start < end:
            out[start:end] += sound[: end - start]


def strike(kit: dict[str, Samples], hits: Sequence[Hit], out: Samples, gains: dict[str, float], sample_rate_hz: int) -> None:
    """Add drum strokes to `out`."""
    for hit in hits:
        start = int(hit.start_s * sample_rate_hz)
        sound = kit[hit.drum]
        end = min(len(out), start + len(sound))
        if start < end:
            out[start:end] += sound[: end - start] * np.float32(gains[hit.drum] * hit.velocity)


def colour(dry: Samples, brightness: float, reverb: float, sample_rate_hz: int, rng: np.random.Generator) -> Samples:
    """Tilt the spectrum about 500 Hz by -3.5 (brightness 0) to +3 dB an octave (brightness 1), and add a room.

    The room is noise that decays by 60 dB in 0.25 to 3 s. Both are one multiplication of spectra.
    """
    decay_s = 0.25 + 2.75 * reverb**1.5
    tail = int(min(decay_s, 2.0) * sample_rate_hz)
    size = _fast_length(len(dry) + tail)
    room = rng.standard_normal(tail, dtype=np.float32) * np.exp(
        -6.9 / (decay_s * sample_rate_hz) * np.arange(tail, dtype=np.float32)
    )
    room *= np.float32((0.05 + 0.75 * reverb) / np.sqrt(np.square(room).sum()))
    room[0] += 1.0
    spectrum = np.fft.rfft(dry, size) * np.fft.rfft(room, size)
    frequency_hz = np.arange(len(spectrum), dtype=np.float32) * np.float32(sample_rate_hz / size)
    octaves = np.log2(np.maximum(frequency_hz, 100.0) / np.float32(500.0))
    spectrum *= np.exp(octaves * np.float32((-3.5 + 6.5 * brightness) * np.log(10) / 20))
    spectrum[frequency_hz < 25.0] = 0.0
    return np.fft.irfft(spectrum, size)[: len(dry)].astype(np.float32)


def level(waveform: Samples, loudness_db: float) -> Samples:
    """Scale to a level in dB relative to full scale; peaks are rounded off below 0.94. The ends are faded."""
    waveform = waveform * np.float32(10 ** (loudness_db / 20) / max(float(np.sqrt(np.mean(np.square(waveform)))), 1e-9))
    waveform = np.float32(_PEAK) * np.tanh(waveform / np.float32(_PEAK))
    edge = min(len(waveform) // 4, 1024)
    ramp = np.linspace(0.0, 1.0, edge, dtype=np.float32)
    waveform[:edge] *= ramp
    waveform[len(waveform) - edge :] *= ramp[::-1]
    return waveform


def _fast_length(minimum: int) -> int:
    """The smallest 2^a, 3·2^a, 5·2^a or 15·2^a that is at least `minimum`: quick to transform."""
    best = 1 << int(np.ceil(np.log2(minimum)))
    for factor in (3, 5, 9, 15):
        power = max(0, int(np.ceil(np.log2(minimum / factor))))
        best = min(best, factor << power)
    return best


def white_noise(seconds: float, sample_rate_hz: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Gaussian noise of variance 1/9, float32."""
    return rng.standard_normal(int(seconds * sample_rate_hz), dtype=np.float32) / np.float32(3.0)
