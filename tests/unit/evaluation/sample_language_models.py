"""Language models small enough for tests: two that are computed by hand, and folders with real ones of random weights."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from leitmotif_services.evaluation.models.language_model import TokenIds, WindowBatch

TEXT = "".join(
    f"The {adjective} {noun} was heard {count} times before it came back in the {key} key.\n"
    for count, (adjective, noun, key) in enumerate(
        (adjective, noun, key)
        for adjective in ("slow", "bright", "low", "naïve")
        for noun in ("theme", "horn", "cello", "café song")
        for key in ("first", "minor", "relative", "very same")
    )
)
"""About 4 kB of English-like text with two characters beyond ASCII."""


class UniformModel:
    """One token a character, each of `vocabulary` ids equally likely: the NLL of a token is ln V, the perplexity V."""

    def __init__(self, vocabulary: int = 50, *, context_length: int | None = 8, bos_token_id: int | None = None) -> None:
        self.vocabulary = vocabulary
        self.context_length = context_length
        self.bos_token_id = bos_token_id
        self.dtype = "float64"
        self.sha256 = "0" * 64
        self.batches: list[WindowBatch] = []

    def tokenize(self, text: str) -> TokenIds:
        return np.array([1 + ord(character) % (self.vocabulary - 1) for character in text], dtype=np.int64)

    def require_memory(self, *, context: int, batch_size: int) -> None:
        pass

    def token_nll(self, batch: WindowBatch) -> npt.NDArray[np.float64]:
        self.batches.append(batch)
        return np.full(int(batch.scored.sum()), np.log(self.vocabulary))


def save_tokenizer(folder: Path, *, bos: bool = True) -> None:
    """A byte-level BPE of 400 tokens, trained on `TEXT`."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        [TEXT],
        trainers.BpeTrainer(
            vocab_size=400,
            special_tokens=["<|endoftext|>"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    special = {"bos_token": "<|endoftext|>"} if bos else {}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(folder)


def save_gpt2(folder: Path, *, bos: bool = True, **settings: int) -> Path:
    """Two layers of width 32 over 400 tokens, 64 positions."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    save_tokenizer(folder, bos=bos)
    torch.manual_seed(0)
    shape = {"vocab_size": 400, "n_positions": 64, "n_embd": 32, "n_layer": 2, "n_head": 2} | settings
    config = GPT2Config(**shape, initializer_range=0.3, bos_token_id=0, eos_token_id=0)
    GPT2LMHeadModel(config).save_pretrained(folder)
    return folder


def save_llama(folder: Path) -> Path:
    """Two layers with grouped-query attention, rotary positions and an untied output layer."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    save_tokenizer(folder)
    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=400,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=48,
        initializer_range=0.3,
        tie_word_embeddings=False,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def save_gemma2(folder: Path) -> Path:
    """One whose logits pass a soft cap behind the output layer."""
    import torch
    from transformers import Gemma2Config, Gemma2ForCausalLM

    save_tokenizer(folder)
    torch.manual_seed(2)
    config = Gemma2Config(
        vocab_size=400,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=16,
        max_position_embeddings=32,
        initializer_range=0.3,
        final_logit_softcapping=2.0,
        sliding_window=16,
    )
    Gemma2ForCausalLM(config).save_pretrained(folder)
    return folder
