"""What a model is, from its JSON files alone: architecture, sizes, how its input is prepared. No weight is touched."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from leitmotif_services.audio.segmentation import Segmentation
from leitmotif_services.workshop.encoder_import.checked_values import Bounds, CheckedValues
from leitmotif_services.workshop.encoder_import.model_files import ModelFiles, read_json
from leitmotif_services.workshop.encoder_import.refusal import ImportRefusedError

CONFIG, PREPROCESSOR, PROCESSOR = "config.json", "preprocessor_config.json", "processor_config.json"

MAX_LAYERS = 64

SEGMENTATION = Segmentation(segment_s=10.0, hop_s=10.0)
"""Of speech-like transformers. Segments do not overlap: these models take a thousand times the default encoder's work."""


class Architecture(StrEnum):
    """A family whose code `transformers` itself holds."""

    WAV2VEC2 = "wav2vec2"
    HUBERT = "hubert"
    CLAP = "clap_audio_model"


@dataclass(frozen=True)
class ModelSpecification:
    """A checked model, ready to be built."""

    architecture: Architecture
    config: Mapping[str, Any]
    """Arguments of the configuration class of `transformers`; what is not here has its default there."""
    feature_extractor: Mapping[str, Any]
    """Arguments of its feature extractor."""
    sample_rate_hz: int
    layers: int
    """Transformer layers whose states can be asked for; 0 where the model has one output only."""
    segmentation: Segmentation


def read_specification(files: ModelFiles) -> ModelSpecification:
    """Refused for architectures that are not known here, and for variants of known ones that compute something else."""
    config = read_json(files, CONFIG)
    if config is None:
        raise ImportRefusedError(f"the model has no {CONFIG}")
    preprocessor = read_json(files, PREPROCESSOR) or (read_json(files, PROCESSOR) or {}).get("feature_extractor")
    if not isinstance(preprocessor, dict):
        raise ImportRefusedError(f"the model has no {PREPROCESSOR}: its sample rate and normalisation are not known")
    kind = config.get("model_type")
    match kind:
        case "wav2vec2":
            _refuse_if(config, "add_adapter", "the model ends in an adapter, which is not exported")
            _refuse_if(config, "adapter_attn_dim", "its layers hold language adapters, which are not exported")
            return _speech(Architecture.WAV2VEC2, config, preprocessor)
        case "hubert":
            return _speech(Architecture.HUBERT, config, preprocessor)
        case "mert_model":
            return _mert(config, preprocessor)
        case "clap":
            audio = config.get("audio_config")
            if not isinstance(audio, dict):
                raise ImportRefusedError(f"{CONFIG} has no audio_config")
            shared: dict[str, Any] = {
                name: config[name] for name in ("projection_dim", "projection_hidden_act") if name in config
            }
            return _clap({**audio, **shared}, preprocessor)
        case "clap_audio_model":
            return _clap(config, preprocessor)
        case _:
            needs_code = "; code that comes with a model is never run" if "auto_map" in config else ""
            raise ImportRefusedError(
                f"model_type {repr(kind)[:64]} is not one of wav2vec2, hubert, mert_model, clap, clap_audio_model{needs_code}"
            )


def _mert(config: Mapping[str, Any], preprocessor: Mapping[str, Any]) -> ModelSpecification:
    """MERT's own code is HuBERT's, apart from two options. Weights are named as HuBERT's; the code is not needed."""
    _refuse_if(config, "feature_extractor_cqt", "this MERT also reads constant-Q features, which HuBERT has no input for")
    _refuse_if(config, "deepnorm", "this MERT scales its residual connections (deepnorm), which HuBERT does not")
    return _speech(Architecture.HUBERT, config, preprocessor)


