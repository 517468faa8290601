"""From the mix to the release: room, tone, bus compression, limiting, and the medium it was kept on."""

from dataclasses import dataclass

import numpy as np
import scipy.fft

from leitmotif_services.workshop.idioms.signals import (
    FRAME_HOP,
    SAMPLE_RATE_HZ,
    Samples,
    bell_gain,
    drift,
    pass_band,
    smooth,
    to_samples,
)

_PEAK = np.float32(0.97)


@dataclass(frozen=True)
class Master:
    """How a band's records are made."""

    room_s: float
    """Reverberation time."""
    room_level: float
    """Energy of the room against the dry sound, 0 to 1."""
    tilt_db: float
    """Slope about 700 Hz, dB an octave."""
    bumps: tuple[tuple[float, float, float], ...]
    """Equaliser: centre in Hz, octaves, dB."""
    compression: float
    """0 none to 1 pumped flat."""
    loudness_db: float
    """Level before the limiter, dB of full scale: the higher, the flatter the waveform."""
    band_hz: tuple[float, float]
    hiss_db: float
    """Level of the medium's noise, dB of full scale; -100 for none."""
    crackle: float
    wow: float
    """Share by which the speed wanders."""
    comb_ms: float
    """Delay between the two channels that were summed to one; 0 for none."""


def draw_master(era: str, room: tuple[float, float], tilt: tuple[float, float], habits: np.random.Generator) -> Master:
    """A master of an era: "shellac", "fifties", "seventies", "eighties", "modern", "loud", "natural" or "bedroom"."""
    loudness, compression, low, high, hiss, crackle, wow = {
        "shellac": ((-17, -12), (0.2, 0.5), (100, 250), (3200, 5500), (-42, -30), 1.0, 0.0015),
        "fifties": ((-18, -13), (0.1, 0.5), (60, 110), (5500, 9000), (-56, -44), 0.3, 0.0007),
        "seventies": ((-18, -12), (0.1, 0.5), (35, 60), (8000, 12_000), (-66, -54), 0.1, 0.0003),
        "eighties": ((-18, -12), (0.2, 0.6), (30, 45), (9500, 12_000), (-80, -64), 0.0, 0.0),
        "modern": ((-13, -8), (0.4, 0.9), (25, 40), (10_000, 14_000), (-95, -66), 0.0, 0.0),
        "loud": ((-9, -5), (0.7, 1.0), (28, 45), (10_000, 14_000), (-95, -66), 0.0, 0.0),
        "natural": ((-26, -17), (0.0, 0.05), (25, 40), (9000, 13_000), (-74, -58), 0.0, 0.0),
        "bedroom": ((-19, -13), (0.1, 0.5), (50, 90), (7000, 11_000), (-60, -48), 0.0, 0.0004),
    }[era]

    def within(bounds: tuple[float, float]) -> float:
        return float(habits.uniform(*bounds))

    level = within(room)
    return Master(
        room_s=0.25 + 2.6 * level**1.3 * float(habits.uniform(0.6, 1.3)),
        room_level=level,
        tilt_db=within(tilt),
        bumps=tuple((10 ** within((1.9, 3.9)), within((0.3, 1.2)), float(habits.normal(0, 2.5))) for _ in range(4)),
        compression=within(compression), loudness_db=within(loudness), band_hz=(within(low), within(high)), hiss_db=within(hiss),
        crackle=crackle * float(habits.uniform(0.2, 1.0)), wow=wow * float(habits.uniform(0.3, 1.5)),
        comb_ms=float(habits.uniform(0.1, 1.2)) if habits.random() < 0.4 else 0.0,
    )  # fmt: skip


