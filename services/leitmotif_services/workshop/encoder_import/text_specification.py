"""What a CLAP model's text tower is, from its JSON files alone, as `specification` reads the audio tower."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leitmotif_services.audio.text_encoder_artifact import MAX_TOKENS
from leitmotif_services.audio.tokenizers_phrase_tokenizer import TokenizersPhraseTokenizer
from leitmotif_services.runtime.errors import ServiceError
from leitmotif_services.workshop.encoder_import.checked_values import Bounds, CheckedValues
from leitmotif_services.workshop.encoder_import.model_files import ModelFiles, read_json
from leitmotif_services.workshop.encoder_import.refusal import ImportRefusedError
from leitmotif_services.workshop.encoder_import.specification import CONFIG, MAX_LAYERS

TOKENIZER = "tokenizer.json"

MAX_TOKENIZER_BYTES = 32 << 20
"""A vocabulary of 50,000 with its merges takes 2 to 4 MB."""

POSITIONS, PAD_TOKEN_ID, VOCABULARY = 514, 1, 50_265
"""ClapTextConfig's defaults."""


@dataclass(frozen=True)
class TextSpecification:
    """A checked text tower, ready to be built."""

    config: Mapping[str, Any]
    """Arguments of `transformers`' ClapTextConfig; what is not here has its default there."""
    tokenizer: str
    """The text of `tokenizer.json`."""
    max_tokens: int
    pad_token_id: int


def has_text_tower(files: ModelFiles) -> bool:
    """Whether the configuration is that of a whole CLAP, not of its audio tower alone."""
    return (read_json(files, CONFIG) or {}).get("model_type") == "clap"


def read_text_specification(files: ModelFiles) -> TextSpecification:
    """Refused for towers that compute something else than RoBERTa does, and where the tokenizer is not in one file."""
    config = read_json(files, CONFIG) or {}
    text = config.get("text_config")
    if not isinstance(text, dict):
        raise ImportRefusedError(f"{CONFIG} has no text_config")
    own: dict[str, Any] = {name: config[name] for name in ("projection_dim", "projection_hidden_act") if name in config}
    read = CheckedValues({**text, **own}, CONFIG)
    sizes: dict[str, Bounds] = {
        "vocab_size": (1, 2_000_000),
        "hidden_size": (8, 4096),
        "num_hidden_layers": (1, MAX_LAYERS),
        "num_attention_heads": (1, 128),
        "intermediate_size": (8, 32_768),
        "max_position_embeddings": (8, MAX_TOKENS),
        "type_vocab_size": (1, 16),
        "pad_token_id": (0, 1000),
        "projection_dim": (1, 4096),
    }
    activations = ("gelu", "gelu_new", "relu", "silu", "swish")
    checked: dict[str, Any] = {
        **read.whole(sizes),
        **read.numbers({"layer_norm_eps": (1e-12, 0.1)}),
        **read.choices(
            {"hidden_act": activations, "projection_hidden_act": activations, "position_embedding_type": ("absolute",)}
        ),
    }
    checked.pop("position_embedding_type", None)  # newer releases know this one alone, and have no name for it
    pad_token_id = checked.setdefault("pad_token_id", PAD_TOKEN_ID)
    # RoBERTa counts positions from the one after the padding's.
    max_tokens = checked.setdefault("max_position_embeddings", POSITIONS) - pad_token_id - 1
    if max_tokens < 3:
        raise ImportRefusedError(f"pad_token_id {pad_token_id} in {CONFIG} leaves {max_tokens} positions for tokens")
    tokenizer = _tokenizer(files, checked.setdefault("vocab_size", VOCABULARY))
    return TextSpecification(checked, tokenizer, max_tokens, pad_token_id)


def _tokenizer(files: ModelFiles, vocabulary: int) -> str:
    """The text of `tokenizer.json`, every token of which has an embedding."""
    size = files.sizes.get(TOKENIZER)
    if size is None:
        raise ImportRefusedError(f"the model has no {TOKENIZER}, so that its text tower cannot read; --audio-only leaves it out")
    if size > MAX_TOKENIZER_BYTES:
        raise ImportRefusedError(f"{TOKENIZER} has {size} bytes; at most {MAX_TOKENIZER_BYTES} are read")
    try:
        content = files.path(TOKENIZER).read_text("utf-8")
        tokenizer = TokenizersPhraseTokenizer(content, TOKENIZER)
    except (UnicodeDecodeError, ServiceError) as error:
        raise ImportRefusedError(f"{TOKENIZER} is not one that the tokenizers library reads") from error
    if not 0 <= tokenizer.largest_token_id < vocabulary:
        raise ImportRefusedError(
            f"{TOKENIZER} has token ids up to {tokenizer.largest_token_id}; the model has embeddings for 0 to {vocabulary - 1}"
        )
    return content
