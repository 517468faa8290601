"""The model as a graph from waveform to unit-length embedding, exported to ONNX."""

import io
import warnings
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from leitmotif_services.audio.encoder_artifact import EMBEDDING, WAVEFORM
from leitmotif_services.workshop.encoder_import.refusal import ImportRefusedError

if TYPE_CHECKING:
    from leitmotif_services.workshop.encoder_import.transformers_model import LoadedModel

OPSET = 17
"""The first with STFT and LayerNormalization."""

VARIANCE_FLOOR = 1e-7
"""Wav2Vec2FeatureExtractor's."""

POWER_FLOOR = 1e-10
"""ClapFeatureExtractor's, under the mel power before its logarithm."""


def graph_of(loaded: "LoadedModel") -> bytes:
    """ONNX with input `waveform` (B, n) and output `embedding` (B, D); B and n are free."""
    encoder = (LayerEncoder if loaded.layer else ClapEncoder)(loaded).eval()
    rate_hz = loaded.specification.sample_rate_hz
    example = torch.sin(torch.arange(2 * rate_hz) * 0.05).reshape(1, -1)
    buffer: Any = io.BytesIO()  # the older exporter takes a file as well, which its annotation leaves out
    with warnings.catch_warnings():
        # The exporter that needs no further package is the older one; it says so, and that it traces Python numbers.
        warnings.simplefilter("ignore")
        try:
            torch.onnx.export(
                encoder,
                (example,),
                buffer,
                input_names=[WAVEFORM],
                output_names=[EMBEDDING],
                dynamic_axes={WAVEFORM: {0: "batch", 1: "samples"}, EMBEDDING: {0: "batch"}},
                opset_version=OPSET,
                dynamo=False,
            )
        except Exception as error:  # the exporter lets through whatever the model's code or a symbolic raises
            raise ImportRefusedError(f"the model cannot be exported to ONNX ({type(error).__name__})") from error
    return bytes(buffer.getvalue())


class LayerEncoder(nn.Module):
    """Wav2Vec2 and HuBERT: the mean over time of one layer's states. Later layers are not part of the graph."""

    def __init__(self, loaded: "LoadedModel") -> None:
        super().__init__()
        model = loaded.model
        encoder = model.encoder
        stable = bool(model.config.do_stable_layer_norm)
        self.normalises = bool(loaded.feature_extractor.do_normalize)
        self.convolutions = model.feature_extractor
        self.projection = model.feature_projection
        self.positions = encoder.pos_conv_embed
        self.first_norm = nn.Identity() if stable else encoder.layer_norm
        self.layers = encoder.layers[: loaded.layer]
        last = loaded.layer == len(encoder.layers)
        self.last_norm = encoder.layer_norm if stable and last else nn.Identity()

    def forward(self, waveform: Tensor) -> Tensor:
        if self.normalises:
            centred = waveform - waveform.mean(dim=1, keepdim=True)
            waveform = centred / torch.sqrt(centred.square().mean(dim=1, keepdim=True) + VARIANCE_FLOOR)
        states: Any = self.projection(self.convolutions(waveform).transpose(1, 2))
        if isinstance(states, tuple):  # Wav2Vec2 also returns what it projected
            states = states[0]
        states = self.first_norm(states + self.positions(states))
        for layer in self.layers:
            states = layer(states)
        return nn.functional.normalize(self.last_norm(states).mean(dim=1), dim=-1)


class ClapEncoder(nn.Module):
    """CLAP's audio tower with its mel spectrogram. The spectrum is computed in double precision, as the original's is:
    in bands without energy the logarithm would otherwise show rounding.
    """

    mel_filters: Tensor
    window: Tensor

    def __init__(self, loaded: "LoadedModel") -> None:
        super().__init__()
        extractor = loaded.feature_extractor
        self.tower = loaded.model
        self.padding: str = extractor.padding
        self.length = int(extractor.nb_max_samples)
        self.fft_samples = int(extractor.fft_window_size)
        self.hop_samples = int(extractor.hop_length)
        self.register_buffer("mel_filters", torch.from_numpy(extractor.mel_filters_slaney).double())
        self.register_buffer("window", torch.hann_window(self.fft_samples, periodic=True, dtype=torch.float64))

    def forward(self, waveform: Tensor) -> Tensor:
        edge = self.fft_samples // 2
        samples = self._filled(waveform).double()
        samples = nn.functional.pad(samples[:, None], (edge, edge), mode="reflect")[:, 0]
        spectrum = torch.stft(samples, self.fft_samples, self.hop_samples, window=self.window, center=False, return_complex=False)
        mel = torch.matmul(spectrum.square().sum(dim=-1).transpose(1, 2), self.mel_filters)
        decibels = 10.0 * torch.log10(mel.clamp(min=POWER_FLOOR))
        embedding = self.tower(input_features=decibels.float()[:, None], is_longer=None).audio_embeds
        return nn.functional.normalize(embedding, dim=-1)

    def _filled(self, waveform: Tensor) -> Tensor:
        """(B, length): repeated as the feature extractor does it, then silence. Longer input is cut off."""
        place = torch.arange(self.length)
        samples = torch.as_tensor(waveform.shape[1])  # stays part of the graph when traced
        if self.padding == "repeat":
            filled = place >= 0
        else:
            repeats = torch.div(self.length, samples, rounding_mode="floor").clamp(min=1)
            filled = place < samples * (repeats if self.padding == "repeatpad" else 1)
        return waveform[:, place % samples] * filled