def apply_room(dry: Samples, reverberant: Samples, master: Master, habits: np.random.Generator) -> Samples:
    """`dry` with the room's answer to `reverberant`, and the record's tone: one product of spectra.

    The answer is noise that decays by 60 dB in the reverberation time, darker than the source, after a pre-delay.
    """
    tail = int(min(master.room_s, 2.5) * SAMPLE_RATE_HZ)
    size = scipy.fft.next_fast_len(len(dry) + tail, real=True)
    frequency_hz = np.linspace(0.0, SAMPLE_RATE_HZ / 2, size // 2 + 1, dtype=np.float32)
    answer = habits.standard_normal(tail, dtype=np.float32) * np.exp(
        np.arange(tail, dtype=np.float32) * np.float32(-6.9 / (master.room_s * SAMPLE_RATE_HZ))
    )
    answer[: int(habits.uniform(0.003, 0.03) * SAMPLE_RATE_HZ)] = 0.0
    answer *= np.float32(master.room_level / np.sqrt(np.square(answer).sum() + 1e-9))
    wet = scipy.fft.rfft(answer, size) * pass_band(frequency_hz, (150.0, float(habits.uniform(2500, 6000))), 1)
    spectrum = scipy.fft.rfft(dry, size) + scipy.fft.rfft(reverberant, size) * wet
    octaves = np.log2(np.maximum(frequency_hz, np.float32(60.0)) / np.float32(700.0))
    tone = np.exp(octaves * np.float32(master.tilt_db * np.log(10) / 20)) * pass_band(frequency_hz, master.band_hz, 3)
    for centre_hz, width, gain_db in master.bumps:
        tone *= bell_gain(frequency_hz, centre_hz, width, gain_db)
    if master.comb_ms:
        tone *= np.sqrt(1.0 + 0.25 + np.cos(np.float32(2e-3 * np.pi * master.comb_ms) * frequency_hz))
    return np.asarray(scipy.fft.irfft(spectrum * tone, size)[: len(dry)], np.float32)


def finish(mix: Samples, master: Master, rng: np.random.Generator) -> Samples:
    """Compress, set the level, limit below full scale, and add what the medium adds."""
    heard = np.sqrt(np.mean(np.square(mix))) + 1e-9
    mix = mix * np.float32(0.1 / heard)
    mix = mix * compression_gain(mix, master.compression)
    mix *= np.float32(10 ** (master.loudness_db / 20) / (np.sqrt(np.mean(np.square(mix))) + 1e-9))
    if master.wow:
        slip = np.cumsum(drift(len(mix) // 2048 + 2, 12, rng)) * np.float32(2048 * master.wow)
        place = np.arange(len(mix), dtype=np.float32) + to_samples(slip.astype(np.float32), len(mix))
        mix = np.interp(place, np.arange(len(mix)), mix).astype(np.float32)
    if master.hiss_db > -99.0:
        mix += rng.standard_normal(len(mix), dtype=np.float32) * np.float32(10 ** (master.hiss_db / 20))
    if master.crackle > 0.02:
        clicks = rng.integers(0, len(mix) - 4, size=int(len(mix) / SAMPLE_RATE_HZ * 25 * master.crackle))
        mix[clicks] += (rng.standard_normal(len(clicks)) * 0.06 * master.crackle).astype(np.float32)
        mix[clicks + 1] -= (rng.standard_normal(len(clicks)) * 0.04 * master.crackle).astype(np.float32)
    return limit(mix)


def compression_gain(mix: Samples, amount: float) -> Samples:
    """(samples,) gain of a bus compressor: above the threshold, the level rises by 1 - 0.85·amount dB a dB."""
    frames = len(mix) // FRAME_HOP
    if amount < 0.02 or frames < 8:
        return np.ones(len(mix), np.float32)
    power = np.square(mix[: frames * FRAME_HOP].reshape(frames, FRAME_HOP)).mean(axis=1) + 1e-9
    level_db = 10 * np.log10(smooth(power.astype(np.float32), 3.0))
    over = np.maximum(level_db + 22.0 + 8.0 * amount, 0.0)
    return to_samples((10 ** (-0.85 * amount * over / 20)).astype(np.float32), len(mix))


def limit(mix: Samples) -> Samples:
    """Linear up to about half of full scale, rounded off below 0.97."""
    mix = mix / _PEAK
    loud = np.abs(mix)
    knee = np.float32(0.5)
    rounded = np.sign(mix) * (knee + (1 - knee) * np.tanh((loud - knee) / (1 - knee)))
    return np.asarray(np.where(loud <= knee, mix, rounded) * _PEAK, np.float32)
