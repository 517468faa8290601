"""What studios, rooms, players and formats do to a piece, drawn at random: a waveform in, a waveform out."""

import io

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]


def excerpt(samples: Samples, rate_hz: int, rng: np.random.Generator) -> Samples:
    """1.2 to 8 s that can be heard."""
    for _ in range(16):
        length = int(rate_hz * np.exp(rng.uniform(np.log(1.2), np.log(8.0))))
        start = int(rng.integers(0, len(samples) - length))
        excerpt = samples[start : start + length]
        if excerpt.std() > 0.01 * samples.std():
            return excerpt
    return samples


def produced(samples: Samples, rate_hz: int, rng: np.random.Generator) -> Samples:
    """The same piece as another studio, room or player would give it out."""
    kind = int(rng.integers(5))
    if kind == 0:
        return equalised(samples, rate_hz, rng, step_db=2.0)
    if kind == 1:  # a comb, as from two microphones
        delay = int(rng.integers(1, 8))
        combed = samples.copy()
        combed[delay:] += np.float32(0.7) * samples[:-delay]
        return combed
    if kind == 2:
        return with_noise(samples, rng, quietest_db=55.0, loudest_db=35.0)
    if kind == 3:
        limit = np.float32(samples.std() * rng.uniform(1.5, 4.0))
        return np.asarray(np.tanh(samples / limit) * limit)
    fade = np.linspace(rng.uniform(0.4, 1.0), rng.uniform(0.4, 1.0), len(samples))
    return (samples * fade).astype(np.float32)


def coded(samples: Samples, rate_hz: int, rng: np.random.Generator) -> Samples:
    """Through a lossy codec and back: Vorbis or MP3, from good to poor."""
    import soundfile

    container, subtype = ("OGG", "VORBIS") if rng.random() < 0.6 else ("MP3", "MPEG_LAYER_III")
    coarseness = float(rng.uniform(0.3, 0.9))
    buffer = io.BytesIO()
    with soundfile.SoundFile(buffer, "w", rate_hz, 1, subtype, format=container, compression_level=coarseness) as file:
        for start in range(0, len(samples), 4096):  # libsndfile's Vorbis writer overruns the stack with more
            file.write(samples[start : start + 4096])
    buffer.seek(0)
    decoded, _ = soundfile.read(buffer, dtype="float32")
    return np.asarray(decoded)


def equalised(samples: Samples, rate_hz: int, rng: np.random.Generator, *, step_db: float) -> Samples:
    """Filtered by a gain that walks at random from octave to octave, `step_db` / 2 the deviation of a step."""
    frequency_hz = np.fft.rfftfreq(len(samples), 1.0 / rate_hz)
    octaves_hz = np.array([0.0, 60, 120, 250, 500, 1000, 2000, 4000, 8000, 12000])
    walk_db = rng.normal(0.0, step_db, len(octaves_hz)).cumsum() * 0.5
    gain_db = np.interp(np.log(frequency_hz + 30.0), np.log(octaves_hz + 30.0), walk_db)
    return np.fft.irfft(np.fft.rfft(samples) * 10.0 ** (gain_db / 20.0), len(samples)).astype(np.float32)


def with_noise(samples: Samples, rng: np.random.Generator, *, quietest_db: float, loudest_db: float) -> Samples:
    """White noise from `quietest_db` to `loudest_db` below the music."""
    ratio = 10.0 ** (-rng.uniform(loudest_db, quietest_db) / 20.0)
    return samples + rng.standard_normal(len(samples), dtype=np.float32) * np.float32(samples.std() * ratio)
