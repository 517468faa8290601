"""The default encoder on recordings that nobody here synthesised."""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from leitmotif_services.audio.engine import load_engine
from tests.unit.audio.audio_files import encoded, real_recordings

DATA = Path(os.environ.get("LEITMOTIF_TEST_DATA", Path(__file__).parents[3] / "../shared/data"))
RECORDINGS = real_recordings(DATA)

pytestmark = pytest.mark.skipif(not RECORDINGS, reason=f"no recordings below {DATA}")


@pytest.fixture(scope="module")
def engine():
    return load_engine()


def samples_of(path):
    samples, rate_hz = soundfile.read(path, dtype="float32")
    assert rate_hz == 22_050
    return samples


def test_two_halves_of_a_recording_are_nearest_neighbours(engine):
    halves = []
    for path in RECORDINGS:
        samples = samples_of(path)
        middle = len(samples) // 2
        halves += [engine.embed(encoded(part)).embedding for part in (samples[:middle], samples[middle:])]
    cosine = np.array(halves) @ np.array(halves).T
    np.fill_diagonal(cosine, -1.0)
    nearest = cosine.argmax(axis=1)
    np.testing.assert_array_equal(nearest, np.arange(len(halves)) ^ 1)


def softer(samples):
    return encoded(samples * np.float32(0.5012))


def mp3(samples):
    """128 kbit/s, which is what libsndfile's level 0.7 gives in stereo at 44.1 kHz."""
    wide = soxr.resample(samples, 22_050, 44_100)
    options = {"compression_level": 0.7, "bitrate_mode": "CONSTANT"}
    return encoded(np.stack([wide, wide], axis=1), 44_100, "MP3", "MPEG_LAYER_III", **options)


def at_44_khz(samples):
    return encoded(soxr.resample(samples, 22_050, 44_100), 44_100)


def stereo(samples):
    """The same music, nearer to the left."""
    return encoded(np.stack([samples * 1.2, samples * 0.8], axis=1), subtype="FLOAT")


@pytest.mark.parametrize("change", [softer, mp3, at_44_khz, stereo])
def test_the_embedding_hardly_moves(engine, change):
    for path in RECORDINGS:
        samples = samples_of(path)[: 40 * 22_050]
        original, changed = (engine.embed(content).embedding for content in (encoded(samples), change(samples)))
        assert float(original @ changed) >= 0.97, path.name


def test_descriptors_tell_the_recordings_apart(engine):
    described = {path.name[:12]: engine.embed(path.read_bytes()).descriptors for path in RECORDINGS}
    brightest = max(described, key=lambda name: described[name].brightness_hz)
    assert brightest == "456440__insp"  # the robin sings at 4 to 8 kHz
    assert described["Karissa_Hobb"].tempo_bpm == pytest.approx(118, abs=1)
    assert described["Karissa_Hobb"].majorness > 0.1
    assert described["Hungarian_Da"].majorness < -0.1  # F sharp minor
