"""Builds a checked text tower with the code of `transformers`, and says what that code makes of a phrase: the reference."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from leitmotif_services.audio.embedding import Matrix
from leitmotif_services.workshop.encoder_import.refusal import ImportRefusedError
from leitmotif_services.workshop.encoder_import.text_specification import TextSpecification
from leitmotif_services.workshop.encoder_import.transformers_model import quiet, with_weights

_AUDIO_TOWER = ("audio_model.", "audio_projection.")


@dataclass(frozen=True)
class LoadedTextModel:
    """A text tower with its weights, in evaluation mode, float32, and the tokenizer as `transformers` uses it."""

    specification: TextSpecification
    model: Any
    """A ClapTextModelWithProjection."""
    tokenizer: Any
    """A PreTrainedTokenizerFast."""

    @property
    def dimension(self) -> int:
        return int(self.model.config.projection_dim)

    def reference(self, phrase: str) -> Matrix:
        """(D,) unit-length embedding of a phrase, by the tokenizer and the model as they are published."""
        import torch

        inputs = self.tokenizer(phrase, return_tensors="pt")
        with torch.inference_mode():
            outputs = self.model(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"])
        embedding = outputs.text_embeds[0].double()
        return np.asarray((embedding / embedding.norm()).numpy(), np.float32)


def load_text_model(specification: TextSpecification, weights: list[Path]) -> LoadedTextModel:
    """Refused when the weights are damaged, do not fit the configuration, or are not all there."""
    import tokenizers
    import transformers

    library: Any = transformers  # its annotations leave out arguments that its classes take
    with quiet():
        try:
            config = library.ClapTextConfig(**specification.config, attn_implementation="eager")
        except Exception as error:  # its checks raise several kinds
            raise ImportRefusedError("the configuration is not a possible text tower of CLAP") from error
        model = with_weights(library.ClapTextModelWithProjection, config, weights, kind="CLAP's text tower", leave=_AUDIO_TOWER)
        published = tokenizers.Tokenizer.from_str(specification.tokenizer)
        published.no_truncation()
        tokenizer = library.PreTrainedTokenizerFast(tokenizer_object=published)
    return LoadedTextModel(specification, model, tokenizer)
