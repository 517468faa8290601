"""Every format at every rate and channel count that it can have: decoded, and embedded as the music itself is."""

import numpy as np
import pytest
import soxr

from leitmotif.api.audio.v1 import audio_pb2 as pb
from leitmotif_services.audio.convert import track_of
from leitmotif_services.workshop.composer import compose_track
from tests.unit.audio.audio_files import encoded, noise
from tests.unit.audio.av_files import av_encoded

CLOSE = 0.97
"""Least cosine to the embedding of the same samples as a mono WAV file of float32 at the same rate."""

CLOSE_WHEN_NARROW = 0.85
"""The same for lossy codecs below 44.1 kHz, which change the sound itself. Music is seldom kept so."""

LOSSY = frozenset({"OGG Vorbis", "OGG Opus", "MP3", "M4A AAC", "ADTS AAC"})

RATES_HZ = (8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000)
CHANNELS = (1, 2, 3, 4, 5, 6, 7, 8)
MANY_CHANNELS_AT_HZ = 48_000
"""Counts between 2 and 8 are tried at this rate alone: they meet the rate nowhere."""

LOSSLESS_WAV = ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE")
WRITERS = {f"WAV {subtype}": ("WAV", subtype) for subtype in LOSSLESS_WAV} | {
    "FLAC 16": ("FLAC", "PCM_16"),
    "FLAC 24": ("FLAC", "PCM_24"),
    "OGG Vorbis": ("OGG", "VORBIS"),
    "OGG Opus": ("OGG", "OPUS"),
    "MP3": ("MP3", "MPEG_LAYER_III"),
    "M4A AAC": ("mp4", "aac"),
    "ADTS AAC": ("adts", "aac"),
    "M4A ALAC": ("mp4", "alac"),
    "AIFF": ("aiff", "pcm_s16be"),
}

LACKS = {
    "OGG Opus": lambda rate_hz, channels: rate_hz not in (8_000, 16_000, 48_000),
    "MP3": lambda rate_hz, channels: rate_hz > 48_000 or channels > 2,
    "M4A AAC": lambda rate_hz, channels: rate_hz > 96_000,
    "ADTS AAC": lambda rate_hz, channels: rate_hz > 96_000,
}
"""Combinations that the format itself does not have."""


@pytest.fixture(scope="module")
def music_at():
    """Three seconds of composed music by rate, with the noise floor that a recording has."""
    track = compose_track(seed=4, duration_s=12.0)
    original = track.waveform[2 * 22_050 : 5 * 22_050] + noise(3.0, 22_050, 0.02)
    return {rate_hz: np.clip(soxr.resample(original, 22_050, rate_hz), -0.99, 0.99).astype(np.float32) for rate_hz in RATES_HZ}


def file_of(name, samples, rate_hz, channels):
    container, codec = WRITERS[name]
    frames = samples if channels == 1 else np.repeat(samples[:, None], channels, axis=1)
    if container.islower():
        return av_encoded(frames, rate_hz, container, codec)
    lossy = container in ("MP3", "OGG")
    options = {"compression_level": 0.0} if lossy else {}  # their best quality: it is decoding that is tested
    return encoded(frames, rate_hz, container, codec, **options)


@pytest.mark.parametrize("name", WRITERS)
async def test_every_rate_and_channel_count(stub, music_at, name):
    lacks = LACKS.get(name, lambda rate_hz, channels: False)
    far = {}
    for rate_hz in RATES_HZ:
        counts = CHANNELS if rate_hz == MANY_CHANNELS_AT_HZ else (1, 2, 8)
        channels = [count for count in counts if not lacks(rate_hz, count)]
        if not channels:
            continue
        contents = [file_of(name, music_at[rate_hz], rate_hz, count) for count in channels]
        contents.append(encoded(music_at[rate_hz], rate_hz, subtype="FLOAT"))
        request = pb.EmbedTracksRequest(items=[pb.AudioItem(content=content) for content in contents])
        results = (await stub.EmbedTracks(request)).results
        assert all(result.HasField("track") for result in results), [result.status.message for result in results]
        *tracks, reference = [track_of(result.track) for result in results]
        for count, track in zip(channels, tracks, strict=True):
            assert (track.source_sample_rate_hz, track.source_channels) == (rate_hz, count)
            assert track.duration_s == pytest.approx(3.0, abs=0.35)
            cosine = float(track.embedding @ reference.embedding)
            if cosine < (CLOSE_WHEN_NARROW if name in LOSSY and rate_hz < 44_100 else CLOSE):
                far[rate_hz, count] = cosine
    assert far == {}
