"""A stream's segments are what the stretches would be as files of their own, whatever pieces the samples come in."""

import tracemalloc
from dataclasses import astuple

import numpy as np
import pytest

from leitmotif_services.audio.embedding import Segment, track_embedding
from leitmotif_services.audio.pcm import PcmAudio, PcmFormat
from leitmotif_services.audio.streamed_track import LONGEST_PIECE_BYTES, StreamedTrack
from leitmotif_services.runtime.errors import ServiceError
from tests.unit.audio.audio_files import RATE_HZ, clicks, music, tone

MONO = PcmFormat(RATE_HZ, 1)


def streamed(engine, samples, audio_format=MONO, piece_frames=4096, max_duration_s=3600.0):
    """All segments, and the track."""
    track = StreamedTrack(engine, audio_format, max_duration_s)
    segments = []

    def drain():
        while track.has_segment:
            segments.append(track.embed_next())

    packed = np.ascontiguousarray(samples, "<f4").tobytes()
    step = piece_frames * audio_format.frame_bytes
    for start in range(0, len(packed), step):
        track.add(packed[start : start + step])
        drain()
    track.end()
    drain()
    return [segment for segment in segments if segment is not None], track.finish()


def embedded(engine, samples):
    return engine.embed(PcmAudio(MONO, np.ascontiguousarray(samples, "<f4").tobytes()))


@pytest.mark.parametrize("duration_s", [1.0, 9.99, 10.0, 10.9, 15.0, 23.0, 31.5])
def test_segments_are_those_of_stretches_embedded_alone(engine, duration_s):
    samples = music(duration_s, RATE_HZ)
    segments, track = streamed(engine, samples)
    assert [segment.segment for segment in segments] == list(engine.encoder.segmentation.cut(len(samples) / RATE_HZ))
    for segment in segments:
        first = round(segment.segment.start_s * RATE_HZ)
        stretch = samples[first : first + round(segment.segment.duration_s * RATE_HZ)]
        np.testing.assert_allclose(segment.embedding, embedded(engine, stretch).embedding, atol=1e-5)
    np.testing.assert_allclose(track.embedding, track_embedding(np.stack([s.embedding for s in segments])), atol=1e-6)
    assert (track.duration_s, track.segments, track.source_sample_rate_hz) == (len(samples) / RATE_HZ, (), RATE_HZ)


@pytest.mark.parametrize("piece_frames", [1, 997, 10**6])
def test_pieces_of_any_length_give_the_same(engine, piece_frames):
    samples = music(1.1 if piece_frames == 1 else 12.0, 44_100)
    whole = streamed(engine, samples, PcmFormat(44_100, 1))
    pieces = streamed(engine, samples, PcmFormat(44_100, 1), piece_frames)
    for one, other in zip(whole[0], pieces[0], strict=True):
        np.testing.assert_allclose(one.embedding, other.embedding, atol=1e-5)
    np.testing.assert_allclose(astuple(whole[1].descriptors), astuple(pieces[1].descriptors), rtol=1e-3, atol=1e-4)


def test_a_stream_of_steady_music_is_embedded_and_described_as_the_file_is(engine):
    samples = clicks(120, 40.0) + tone(330, 40.0, amplitude=0.1)
    _, track = streamed(engine, samples)
    own = embedded(engine, samples)
    assert float(track.embedding @ own.embedding) > 0.999
    assert track.descriptors.tempo_bpm == pytest.approx(120.0, rel=0.01)
    for name in ("brightness_hz", "percussiveness", "onset_rate_hz", "loudness_db", "pulse_clarity", "dynamics_db"):
        assert getattr(track.descriptors, name) == pytest.approx(getattr(own.descriptors, name), rel=0.05), name


def test_silent_segments_are_left_out(engine):
    samples = np.concatenate([np.zeros(20 * RATE_HZ, np.float32), music(20.0, RATE_HZ)])
    segments, track = streamed(engine, samples)
    assert segments[0].segment == Segment(15.0, 10.0)
    assert np.isfinite(track.embedding).all()


def test_nearly_silent_segments_do_not_count_for_the_track(engine):
    loud, quiet = 2.0 * music(10.0, RATE_HZ), tone(2000, 30.0, amplitude=0.0001)
    segments, track = streamed(engine, np.concatenate([loud, quiet]))
    assert len(segments) == 7
    np.testing.assert_allclose(track.embedding, track_embedding(np.stack([s.embedding for s in segments[:2]])), atol=1e-6)


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        ([], "AUDIO_EMPTY"),
        (tone(440.0, 0.9), "AUDIO_TOO_SHORT"),
        (np.zeros(RATE_HZ * 25, np.float32), "AUDIO_SILENT"),
        ([*tone(440.0), np.nan], "AUDIO_NOT_FINITE"),
        (tone(440.0, 30.1), "AUDIO_TOO_LARGE"),
    ],
)
def test_what_is_refused(engine, samples, reason):
    with pytest.raises(ServiceError) as caught:
        streamed(engine, np.asarray(samples, np.float32), max_duration_s=30.0)
    assert caught.value.reason == reason


@pytest.mark.parametrize(("piece", "reason"), [(b"abc", "FIELD_INVALID"), (bytes(LONGEST_PIECE_BYTES + 4), "LIMIT_EXCEEDED")])
def test_pieces_that_are_refused(engine, piece, reason):
    with pytest.raises(ServiceError) as caught:
        StreamedTrack(engine, MONO, 60.0).add(piece)
    assert caught.value.reason == reason


def test_memory_does_not_grow_with_the_stream(engine):
    track = StreamedTrack(engine, MONO, 3600.0)
    piece = music(5.0, RATE_HZ).tobytes()

    def play(pieces):
        for _ in range(pieces):
            track.add(piece)
            while track.has_segment:
                track.embed_next()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        early, late = play(20), play(60)
    finally:
        tracemalloc.stop()
    # An embedding a segment, one every 5 s, and 8 bytes a frame with what Python adds to them; the audio is 86 KiB a second.
    assert late - early < 60 * (4 * engine.encoder.dimension + 5 * 1024)
