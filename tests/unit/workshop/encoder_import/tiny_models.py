"""Models of a few thousand weights, drawn from a seed and saved as published models are."""

import json
from pathlib import Path

import torch

LAYERS = 3

SPEECH = {
    "hidden_size": 32,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "conv_dim": [16] * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 4,
}


def hubert(folder, *, do_normalize=True, rate_hz=16_000, layers=LAYERS, **config):
    from transformers import HubertConfig, HubertModel, Wav2Vec2FeatureExtractor

    torch.manual_seed(5)
    model = HubertModel(HubertConfig(**(SPEECH | {"num_hidden_layers": layers} | config)))
    Wav2Vec2FeatureExtractor(do_normalize=do_normalize, sampling_rate=rate_hz).save_pretrained(folder)
    return _saved(model, folder)


def wav2vec2(folder, **config):
    """As a pretraining checkpoint: the encoder's weights have a prefix, and others lie beside them."""
    from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2ForPreTraining

    torch.manual_seed(6)
    config = SPEECH | {"codevector_dim": 16, "proj_codevector_dim": 16} | config
    Wav2Vec2FeatureExtractor(do_normalize=True).save_pretrained(folder)
    return _saved(Wav2Vec2ForPreTraining(Wav2Vec2Config(**config)), folder)


def mert(folder, **config):
    """HuBERT's weights under MERT's name, with the code that such a repository holds: running it would leave a trace."""
    hubert(folder, rate_hz=24_000)
    code = {"AutoConfig": "configuration_MERT.MERTConfig", "AutoModel": "modeling_MERT.MERTModel"}
    own = {"model_type": "mert_model", "architectures": ["MERTModel"], "auto_map": code, "attention_relax": -1.0}
    edit(folder / "config.json", **own, **({"feature_extractor_cqt": False, "deepnorm": False} | config))
    for name in ("configuration_MERT", "modeling_MERT"):
        (folder / f"{name}.py").write_text(f"open({str(folder / 'executed')!r}, 'w').close()\n")
    return folder


def clap(folder, *, padding="repeatpad", truncation="rand_trunc", text=None, **audio):
    """Both towers in one checkpoint, with a tokenizer trained on the spot."""
    from transformers import ClapConfig, ClapFeatureExtractor, ClapModel

    torch.manual_seed(7)
    text = {
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 16,
        "vocab_size": 300,
        "max_position_embeddings": 66,
        **(text or {}),
    }
    tower = {"patch_embeds_hidden_size": 16, "hidden_size": 32, "depths": [1, 1], "num_attention_heads": [2, 2]}
    config = ClapConfig(text_config=text, audio_config=tower | {"num_hidden_layers": 2} | audio, projection_dim=24)
    ClapFeatureExtractor(truncation=truncation, padding=padding).save_pretrained(folder)
    tokenizer().save(str(folder / "tokenizer.json"))
    return _saved(ClapModel(config), folder)


def tokenizer():
    """Byte-level BPE with RoBERTa's special tokens and ids, so that every text can be read."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    own = Tokenizer(models.BPE())
    own.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    own.decoder = decoders.ByteLevel()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=special, initial_alphabet=alphabet, show_progress=False)
    own.train_from_iterator(["a calm piano and a loud guitar", "a soft voice, drums and a calm violin"] * 10, trainer)
    own.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    return own


def edit(path: Path, **values):
    """Change values of a JSON file; None removes one."""
    content = json.loads(path.read_text()) | values
    path.write_text(json.dumps({key: value for key, value in content.items() if value is not None}))


def with_card(folder, header):
    (folder / "README.md").write_text(f"---\n{header}\n---\n\n# A model\n")
    return folder


def _saved(model, folder):
    model.eval().save_pretrained(folder)
    return folder
