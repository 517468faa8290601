"""ONNX exports of the sample models, in the layouts that exporters write."""

import shutil
import warnings
from pathlib import Path
from typing import Any

INPUTS = ("input_ids", "attention_mask", "position_ids")


def export_onnx(
    source: Path,
    folder: Path,
    *,
    inputs: tuple[str, ...] = INPUTS,
    bias: float = 0.0,
    soft_cap: float = 0.0,
    causal: bool = True,
    free_shape: bool = True,
    states: bool = False,
    external: str = "",
) -> Path:
    """The model of `source` as `model.onnx` beside its config and tokenizer, without its safetensors.

    `bias` is the largest of a ramp added to the logits; `soft_cap` is what they are held below; not `causal`: every token
    sees every other; `external`: name of a file that the weights go to; `states`: last_hidden_state as a second output.
    """
    import onnx
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(source, attn_implementation="eager").eval()

    class Exported(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model
            self.bias = torch.nn.Parameter(torch.linspace(0, bias, model.config.vocab_size))

        def forward(self, *given: torch.Tensor) -> Any:
            named = dict(zip(inputs, given, strict=True))
            if not causal or "attention_mask" not in named:
                places = torch.arange(given[0].shape[1])
                seen = places[None, :] <= (places[:, None] if causal else places.max())
                named["attention_mask"] = torch.where(seen, 0.0, torch.finfo(torch.float32).min)[None, None]
            hidden = self.model.base_model(**named, use_cache=False).last_hidden_state
            logits = self.model.lm_head(hidden)
            logits = logits + self.bias if bias else logits
            logits = torch.tanh(logits / soft_cap) * soft_cap if soft_cap else logits
            return (logits, hidden) if states else logits

    ids = torch.tensor([[2, 3, 4, 5, 6, 7], [7, 6, 5, 4, 3, 2]])
    values = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "position_ids": torch.arange(6).expand(2, 6).contiguous()}
    outputs = ["logits", *(["last_hidden_state"] if states else [])]
    free = {0: "batch_size", 1: "sequence_length"}
    folder.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Exported().eval(),
            tuple(values[name] for name in inputs),
            str(folder / "model.onnx"),
            input_names=list(inputs),
            output_names=outputs,
            dynamic_axes=dict.fromkeys((*inputs, *outputs), free) if free_shape else None,
            opset_version=17,
            dynamo=False,
        )
    if external:
        graph = onnx.load(folder / "model.onnx")
        onnx.save_model(graph, folder / "model.onnx", save_as_external_data=True, location=external, size_threshold=0)
    for file in source.glob("*.json"):
        shutil.copy(file, folder)
    return folder
