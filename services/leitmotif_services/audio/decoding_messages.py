"""What the service and a decoding process say to each other: two kinds of short messages.

The bytes of a file and its samples lie beside them, in memory that both have open as files. An answer is JSON and is checked
like any input: whoever takes over a decoder speaks in its name.
"""

import json
import struct
from dataclasses import dataclass

from leitmotif_services.audio.waveform import AudioLimits
from leitmotif_services.runtime.errors import Reason, ServiceError

SAMPLE_BYTES = 4

LONGEST_ANSWER_BYTES = 64 << 10

_LONGEST_DEFECT = 8192

READY = ""
"""What a process says first, once it is ready."""

LENGTH = struct.Struct("<I")
"""Before each answer: its length."""

_REQUEST = struct.Struct("<QIQdIII")

REQUEST_BYTES = _REQUEST.size

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

    def pack(self) -> bytes:
        limits = self.limits
        return _REQUEST.pack(
            self.content_bytes,
            self.sample_rate_hz,
            limits.max_bytes,
            limits.max_duration_s,
            limits.max_channels,
            limits.min_sample_rate_hz,
            limits.max_sample_rate_hz,
        )

    @classmethod
    def unpack(cls, packed: bytes) -> "DecodeRequest":
        content_bytes, sample_rate_hz, *limits = _REQUEST.unpack(packed)
        return cls(content_bytes, sample_rate_hz, AudioLimits(*limits))


@dataclass(frozen=True)
class Decoded:
    """So many mono samples lie in the samples' memory, float32 in the machine's own byte order."""

    samples: int
    duration_s: float
    source_sample_rate_hz: int
    source_channels: int


def pack_answer(answer: Decoded | ServiceError | str) -> bytes:
    """A text stands for a defect of the decoder's own: its traceback."""
    content: dict[str, object]
    if isinstance(answer, Decoded):
        content = {"decoded": vars(answer)}
    elif isinstance(answer, str):
        content = {"defect": answer[-_LONGEST_DEFECT:]}
    else:
        content = {"reason": answer.reason, "message": answer.message, "metadata": answer.metadata}
    packed = json.dumps(content).encode()
    return LENGTH.pack(len(packed)) + packed


def unpack_answer(packed: bytes, most_samples: int) -> Decoded:
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
            if not 0 < decoded.samples <= most_samples or not 0 < decoded.duration_s < float("inf"):
                raise MalformedAnswerError
            for count in (decoded.samples, decoded.source_sample_rate_hz, decoded.source_channels):
                if type(count) is not int or not 0 < count < 1 << 31:
                    raise MalformedAnswerError
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise MalformedAnswerError from error
    if refusal is not None:
        raise refusal
    return decoded


def _refusal(reason: object, message: object, metadata: object) -> ServiceError:
    if reason not in _REASONS or not isinstance(message, str) or not isinstance(metadata, dict):
        raise MalformedAnswerError
    refusal = ServiceError(Reason(str(reason)), message)
    refusal.metadata = {str(key): str(value) for key, value in metadata.items()}
    return refusal
