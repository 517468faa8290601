"""A process that decodes, and runs the front end, for the service: `python -m … CONTENT_FD SAMPLES_FD PARENT_PID LONGEST_S`.

It reads requests from its standard input, one at a time, and ends with it. It can write no file, leaves no core dump, takes no
more memory than a file may take, and the system ends it with the service, or when a file takes longer than LONGEST_S.
"""

import ctypes
import io
import mmap
import os
import resource
import signal
import sys
import time
import traceback
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.audio.audio_decoding import decode
from leitmotif_services.audio.decoding_messages import LENGTH, READY, Decoded, DecodeRequest, pack_answer
from leitmotif_services.audio.front_end import FrontEnd, FrontEndSettings
from leitmotif_services.runtime.errors import Reason, ServiceError

_PR_SET_PDEATHSIG = 1

_BYTES_PER_SAMPLE = 16
"""Decoded parts, the whole, the whole without its mean, and one more."""
_OWN_BYTES = 256 << 20
"""Tables, blocks and buffers of a decoder, whatever the file."""


@dataclass
class Memory:
    """What the process shares with the service."""

    content_descriptor: int
    samples_descriptor: int
    samples: mmap.mmap | None = None

    def content(self, size: int) -> bytes:
        """The first `size` bytes."""
        content = os.pread(self.content_descriptor, size, 0)
        if len(content) != size:
            raise RuntimeError(f"{len(content)} of {size} bytes are there")
        return content

    def put(self, arrays: Sequence[NDArray[np.float32] | NDArray[np.float64]]) -> None:
        """Write arrays one after another. The service sees to it that there is room."""
        size = os.fstat(self.samples_descriptor).st_size
        if self.samples is None or len(self.samples) < size:
            if self.samples is not None:
                self.samples.close()
            self.samples = mmap.mmap(self.samples_descriptor, size)
        # Not through a file: this process may not write any.
        offset = 0
        for array in arrays:
            np.frombuffer(self.samples, array.dtype, array.size, offset)[:] = array.reshape(-1)
            offset += array.nbytes


def main(arguments: list[str]) -> None:
    """Serve requests until standard input ends."""
    content_descriptor, samples_descriptor, parent, longest_s = arguments
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the service drains first, and ends this process then
    _end_with(int(parent))
    answers = os.dup(1)
    os.dup2(2, 1)  # whatever a library prints is no answer
    memory = Memory(int(content_descriptor), int(samples_descriptor))
    usual = FrontEndSettings()
    front_ends = {usual: FrontEnd(usual)}
    _warm_up(front_ends[usual])
    _restrict()
    used_bytes = _address_bytes()
    _write(answers, pack_answer(READY))
    while length := _read(0, LENGTH.size):
        request = DecodeRequest.unpack(_read(0, *LENGTH.unpack(length)))
        if used_bytes:
            _limit_address_bytes(used_bytes + _decoding_bytes(request))
        # The alarm ends the process whatever it is doing: no handler has to run.
        signal.setitimer(signal.ITIMER_REAL, float(longest_s))
        answer = _answer(request, memory, front_ends)
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        _write(answers, answer)


def _answer(request: DecodeRequest, memory: Memory, front_ends: dict[FrontEndSettings, FrontEnd]) -> bytes:
    # Packed at once: an error that is kept keeps the samples that it was about.
    try:
        content = memory.content(request.content_bytes)
        waveform = decode(content, request.sample_rate_hz, request.limits, descriptor=memory.content_descriptor)
        source = (waveform.duration_s, waveform.source_sample_rate_hz, waveform.source_channels)
        settings = request.front_end
        if settings is None:
            memory.put([waveform.samples])
            return pack_answer(Decoded(*source, samples=len(waveform.samples)))
        started = time.perf_counter()
        if settings not in front_ends:
            front_ends[settings] = FrontEnd(settings)
        frames = front_ends[settings].analyse(waveform)
        memory.put([frames.mean_power, frames.log_mel, frames.frame_power, frames.tonal])
        analysis_s = time.perf_counter() - started
        return pack_answer(Decoded(*source, 0, len(frames.log_mel), len(frames.tonal), waveform.rms, analysis_s))
    except ServiceError as error:
        return pack_answer(error)
    except MemoryError:
        return pack_answer(
            ServiceError(
                Reason.AUDIO_TOO_LARGE,
                "decoding the audio takes more memory than is allowed; encode it anew, or send a part of it",
            )
        )
    except Exception:
        return pack_answer(traceback.format_exc())  # the service logs it: this process may not write to a log that is a file


def _end_with(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            raise SystemExit


def _restrict() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _address_bytes() -> int:
    """Size of this process's address space; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return 0
    return pages * resource.getpagesize()


def _limit_address_bytes(size: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (size if hard == resource.RLIM_INFINITY else min(size, hard), hard))


def _decoding_bytes(request: DecodeRequest) -> int:
    """What decoding any file within the limits takes at most."""
    samples_bytes = int(_BYTES_PER_SAMPLE * request.limits.max_duration_s * request.sample_rate_hz)
    return samples_bytes + 3 * request.most_bytes() + 3 * request.limits.max_bytes + _OWN_BYTES


def _warm_up(front_end: FrontEnd) -> None:
    """Run the path once, so that the first file does not pay for it."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(2)
        writer.setsampwidth(2)
        writer.setframerate(44_100)
        writer.writeframes(np.random.default_rng(0).integers(-8000, 8000, 2 * 88_200, dtype=np.int16).tobytes())
    front_end.analyse(decode(file.getvalue(), front_end.settings.sample_rate_hz))


def _read(descriptor: int, size: int) -> bytes:
    packed = b""
    while len(packed) < size and (part := os.read(descriptor, size - len(packed))):
        packed += part
    return packed


def _write(descriptor: int, message: bytes) -> None:
    while message:
        message = message[os.write(descriptor, message) :]


if __name__ == "__main__":
    main(sys.argv[1:])
