"""What the service and a decoding process say to each other: two kinds of short messages.

The bytes of a file and its samples lie beside them, in memory that both have open as files. An answer is JSON and is checked
like any input: whoever takes over a decoder speaks in its name.
"""

import json
import math
import struct
from dataclasses import asdict, dataclass

import numpy as np

from leitmotif_services.audio.front_end import FrontEndSettings
from leitmotif_services.audio.waveform import AudioLimits
from leitmotif_services.runtime.errors import Reason, ServiceError

SAMPLE_BYTES = 4

LONGEST_ANSWER_BYTES = 64 << 10

_LONGEST_DEFECT = 8192

READY = ""
"""What a process says first, once it is ready."""

LENGTH = struct.Struct("<I")
"""Before each message: its length."""

_REASONS = frozenset(reason for reason in Reason if reason.startswith("AUDIO_")) | {Reason.LIMIT_EXCEEDED}
"""What a file can be refused for."""


class MalformedAnswerError(Exception):
    """A decoding process said what none of ours says."""


@dataclass(frozen=True)
class DecodeRequest:
    """Decode the first `content_bytes` of the content's memory."""

    content_bytes: int
    sample_rate_hz: int
    limits: AudioLimits
    front_end: FrontEndSettings | None = None
    """Give the frames of this front end, which reads `sample_rate_hz`, in place of the samples."""

    def pack(self) -> bytes:
        """With its length."""
        return _packed(asdict(self))

    @classmethod
    def unpack(cls, packed: bytes) -> "DecodeRequest":
        """Without its length."""
        content = json.loads(packed)
        front_end = content.pop("front_end")
        if front_end is not None:
            front_end = FrontEndSettings(**front_end | {"flatness_edges_hz": tuple(front_end["flatness_edges_hz"])})
        return cls(**content | {"limits": AudioLimits(**content["limits"]), "front_end": front_end})

    def most_bytes(self) -> int:
        """What the answer takes in the samples' memory, at most."""
        seconds = self.limits.max_duration_s + 1.0
        if self.front_end is None:
            return SAMPLE_BYTES * int(seconds * self.sample_rate_hz)
        settings = self.front_end
        frames = int(seconds * self.sample_rate_hz / settings.hop_samples)
        values = frames * (settings.mel_bands + 1) + (frames // settings.tonal_hops + 1) * settings.tonal_columns
        return SAMPLE_BYTES * values + 8 * (settings.frame_samples // 2 + 1)


@dataclass(frozen=True)
class Decoded:
    """What lies in the samples' memory, and what is known of it. Arrays lie there one after another, in native byte order."""

    duration_s: float
    source_sample_rate_hz: int
    source_channels: int
    samples: int
    """(samples,) float32, mono, where the request asked for samples; 0 where it asked for frames."""
    frames: int = 0
    """Rows of log_mel float32 and elements of frame_power float32, where it asked for frames."""
    tonal_frames: int = 0
    """Rows of tonal float32. `mean_power` float64 comes first."""
    rms: float = 1.0
    analysis_s: float = 0.0

    def shapes(self, request: DecodeRequest) -> list[tuple[type[np.float32 | np.float64], tuple[int, ...]]]:
        """Of the arrays, in their order."""
        settings = request.front_end
        if settings is None:
            return [(np.float32, (self.samples,))]
        return [
            (np.float64, (settings.frame_samples // 2 + 1,)),
            (np.float32, (self.frames, settings.mel_bands)),
            (np.float32, (self.frames,)),
            (np.float32, (self.tonal_frames, settings.tonal_columns)),
        ]


def pack_answer(answer: Decoded | ServiceError | str) -> bytes:
    """A text stands for a defect of the decoder's own: its traceback."""
    content: dict[str, object]
    if isinstance(answer, Decoded):
        content = {"decoded": vars(answer)}
    elif isinstance(answer, str):
        content = {"defect": answer[-_LONGEST_DEFECT:]}
    else:
        content = {"reason": answer.reason, "message": answer.message, "metadata": answer.metadata}
    return _packed(content)


def unpack_answer(packed: bytes, request: DecodeRequest) -> Decoded:
    """Without its length; raises the ServiceError that it tells of, RuntimeError for a defect, or MalformedAnswerError."""
    try:
        content = json.loads(packed)
        if "defect" in content:
            raise RuntimeError(f"a decoder failed: {content['defect']}"[:LONGEST_ANSWER_BYTES])
        if "reason" in content:
            refusal = _refusal(content["reason"], content["message"], content["metadata"])
        else:
            refusal = None
            decoded = Decoded(**content["decoded"])
            _check(decoded, request)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise MalformedAnswerError from error
    if refusal is not None:
        raise refusal
    return decoded


def _check(decoded: Decoded, request: DecodeRequest) -> None:
    numbers = (decoded.duration_s, decoded.rms)
    if not all(type(number) is float and 0 < number < float("inf") for number in numbers) or not decoded.analysis_s >= 0:
        raise MalformedAnswerError
    own = (decoded.samples,) if request.front_end is None else (decoded.frames, decoded.tonal_frames)
    if any(type(count) is not int or count <= 0 for count in (*own, decoded.source_sample_rate_hz, decoded.source_channels)):
        raise MalformedAnswerError
    if max(decoded.source_sample_rate_hz, decoded.source_channels) >= 1 << 31:
        raise MalformedAnswerError
    if sum(dtype().nbytes * math.prod(shape) for dtype, shape in decoded.shapes(request)) > request.most_bytes():
        raise MalformedAnswerError


def _packed(content: object) -> bytes:
    packed = json.dumps(content).encode()
    return LENGTH.pack(len(packed)) + packed


def _refusal(reason: object, message: object, metadata: object) -> ServiceError:
    if reason not in _REASONS or not isinstance(message, str) or not isinstance(metadata, dict):
        raise MalformedAnswerError
    refusal = ServiceError(Reason(str(reason)), message)
    refusal.metadata = {str(key): str(value) for key, value in metadata.items()}
    return refusal
