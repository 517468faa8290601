"""A text tower as a graph from token ids to unit-length embedding, exported to ONNX."""

import io
import warnings
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from leitmotif_services.audio.encoder_artifact import EMBEDDING
from leitmotif_services.audio.text_encoder_artifact import ATTENTION_MASK, INPUT_IDS
from leitmotif_services.workshop.encoder_import.refusal import ImportRefusedError
from leitmotif_services.workshop.encoder_import.torch_graph import OPSET

if TYPE_CHECKING:
    from leitmotif_services.workshop.encoder_import.transformers_text_model import LoadedTextModel


def text_graph_of(loaded: "LoadedTextModel") -> bytes:
    """ONNX with inputs `input_ids` and `attention_mask` (B, T), int64, and output `embedding` (B, D); B and T are free."""
    pad = loaded.specification.pad_token_id
    ids = torch.tensor([[2, 3, 4, 5], [2, 3, pad, pad]]) % loaded.model.config.vocab_size
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]])  # with padding, so that tracing does not take the mask for needless
    buffer: Any = io.BytesIO()  # the older exporter takes a file as well, which its annotation leaves out
    free = {0: "batch", 1: "tokens"}
    with warnings.catch_warnings():
        # The exporter that needs no further package is the older one; it says so, and that it traces Python numbers.
        warnings.simplefilter("ignore")
        try:
            torch.onnx.export(
                TextTower(loaded.model).eval(),
                (ids, mask),
                buffer,
                input_names=[INPUT_IDS, ATTENTION_MASK],
                output_names=[EMBEDDING],
                dynamic_axes={INPUT_IDS: free, ATTENTION_MASK: free, EMBEDDING: {0: "batch"}},
                opset_version=OPSET,
                dynamo=False,
            )
        except Exception as error:  # the exporter lets through whatever the model's code or a symbolic raises
            raise ImportRefusedError(f"the text tower cannot be exported to ONNX ({type(error).__name__})") from error
    return bytes(buffer.getvalue())


class TextTower(nn.Module):
    """RoBERTa's first state, pooled and projected.

    The mask that attention adds to its scores is made here: (B, 1, 1, T), the lowest float32 where there is padding.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.tower = model.text_model
        self.projection = model.text_projection

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        states = self.tower.embeddings(input_ids=input_ids)
        hidden = (1.0 - attention_mask[:, None, None, :].to(states.dtype)) * torch.finfo(states.dtype).min
        states = self.tower.encoder(states, attention_mask=hidden)[0]
        return nn.functional.normalize(self.projection(self.tower.pooler(states)), dim=-1)
