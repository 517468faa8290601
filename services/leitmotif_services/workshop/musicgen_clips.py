"""Clips of prototypes made by MusicGen, as the paper's are, for whoever has its weights: an option, never needed.

Copet et al., "Simple and Controllable Music Generation", NeurIPS 2023, through `transformers`. Nothing is ever downloaded: the
model is a folder. Exemplars, stretches of real tracks, are what a bundle shows otherwise; a made clip says what a phrase means to
MusicGen, not what the catalogue holds.
"""

import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from transformers import MusicgenForConditionalGeneration, PreTrainedTokenizerBase

LONGEST_CLIP_S = 30.0
"""MusicGen's positions end there."""

LONGEST_PHRASE = 500

_PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl")


class MusicGenRefusedError(Exception):
    """The model or the request is not taken; the text says why, in one sentence."""


@dataclass(frozen=True)
class MadeClip:
    """A clip that a phrase became."""

    phrase: str
    samples: NDArray[np.float32]
    """(n,), mono, in −1 to 1."""
    sample_rate_hz: int

    @property
    def duration_s(self) -> float:
        return len(self.samples) / self.sample_rate_hz

    def wav(self) -> bytes:
        """A WAV file of 16 bits."""
        import wave

        content = io.BytesIO()
        with wave.open(content, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(self.sample_rate_hz)
            file.writeframes((self.samples * 32767.0).round().astype("<i2").tobytes())
        return content.getvalue()


class MusicGenClips:
    """MusicGen from a folder, on a GPU where there is one."""

    def __init__(self, model: "MusicgenForConditionalGeneration", tokenizer: "PreTrainedTokenizerBase") -> None:
        import torch

        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        untyped: Any = model  # what it has of torch has no annotations that mypy takes
        self._model = untyped
        self._model.to(self._device)
        self._model.eval()
        self._tokenizer = tokenizer
        self.sample_rate_hz = int(self._model.audio_encoder.config.sampling_rate)
        self._frames_per_s = float(self._model.audio_encoder.config.frame_rate)
        self._codebooks = int(self._model.decoder.config.num_codebooks)

    @classmethod
    def load(cls, folder: Path) -> "MusicGenClips":
        """The model of a folder. MusicGenRefusedError where it is none, or its weights are not safetensors: pickled ones could
        run code when they are loaded.
        """
        _check_folder(folder)
        from safetensors import SafetensorError
        from transformers import AutoTokenizer, MusicgenForConditionalGeneration

        options: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        try:
            model = MusicgenForConditionalGeneration.from_pretrained(folder, use_safetensors=True, **options)
            tokenizer = AutoTokenizer.from_pretrained(folder, **options)
        except (SafetensorError, OSError, ValueError, KeyError, RuntimeError, AttributeError, TypeError) as error:
            reason = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
            raise MusicGenRefusedError(f"{folder.name} is no MusicGen model: {reason}") from error
        return cls(model, tokenizer)

    def clips(self, phrases: Sequence[str], *, duration_s: float = 8.0, seed: int = 0) -> Iterator[MadeClip]:
        """One clip a phrase, one after another; the same phrase, length and seed give the same clip on the same machine.

        MusicGenRefusedError for a length outside 0 to LONGEST_CLIP_S, or a phrase that is empty or too long.
        """
        if not 0.0 < duration_s <= LONGEST_CLIP_S:
            raise MusicGenRefusedError(f"a clip has a length above 0 and at most {LONGEST_CLIP_S:g} s, not {duration_s:g}")
        for phrase in phrases:
            if not phrase.strip() or len(phrase) > LONGEST_PHRASE:
                raise MusicGenRefusedError(f"a phrase has 1 to {LONGEST_PHRASE} characters: {phrase[:40]!r}")
        for phrase in phrases:
            yield self._clip(phrase, duration_s, seed)

    def _clip(self, phrase: str, duration_s: float, seed: int) -> MadeClip:
        import torch

        tokens = self._tokenizer([phrase], return_tensors="pt", truncation=True, max_length=256)
        devices = [self._device] if self._device.type == "cuda" else []
        # generate() draws from the global generator only: it is put back as it was.
        with torch.random.fork_rng(devices=devices), torch.inference_mode():
            torch.manual_seed(seed)
            made = self._model.generate(
                input_ids=tokens["input_ids"].to(self._device),
                attention_mask=tokens["attention_mask"].to(self._device),
                do_sample=True,
                # Each codebook starts one step after the one before: the last frame is whole so many steps later.
                max_new_tokens=math.ceil(duration_s * self._frames_per_s) + self._codebooks - 1,
            )
        samples = np.asarray(made[0].float().mean(dim=0).cpu().numpy(), np.float32)[: round(duration_s * self.sample_rate_hz)]
        if not len(samples) or not np.isfinite(samples).all():
            raise MusicGenRefusedError(f"the model made no sound of {phrase[:40]!r}")
        peak = float(np.abs(samples).max())
        return MadeClip(phrase, samples / np.float32(max(peak, 1.0)), self.sample_rate_hz)


def prototype_phrase(label: str) -> str:
    """What MusicGen is asked for a prototype: the paper's prompts name the tag as the music's kind."""
    return f"{' '.join(label.split())} music"


def _check_folder(folder: Path) -> None:
    if not (folder / "config.json").is_file():
        raise MusicGenRefusedError(f"{folder.name} holds no config.json")
    names = sorted(path.name for path in folder.iterdir() if path.is_file())
    if not any(name.endswith(".safetensors") for name in names):
        pickled = next((name for name in names if name.endswith(_PICKLED)), "")
        hint = f": {pickled} is pickled and could run code when loaded, convert it first" if pickled else ""
        raise MusicGenRefusedError(f"{folder.name} has no weights in safetensors format{hint}")
