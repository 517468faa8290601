"""The tokenizer of a model's folder through the tokenizers library: the same ids and texts as transformers makes of it."""

import json
from typing import Any

import numpy as np
import tokenizers

from leitmotif_services.evaluation.models.language_model import TokenIds
from leitmotif_services.evaluation.models.model_folder import ModelFolder, read_json
from leitmotif_services.evaluation.models.tokenizer_hash import hash_tokenizer
from leitmotif_services.runtime.errors import Reason, ServiceError

_TOKENIZER_FILE = "tokenizer.json"
_SENTENCEPIECE_SPACE = "▁"
_GPT2_BOS = "<|endoftext|>"
"""GPT-2's, which its folders do not name."""


class ModelTokenizer:
    """What `tokenizer.json` describes, and the settings beside it."""

    def __init__(self, folder: ModelFolder) -> None:
        """LANGUAGE_MODEL_REFUSED where it cannot be read."""
        file = folder.path / _TOKENIZER_FILE
        if not file.is_file():
            raise _refused(f"it holds no {_TOKENIZER_FILE}")
        try:
            self._pipeline: Any = tokenizers.Tokenizer.from_file(str(file))
        except Exception as error:  # the library raises Exception itself
            raise _refused("its tokenizer cannot be read") from error
        self._pipeline.no_padding()
        self._pipeline.no_truncation()
        # Settings of a tokenizer's class are in the one file today and were in the other before.
        settings = [
            read_json(folder.path / name) if (folder.path / name).is_file() else {}
            for name in ("tokenizer_config.json", "special_tokens_map.json")
        ]
        self.max_length = _whole(settings[0].get("model_max_length"))
        self.bos_token_id: int | None = None
        bos = next((each["bos_token"] for each in settings if "bos_token" in each), None)
        if bos is None and str(settings[0].get("tokenizer_class") or folder.config.get("model_type")).startswith(
            ("GPT2", "gpt2")
        ):
            bos = _GPT2_BOS
        bos = bos.get("content") if isinstance(bos, dict) else bos
        if isinstance(bos, str):
            self.bos_token_id = self._pipeline.token_to_id(bos)

    @property
    def sha256(self) -> str:
        """The same as the transformers adapter's for the same file."""
        return hash_tokenizer(json.loads(self._pipeline.to_str()))

    def tokenize(self, text: str) -> TokenIds:
        """Ids of the text, without any special token added; shape (n,)."""
        return np.asarray(self._pipeline.encode(text, add_special_tokens=False).ids, dtype=np.int64)

    def texts(self, token_ids: TokenIds) -> list[str]:
        """What each id stands for by itself; the space that a sentencepiece token begins with is kept."""
        return [self._text(int(token_id)) for token_id in token_ids]

    def _text(self, token_id: int) -> str:
        piece = self._pipeline.id_to_token(token_id) or ""
        if piece.startswith(_SENTENCEPIECE_SPACE):
            return str(piece.replace(_SENTENCEPIECE_SPACE, " "))
        return str(self._pipeline.decode([token_id], skip_special_tokens=False))


def _whole(value: object) -> int | None:
    return int(value) if isinstance(value, int) and 0 < value < 1 << 31 else None


def _refused(why: str) -> ServiceError:
    return ServiceError(Reason.LANGUAGE_MODEL_REFUSED, f"the model cannot be used: {why}")
