"""What the two towers of one model promise alike, and that they share a space."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from leitmotif_services.audio.engine import load_engine
from leitmotif_services.audio.onnxruntime_text_encoder import load_text_engine
from leitmotif_services.audio.text_embedding import EmbeddedPhrase
from leitmotif_services.audio.text_encoder_artifact import refuse_other_space
from leitmotif_services.runtime.errors import Reason
from leitmotif_services.workshop.encoder_import.importing import open_model
from leitmotif_services.workshop.encoder_import.importing_text import import_towers
from tests.unit.audio.audio_files import encoded, music, tone
from tests.unit.workshop.encoder_import import tiny_models

PHRASES = ["piano", "a calm piano and a soft voice", "夜の音楽 🎷"]
SOUNDS = [encoded(music(3.0)), encoded(tone(440.0, 2.0)), encoded(music(12.0))]
REFUSALS = {Reason.TEXT_EMPTY, Reason.FIELD_INVALID, Reason.LIMIT_EXCEEDED}


@pytest.fixture(scope="module")
def towers(tmp_path_factory):
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("towers")
    import_towers(open_model(str(tiny_models.clap(folder / "clap"))), folder / "clap.onnx", spdx="MIT")
    torch.set_num_threads(threads)
    return {
        "audio": (load_engine(folder / "clap.onnx"), SOUNDS),
        "text": (load_text_engine(folder / "clap.text.onnx"), PHRASES),
    }


@pytest.fixture(params=["audio", "text"])
def tower(towers, request):
    return towers[request.param]


def test_embeddings_are_of_unit_length_and_of_the_stated_dimension(tower):
    engine, inputs = tower
    for one in inputs:
        embedding = engine.embed(one).embedding
        assert embedding.shape == (engine.encoder.dimension,)
        assert embedding.dtype == np.float32
        assert np.linalg.norm(embedding.astype(np.float64)) == pytest.approx(1.0, abs=1e-5)


def test_the_same_input_gives_the_same_embedding(tower):
    engine, inputs = tower
    for one in inputs:
        np.testing.assert_array_equal(engine.embed(one).embedding, engine.embed(one).embedding)


def test_different_inputs_are_told_apart(tower):
    engine, inputs = tower
    embeddings = np.stack([engine.embed(one).embedding for one in inputs])
    assert (embeddings @ embeddings.T)[~np.eye(len(inputs), dtype=bool)].max() < 0.99999


def test_both_belong_to_one_space(towers):
    (audio, _), (text, _) = towers["audio"], towers["text"]
    refuse_other_space(text.encoder, audio.encoder)
    assert text.encoder.audio_encoder_id == audio.encoder.encoder_id
    assert (text.encoder.dimension, text.encoder.license) == (audio.encoder.dimension, audio.encoder.license)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=6))
def test_any_text_is_embedded_as_it_would_be_alone_or_refused_with_a_reason(towers, texts):
    engine, _ = towers["text"]
    for text, outcome in zip(texts, engine.embed_all(texts).outcomes, strict=True):
        if isinstance(outcome, EmbeddedPhrase):
            np.testing.assert_allclose(outcome.embedding, engine.embed(text).embedding, atol=1e-5)
        else:
            assert outcome.reason in REFUSALS
