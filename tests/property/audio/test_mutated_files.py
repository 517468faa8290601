"""Whatever bytes come in: an embedding of finite numbers, or a ServiceError with a reason about the audio. Nothing else."""

import resource
import struct
import sys

import numpy as np
import pytest

from leitmotif_services.audio.engine import AudioEngine, load_engine
from leitmotif_services.audio.waveform import AudioLimits
from leitmotif_services.runtime.errors import ServiceError
from tests.unit.audio.audio_files import encoded, every_encoding, music
from tests.unit.audio.av_files import av_encoded, every_av_encoding

MUTATIONS = 80
"""Of each container."""
MANY_MUTATIONS = 400
"""Of each container, with -m slow: 6,400 files."""
NAMES = (
    *("wav", "flac", "vorbis", "opus", "mp3", "float"),
    *("m4a", "alac", "adts", "matroska", "webm", "aiff", "wma", "caf", "au", "wavpack"),
)
MEMORY_GROWTH_BYTES = 256 << 20
"""Resident memory may grow by so much at most: a decoder's tables, and twice 30 s of audio."""


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


@pytest.mark.parametrize("name", NAMES)
def test_files_cut_anywhere(engine, files, name):
    rng = np.random.default_rng(3)
    for length in rng.integers(0, len(files[name]), 15):
        outcome(engine, files[name][:length])


@pytest.mark.parametrize("name", NAMES)
def test_a_header_before_random_bytes(engine, files, name):
    rng = np.random.default_rng(1)
    for kept in (4, 12, 44, 100, 200, 1000):
        outcome(engine, files[name][:kept] + rng.bytes(20_000))


def test_random_bytes(engine):
    rng = np.random.default_rng(2)
    assert {outcome(engine, rng.bytes(int(rng.integers(1, 5000)))) for _ in range(50)} == {"AUDIO_FORMAT_UNKNOWN"}


def wav_of(samples, rate_hz=24_000):
    return encoded(samples, rate_hz, subtype="FLOAT")


def with_rate(content, rate_hz):
    """A WAV file with another sample rate in its header."""
    return content[:24] + struct.pack("<I", rate_hz) + content[28:]


def with_promise(container, hours):
    """A file whose header promises `hours` of audio."""
    content = bytearray(encoded(music(2.0), 24_000, container))
    samples = int(hours * 3600 * 24_000)
    if container == "FLAC":
        content[22:26] = struct.pack(">I", samples)
    else:
        content[40:44] = struct.pack("<I", 2 * samples)
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "AUDIO_EMPTY"),
        (wav_of(np.array([0.5], np.float32)), "AUDIO_TOO_SHORT"),
        (wav_of(np.zeros(48_000, np.float32)), "AUDIO_SILENT"),
        (wav_of(np.array([0.1, np.nan] * 24_000, np.float32)), "AUDIO_NOT_FINITE"),
        (wav_of(np.array([0.1, np.inf] * 24_000, np.float32)), "AUDIO_NOT_FINITE"),
        (with_rate(encoded(music(2.0), 24_000), 1), "AUDIO_FORMAT_UNKNOWN"),
        (with_rate(encoded(music(2.0), 24_000), 0), "AUDIO_CORRUPT"),
        (with_promise("FLAC", 10), "AUDIO_TOO_LARGE"),
        (with_promise("WAV", 10), "AUDIO_CORRUPT"),
        (av_encoded(music(2.0, 44_100), 44_100, "mp4", "aac", video=True), "AUDIO_FORMAT_UNKNOWN"),
        (av_encoded(music(2.0, 44_100), 44_100, "matroska", "aac", video=True), "AUDIO_FORMAT_UNKNOWN"),
        (av_encoded(music(2.0, 44_100), 44_100, "avi", "aac", video=True), "AUDIO_FORMAT_UNKNOWN"),
        (b"To be, or not to be, that is the question. " * 100, "AUDIO_FORMAT_UNKNOWN"),
    ],
    ids=[
        *("empty", "1 sample", "silence", "NaN", "Inf", "1 Hz", "0 Hz", "10 h of FLAC", "10 h of WAV"),
        *("film in MP4", "film in Matroska", "film in AVI", "text"),
    ],
)
def test_each_kind_of_bad_file_has_its_reason(engine, content, reason):
    assert outcome(engine, content) == reason