def _speech(architecture: Architecture, config: Mapping[str, Any], preprocessor: Mapping[str, Any]) -> ModelSpecification:
    read = CheckedValues(config, CONFIG)
    sizes: dict[str, Bounds] = {
        "hidden_size": (8, 4096),
        "num_hidden_layers": (1, MAX_LAYERS),
        "num_attention_heads": (1, 128),
        "intermediate_size": (8, 32_768),
        "num_conv_pos_embeddings": (1, 1024),
        "num_conv_pos_embedding_groups": (1, 1024),
    }
    convolutions: dict[str, Bounds] = {"conv_dim": (1, 4096), "conv_kernel": (1, 1024), "conv_stride": (1, 1024)}
    activations = ("gelu", "gelu_new", "relu", "silu", "swish")
    flags: tuple[str, ...] = ("conv_bias", "do_stable_layer_norm")
    if architecture is Architecture.HUBERT:
        flags += ("feat_proj_layer_norm", "conv_pos_batch_norm")
    checked: dict[str, Any] = {
        **read.whole(sizes),
        **read.wholes(convolutions, longest=12),
        **read.flags(*flags),
        **read.numbers({"layer_norm_eps": (1e-12, 0.1)}),
        **read.choices(
            {"hidden_act": activations, "feat_extract_activation": activations, "feat_extract_norm": ("group", "layer")}
        ),
    }
    _refuse_other_extractor(preprocessor, "Wav2Vec2FeatureExtractor")
    extract = CheckedValues(preprocessor, PREPROCESSOR)
    features: dict[str, Any] = {
        **extract.whole({"sampling_rate": (8_000, 192_000), "feature_size": (1, 1)}),
        **extract.flags("do_normalize"),
    }
    rate_hz = features.setdefault("sampling_rate", 16_000)
    return ModelSpecification(architecture, checked, features, rate_hz, checked.setdefault("num_hidden_layers", 12), SEGMENTATION)


def _clap(config: Mapping[str, Any], preprocessor: Mapping[str, Any]) -> ModelSpecification:
    _refuse_if(config, "enable_fusion", "this CLAP fuses random crops of long audio, so that its output is not reproducible")
    read = CheckedValues(config, CONFIG)
    sizes: dict[str, Bounds] = {
        "window_size": (1, 64),
        "num_mel_bins": (8, 512),
        "spec_size": (16, 2048),
        "patch_size": (1, 64),
        "hidden_size": (8, 4096),
        "projection_dim": (1, 4096),
        "patch_embeds_hidden_size": (1, 2048),
        "num_hidden_layers": (1, 12),
        "num_classes": (1, 65_536),
        "patch_embed_input_channels": (1, 1),
    }
    activations = ("gelu", "gelu_new", "relu", "silu", "swish")
    checked: dict[str, Any] = {
        **read.whole(sizes),
        **read.wholes({"depths": (1, 48), "num_attention_heads": (1, 128), "patch_stride": (1, 64)}, longest=12),
        **read.flags("flatten_patch_embeds", "enable_patch_layer_norm", "qkv_bias"),
        **read.numbers({"mlp_ratio": (0.1, 16.0), "layer_norm_eps": (1e-12, 0.1)}),
        **read.choices({"hidden_act": activations, "projection_hidden_act": activations}),
    }
    _refuse_other_extractor(preprocessor, "ClapFeatureExtractor")
    if preprocessor.get("truncation") != "rand_trunc":
        raise ImportRefusedError(f"truncation in {PREPROCESSOR} must be rand_trunc, is {preprocessor.get('truncation')!r}")
    extract = CheckedValues(preprocessor, PREPROCESSOR)
    features: dict[str, Any] = {
        "truncation": "rand_trunc",
        **extract.whole(
            {
                "feature_size": (8, 512),
                "sampling_rate": (8_000, 192_000),
                "hop_length": (16, 8192),
                "max_length_s": (1, 60),
                "fft_window_size": (64, 16_384),
            }
        ),
        **extract.numbers({"frequency_min": (0.0, 96_000.0), "frequency_max": (1.0, 96_000.0)}),
        **extract.choices({"padding": ("repeatpad", "repeat", "pad")}),
    }
    rate_hz = features.setdefault("sampling_rate", 48_000)
    length_s = float(features.setdefault("max_length_s", 10))
    return ModelSpecification(Architecture.CLAP, checked, features, rate_hz, 0, Segmentation(segment_s=length_s, hop_s=length_s))


def _refuse_if(config: Mapping[str, Any], option: str, why: str) -> None:
    if config.get(option):
        raise ImportRefusedError(f"{option} in {CONFIG} is set: {why}")


def _refuse_other_extractor(preprocessor: Mapping[str, Any], expected: str) -> None:
    found = preprocessor.get("feature_extractor_type", expected)
    if found != expected:
        raise ImportRefusedError(f"feature_extractor_type in {PREPROCESSOR} must be {expected}, is {repr(found)[:64]}")
