"""Whatever bytes come in: an embedding of finite numbers, or a ServiceError with a reason about the audio. Nothing else."""

import resource
import sys

import numpy as np
import pytest

from leitmotif_services.audio.engine import AudioEngine, load_engine
from leitmotif_services.audio.waveform import AudioLimits
from leitmotif_services.runtime.errors import ServiceError
from tests.unit.audio.audio_files import encoded, every_encoding, music
from tests.unit.audio.av_files import every_av_encoding

MUTATIONS = 130
"""Of each container: 2,080 files."""
MANY_MUTATIONS = 400
"""Of each container, with -m slow: 6,400 files more."""
NAMES = (
    *("wav", "flac", "vorbis", "opus", "mp3", "float"),
    *("m4a", "alac", "adts", "matroska", "webm", "aiff", "wma", "caf", "au", "wavpack"),
)
MEMORY_GROWTH_BYTES = 96 << 20
"""Resident memory may grow by so much at most over all mutations of a container: decoder tables, and twice 30 s of audio."""


@pytest.fixture(scope="module")
def engine() -> AudioEngine:
    return load_engine(limits=AudioLimits(max_duration_s=30.0))


@pytest.fixture(scope="module")
def files():
    by_libsndfile = every_encoding(1.5) | {"float": encoded(music(1.5), 24_000, subtype="FLOAT")}
    return by_libsndfile | every_av_encoding(music(1.5, 48_000))


def test_every_container_is_among_them(files):
    assert set(NAMES) == set(files)


def outcome(engine, content):
    """The reason of a refusal, or "embedded"."""
    try:
        track = engine.embed(content)
    except ServiceError as error:
        assert error.reason.startswith("AUDIO_")
        return error.reason
    assert np.isfinite(track.segment_embeddings).all()
    np.testing.assert_allclose(np.linalg.norm(track.segment_embeddings, axis=1), 1.0, atol=1e-4)
    assert all(np.isfinite(value) for value in vars(track.descriptors).values())
    return "embedded"


def mutated(content, rng):
    """Bytes overwritten, bits flipped, a part cut out, doubled, or replaced by noise; half of the time near the header."""
    data = bytearray(content)
    reach = len(data) if rng.random() < 0.5 else 200
    for _ in range(int(rng.integers(1, 12))):
        at = int(rng.integers(reach))
        kind = int(rng.integers(5))
        length = int(rng.integers(1, 64))
        if kind == 0:
            data[at % len(data)] = int(rng.integers(256))
        elif kind == 1:
            data[at % len(data)] ^= 1 << int(rng.integers(8))
        elif kind == 2:
            del data[at : at + length]
        elif kind == 3:
            data[at:at] = data[at : at + length]
        else:
            data[at : at + length] = rng.bytes(length)
    return bytes(data)


def resident_peak_bytes():
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def embed_mutations(engine, content, name, count):
    assert outcome(engine, content) == "embedded"
    before = resident_peak_bytes()
    rng = np.random.default_rng(list(name.encode()))
    outcomes = {outcome(engine, mutated(content, rng)) for _ in range(count)}
    assert len(outcomes) >= 2, outcomes  # the mutations do reach the decoder
    assert resident_peak_bytes() - before < MEMORY_GROWTH_BYTES


@pytest.mark.parametrize("name", NAMES)
def test_mutated_files(engine, files, name):
    embed_mutations(engine, files[name], name, MUTATIONS)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_many_mutated_files(engine, files, name):
    embed_mutations(engine, files[name], name + "many", MANY_MUTATIONS)


def test_random_bytes(engine):
    rng = np.random.default_rng(2)
    assert {outcome(engine, rng.bytes(int(rng.integers(1, 5000)))) for _ in range(50)} == {"AUDIO_FORMAT_UNKNOWN"}
