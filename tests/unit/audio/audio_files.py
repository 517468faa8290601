"""Signals whose properties are known, and audio files made of them."""

import io
from pathlib import Path

import numpy as np
import soundfile

from leitmotif_services.audio.waveform import Waveform, checked_samples

RATE_HZ = 22_050

ENCODINGS = {
    "wav": ("WAV", "PCM_16"),
    "flac": ("FLAC", "PCM_16"),
    "vorbis": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
}


def tone(frequency_hz, duration_s=2.0, rate_hz=RATE_HZ, amplitude=0.5):
    return (amplitude * np.sin(2 * np.pi * frequency_hz * np.arange(int(duration_s * rate_hz)) / rate_hz)).astype(np.float32)


def noise(duration_s=2.0, rate_hz=RATE_HZ, amplitude=0.1, seed=0):
    return (amplitude * np.random.default_rng(seed).standard_normal(int(duration_s * rate_hz))).astype(np.float32)


def clicks(tempo_bpm, duration_s=20.0, rate_hz=RATE_HZ):
    """A burst of noise on every beat, the same each time."""
    samples = np.zeros(int(duration_s * rate_hz), np.float32)
    burst = noise(0.014, rate_hz) * np.exp(-np.arange(int(0.014 * rate_hz)) / 80).astype(np.float32)
    for beat in range(int(duration_s * tempo_bpm / 60)):
        start = round(beat * 60 / tempo_bpm * rate_hz)
        samples[start : start + len(burst)] += burst[: len(samples) - start]
    return samples


def chords(triads, rate_hz=RATE_HZ):
    """Each triad of MIDI numbers for a second, with an octave partial."""
    parts = []
    for triad in triads:
        hz = [440.0 * 2 ** ((midi - 69) / 12) for midi in triad]
        parts.append(sum(tone(f, 1.0, rate_hz, 0.1) + tone(2 * f, 1.0, rate_hz, 0.04) for f in hz))
    return np.concatenate(parts)


def waveform(samples, rate_hz=RATE_HZ):
    return Waveform(checked_samples(samples), rate_hz, len(samples) / rate_hz, rate_hz, 1)


def encoded(samples, rate_hz=RATE_HZ, container="WAV", subtype="PCM_16", **options):
    """An audio file as bytes, written in short blocks: libsndfile's OGG writers overrun the stack with long ones."""
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    buffer = io.BytesIO()
    with soundfile.SoundFile(buffer, "w", rate_hz, channels, format=container, subtype=subtype, **options) as file:
        for start in range(0, len(samples), 4096):
            file.write(samples[start : start + 4096])
    return buffer.getvalue()


def music(duration_s=4.0, rate_hz=24_000, seed=0):
    """Something with tones, noise and a beat, at a rate that every container takes."""
    samples = tone(330, duration_s, rate_hz, 0.2) + tone(495, duration_s, rate_hz, 0.1) + noise(duration_s, rate_hz, 0.01, seed)
    samples[:: rate_hz // 2] += 0.5
    return samples


def every_encoding(duration_s=4.0):
    """The same music in every container, by name."""
    return {name: encoded(music(duration_s), 24_000, *encoding) for name, encoding in ENCODINGS.items()}


def real_recordings(folder: Path):
    return sorted((folder / "audio").glob("*.ogg"))
