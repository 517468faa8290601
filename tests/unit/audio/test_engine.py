import numpy as np
import pytest

from leitmotif_services.audio.embedding import track_embedding
from leitmotif_services.audio.engine import DEFAULT_ENCODER, FLOAT32_ENCODER, load_engine
from leitmotif_services.audio.onnxruntime_encoder import OnnxRuntimeEncoder
from leitmotif_services.runtime.errors import Reason, ServiceError
from leitmotif_services.workshop.composer import compose_track
from tests.unit.audio.audio_files import ENCODINGS, clicks, encoded, music, noise, tone


def cosine(a, b):
    return float(a.embedding @ b.embedding)


def test_unit_length_and_shapes(engine):
    track = engine.embed(encoded(music(23.0), 24_000))
    assert [(s.start_s, s.duration_s) for s in track.segments] == [(0, 10), (5, 10), (10, 10), (15, 8)]
    assert track.segment_embeddings.shape == (4, engine.encoder.dimension)
    assert track.embedding.dtype == track.segment_embeddings.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(track.segment_embeddings, axis=1), 1.0, atol=1e-5)
    assert np.linalg.norm(track.embedding) == pytest.approx(1.0, abs=1e-6)
    assert (track.duration_s, track.source_sample_rate_hz, track.source_channels) == (23.0, 24_000, 1)
    assert track.decode_s > 0
    assert track.compute_s > 0


def test_the_default_encoder_fits_the_package(engine):
    sizes = [path.stat().st_size for path in DEFAULT_ENCODER.parent.iterdir()]
    assert sum(sizes) <= 8e6
    assert engine.encoder.encoder_id == DEFAULT_ENCODER.stem
    assert engine.encoder.dimension == 256
    assert len(engine.encoder.sha256) == 64


def test_the_default_encoder_in_int8_and_in_float32_hear_nearly_the_same(engine):
    content = encoded(music(12.0), 24_000)
    float32 = load_engine(FLOAT32_ENCODER)
    assert float32.encoder.encoder_id == FLOAT32_ENCODER.stem
    assert float(float32.embed(content).embedding @ engine.embed(content).embedding) > 0.99


def test_the_model_card_is_of_the_file_that_lies_beside_it(engine):
    card = DEFAULT_ENCODER.with_suffix(".md").read_text()
    assert engine.encoder.sha256 in card
    assert card.startswith(f"# {engine.encoder.encoder_id}\n")


def test_the_same_bytes_give_the_same_embedding(engine):
    content = encoded(music(3.0), 24_000)
    np.testing.assert_array_equal(engine.embed(content).embedding, engine.embed(content).embedding)


def test_the_level_does_not_matter(engine):
    content, half = (encoded(music(12.0) * gain, 24_000, subtype="FLOAT") for gain in (1.0, 0.5))
    assert cosine(engine.embed(content), engine.embed(half)) > 0.9999


@pytest.mark.parametrize(("name", "least"), [("flac", 0.9999), ("vorbis", 0.95), ("mp3", 0.95), ("opus", 0.9)])
def test_the_container_matters_little(engine, name, least):
    """At the writers' default quality, which is less than 50 kbit/s for mono at these rates."""
    samples = compose_track(seed=4, duration_s=12.0).waveform
    rate_hz = 24_000 if name == "opus" else 22_050  # Opus takes few rates; played a little faster, it is music all the same
    original, coded = (engine.embed(encoded(samples, rate_hz, *ENCODINGS[kind])) for kind in ("wav", name))
    assert cosine(original, coded) > least


def test_different_sounds_are_far_apart(engine):
    sounds = [engine.embed(encoded(samples)) for samples in (tone(440.0, 12.0), noise(12.0), clicks(120, 12.0))]
    assert all(cosine(a, b) < 0.6 for i, a in enumerate(sounds) for b in sounds[:i])


@pytest.mark.parametrize("duration_s", [1.0, 1.01, 1.5, 2.7])
def test_short_audio(engine, duration_s):
    assert np.isfinite(engine.embed(encoded(tone(440.0, duration_s))).embedding).all()


def test_silence_within_a_track_is_no_segment(engine):
    samples = np.concatenate([music(20.0, 22_050), np.zeros(40 * 22_050, np.float32)])
    track = engine.embed(encoded(samples))
    assert [s.start_s for s in track.segments] == [0.0, 5.0, 10.0, 15.0]


def test_a_segment_does_not_depend_on_its_batch():
    encoder = OnnxRuntimeEncoder(DEFAULT_ENCODER)
    settings = encoder.artifact.front_end
    rng = np.random.default_rng(0)
    mel = [rng.normal(-5, 3, (frames, settings.mel_bands)).astype(np.float32) for frames in [400] * 20 + [90, 40, 400]]
    tonal = [rng.uniform(0, 1, (len(m) // 4, settings.tonal_columns)).astype(np.float32) for m in mel]
    together = encoder.encode(mel, tonal)
    for index, (m, t) in enumerate(zip(mel, tonal, strict=True)):
        np.testing.assert_allclose(encoder.encode([m], [t])[0], together[index], atol=1e-5)


def test_refused_audio_leaves_the_engine_usable(engine):
    with pytest.raises(ServiceError) as caught:
        engine.embed(b"no audio")
    assert caught.value.reason is Reason.AUDIO_FORMAT_UNKNOWN
    assert len(engine.embed(encoded(tone(440.0))).segments) == 1


def test_track_embedding_is_the_mean_direction():
    rows = np.array([[1.0, 0.0], [0.0, 1.0]], np.float32)
    np.testing.assert_allclose(track_embedding(rows), [2**-0.5, 2**-0.5], rtol=1e-6)
    np.testing.assert_array_equal(track_embedding(np.array([[1.0, 0.0], [-1.0, 0.0]], np.float32)), [1.0, 0.0])
