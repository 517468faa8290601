"""Clips by MusicGen, with a tiny model that is built on the spot: untrained, so what it makes is noise, but all of it is real."""

import io
import shutil
import wave
from pathlib import Path

import numpy as np
import pytest
import torch

from leitmotif_services.workshop.musicgen_clips import MusicGenClips, MusicGenRefusedError, prototype_phrase

RATE_HZ = 8000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import (
        EncodecConfig,
        MusicgenConfig,
        MusicgenDecoderConfig,
        MusicgenForConditionalGeneration,
        PreTrainedTokenizerFast,
        T5Config,
    )

    path: Path = tmp_path_factory.mktemp("musicgen")
    text = T5Config(vocab_size=32, d_model=16, d_kv=4, d_ff=32, num_layers=1, num_heads=2)
    codec = EncodecConfig(
        num_filters=4,
        hidden_size=8,
        codebook_size=64,
        codebook_dim=8,
        target_bandwidths=[0.6],
        sampling_rate=RATE_HZ,
        upsampling_ratios=[8, 5, 4, 2],
        num_lstm_layers=1,
        num_residual_layers=1,
    )
    decoder = MusicgenDecoderConfig(
        vocab_size=64,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        ffn_dim=32,
        num_codebooks=codec.num_quantizers,
        initializer_factor=1.0,  # large weights, so that an untrained decoder minds its phrase
        max_position_embeddings=256,
        pad_token_id=None,
        bos_token_id=None,
    )
    torch.manual_seed(0)
    model = MusicgenForConditionalGeneration(
        MusicgenConfig(text_encoder=text.to_dict(), audio_encoder=codec.to_dict(), decoder=decoder.to_dict())
    )
    for layer in model.audio_encoder.quantizer.layers:
        layer.codebook.embed.normal_()  # zeros until trained: every token would sound alike
    for name in ("decoder_start_token_id", "pad_token_id", "bos_token_id"):
        setattr(model.generation_config, name, 64)
    model.save_pretrained(path)
    words = Tokenizer(models.WordLevel({"<pad>": 0, "</s>": 1, "<unk>": 2, "calm": 3, "metal": 4, "music": 5}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=words, pad_token="<pad>", eos_token="</s>", unk_token="<unk>").save_pretrained(path)
    return path


def test_a_clip_as_long_as_asked_for(folder: Path) -> None:
    generator = MusicGenClips.load(folder)
    before = torch.get_rng_state()
    first, second = generator.clips([prototype_phrase("calm"), "metal music"], duration_s=1.5, seed=3)
    assert (first.phrase, first.sample_rate_hz, len(first.samples)) == ("calm music", RATE_HZ, 12_000)
    assert first.duration_s == 1.5
    assert np.abs(first.samples).max() <= 1.0
    assert first.samples.std() > 0.0
    assert not np.array_equal(first.samples, second.samples)
    torch.testing.assert_close(torch.get_rng_state(), before)
    with wave.open(io.BytesIO(first.wav())) as file:
        assert (file.getframerate(), file.getnchannels(), file.getnframes()) == (RATE_HZ, 1, 12_000)
        stored = np.frombuffer(file.readframes(12_000), "<i2") / 32767.0
    np.testing.assert_allclose(stored, first.samples, atol=1e-4)


def test_the_same_seed_gives_the_same_clip_whatever_came_before(folder: Path) -> None:
    generator = MusicGenClips.load(folder)
    first, again = generator.clips(["calm music", "calm music"], duration_s=0.4, seed=1)
    [other] = generator.clips(["calm music"], duration_s=0.4, seed=2)
    np.testing.assert_array_equal(first.samples, again.samples)
    assert not np.array_equal(first.samples, other.samples)


def test_pickled_weights_are_refused_unread(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "pickled")
    (tmp_path / "pickled/model.safetensors").rename(tmp_path / "pickled/pytorch_model.bin")
    with pytest.raises(MusicGenRefusedError, match=r"pytorch_model.bin is pickled and could run code"):
        MusicGenClips.load(tmp_path / "pickled")


def test_what_is_no_model_is_told_and_nothing_is_downloaded(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(MusicGenRefusedError, match=r"holds no config.json"):
        MusicGenClips.load(tmp_path)
    shutil.copytree(folder, tmp_path / "truncated")
    weights = tmp_path / "truncated/model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(MusicGenRefusedError, match="truncated is no MusicGen model"):
        MusicGenClips.load(tmp_path / "truncated")


@pytest.mark.parametrize(
    ("phrase", "duration_s"), [("", 1.0), ("a" * 501, 1.0), ("calm", 0.0), ("calm", 31.0), ("calm", float("nan"))]
)
def test_phrases_and_lengths_are_bounded(folder: Path, phrase: str, duration_s: float) -> None:
    with pytest.raises(MusicGenRefusedError, match=r"phrase has|clip has"):
        list(MusicGenClips.load(folder).clips([phrase], duration_s=duration_s))
