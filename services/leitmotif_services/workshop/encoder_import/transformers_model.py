"""Builds a checked model with the code of `transformers`, and says what that code makes of audio: the reference."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from leitmotif_services.audio.embedding import Matrix
from leitmotif_services.audio.waveform import Samples
from leitmotif_services.workshop.encoder_import.model_files import MAX_WEIGHT_BYTES
from leitmotif_services.workshop.encoder_import.refusal import ImportRefusedError
from leitmotif_services.workshop.encoder_import.specification import Architecture, ModelSpecification

_TRAINING_ONLY = frozenset({"masked_spec_embed"})
"""Weights that only training uses; checkpoints may lack them."""

_TEXT_TOWER = ("text_model.", "text_projection.")


@dataclass(frozen=True)
class LoadedModel:
    """A model with its weights, in evaluation mode, float32."""

    specification: ModelSpecification
    model: Any
    """A PreTrainedModel of the architecture's own class."""
    feature_extractor: Any
    layer: int
    """Whose states are meant, from 1; 0 for the model's one output."""

    @property
    def dimension(self) -> int:
        config = self.model.config
        return int(config.hidden_size if self.layer else config.projection_dim)

    def reference(self, samples: Samples) -> Matrix:
        """(D,) unit-length embedding of (n,) samples, by the feature extractor and the model as they are published."""
        import torch

        rate_hz = self.specification.sample_rate_hz
        inputs = self.feature_extractor(samples, sampling_rate=rate_hz, return_tensors="pt")
        with torch.inference_mode():
            if self.layer:
                output = self.model(inputs["input_values"], output_hidden_states=True)
                # Where a norm follows the last layer, releases of the library differ in which side of it they list.
                last = self.layer == self.specification.layers
                states = output.last_hidden_state if last else output.hidden_states[self.layer]
                embedding = states[0].mean(dim=0)
            else:
                embedding = self.model(**inputs).audio_embeds[0]
        embedding = embedding.double()
        return np.asarray((embedding / embedding.norm()).numpy(), np.float32)


def load_model(specification: ModelSpecification, weights: list[Path], layer: int) -> LoadedModel:
    """Refused when the weights are damaged, do not fit the configuration, or are not all there."""
    with quiet():
        model_class, config, feature_extractor = _classes(specification)
        model = with_weights(model_class, config, weights, kind=str(specification.architecture), leave=_TEXT_TOWER)
    return LoadedModel(specification, model, feature_extractor, layer)


def with_weights(model_class: Any, config: Any, weights: list[Path], *, kind: str, leave: tuple[str, ...]) -> Any:
    """The model in evaluation mode, float32; weights whose names begin with one of `leave` are not read."""
    _refuse_too_large(model_class, config)
    state = _read_weights(weights, leave)
    try:
        model, found = model_class.from_pretrained(None, config=config, state_dict=state, output_loading_info=True)
    except Exception as error:  # every shape that does not fit has an exception of its own kind
        raise ImportRefusedError(f"the weights do not fit {kind}'s configuration") from error
    missing = sorted(set(found["missing_keys"]) - _TRAINING_ONLY)
    if missing or found["mismatched_keys"]:
        what = missing or sorted(str(key) for key in found["mismatched_keys"])
        raise ImportRefusedError(f"{len(what)} weights are not there or do not fit, such as {what[0]}")
    return model.float().eval()


def _classes(specification: ModelSpecification) -> tuple[Any, Any, Any]:
    """Model class, its configuration, the feature extractor. Attention is computed step by step: that can be exported."""
    import transformers as library

    model_class, config_class, extractor_class = {
        Architecture.WAV2VEC2: (library.Wav2Vec2Model, library.Wav2Vec2Config, library.Wav2Vec2FeatureExtractor),
        Architecture.HUBERT: (library.HubertModel, library.HubertConfig, library.Wav2Vec2FeatureExtractor),
        Architecture.CLAP: (library.ClapAudioModelWithProjection, library.ClapAudioConfig, library.ClapFeatureExtractor),
    }[specification.architecture]
    try:
        config = config_class(**specification.config, attn_implementation="eager")
        return model_class, config, extractor_class(**specification.feature_extractor)
    except Exception as error:  # its checks raise several kinds
        raise ImportRefusedError(f"the configuration is not a possible {specification.architecture}") from error


def _refuse_too_large(model_class: Any, config: Any) -> None:
    """Builds the model without memory for its weights, and counts them."""
    import torch

    try:
        with torch.device("meta"):
            weights = sum(parameter.numel() for parameter in model_class(config).parameters())
    except Exception as error:  # sizes that contradict each other fail deep inside, in many ways
        raise ImportRefusedError("the configuration contradicts itself: no model can be built from it") from error
    if 4 * weights > MAX_WEIGHT_BYTES:
        raise ImportRefusedError(f"the model has {weights} weights; an encoder file holds {MAX_WEIGHT_BYTES // 4}")


def _read_weights(paths: list[Path], leave: tuple[str, ...]) -> dict[str, Any]:
    """Tensors by name, floating-point ones as float32; those whose names begin with one of `leave` stay in their file."""
    from safetensors import SafetensorError, safe_open

    state: dict[str, Any] = {}
    for path in paths:
        try:
            with safe_open(path, framework="pt") as file:
                for name in file.keys():  # noqa: SIM118 (not a mapping)
                    if not name.startswith(leave):
                        tensor = file.get_tensor(name)
                        state[name] = tensor.float() if tensor.is_floating_point() else tensor
        except (SafetensorError, OSError) as error:
            raise ImportRefusedError(f"{path.name} is damaged or no safetensors file") from error
    return state


@contextmanager
def quiet() -> Iterator[None]:
    """Without the library's own report and progress bar: what it says is checked here."""
    from transformers.utils import logging as library_logging

    logging: Any = library_logging  # without annotations of its own

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
