"""One process that decodes for the service, as the service sees it."""

import os
import select
import signal
import subprocess
import sys
import time
from enum import StrEnum
from typing import Any

from leitmotif_services.audio.decoding_messages import (
    LENGTH,
    LONGEST_ANSWER_BYTES,
    Decoded,
    DecodeRequest,
    MalformedAnswerError,
    unpack_answer,
)
from leitmotif_services.audio.memory_file import MemoryFile

_MODULE = "leitmotif_services.audio.decoding_worker"

START_TIMEOUT_S = 60.0

_ALARM_AFTER_S = 5.0
"""The process ends itself so long after the service should have ended it, for the case that the service is no more."""

_END_TIMEOUT_S = 2.0

_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TMPDIR", "HOME", "VIRTUAL_ENV")
_PASSED_ON_PREFIXES = ("PYTHON", "LD_", "DYLD_")

_ALLOCATION = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(32 << 20)}
"""glibc gives blocks of megabytes back at once unless it is told not to, and to have their pages mapped anew for every file
takes 2 to 4 ms of the 5 to 16 that decoding 10 s takes."""


class Cause(StrEnum):
    """What ended a decoding process before its time."""

    CRASHED = "crashed"
    """The decoder: a signal, or an exit."""
    KILLED = "killed"
    """SIGKILL, which comes from outside: the system is short of memory, or an operator."""
    TIMED_OUT = "timed_out"
    """The service, since a file took too long."""


class DecoderEndedError(Exception):
    """The process is no more, or is no use any more; it must be closed."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(f"the decoding process has {cause.replace('_', ' ')}")
        self.cause = cause


class DecodingProcess:
    """Starts at once; `wait_ready` before the first file. One thread at a time.

    On Linux it is killed when the thread that made it ends.
    """

    def __init__(self, longest_s: float) -> None:
        """`longest_s`: what a file may take, of wall-clock time."""
        self._longest_s = longest_s
        self._content = MemoryFile("audio-content")
        self._samples = MemoryFile("audio-samples")
        shared = (self._content.descriptor, self._samples.descriptor)
        numbers = (*shared, os.getpid(), longest_s + _ALARM_AFTER_S)
        # Popen, and not multiprocessing or asyncio's: it uses vfork, which gRPC's fork handlers do not see.
        self._process = subprocess.Popen(
            [sys.executable, "-m", _MODULE, *map(str, numbers)],
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            pass_fds=shared,
            process_group=0,  # Ctrl-C goes to the service, which drains
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests, self._answers = self._process.stdin, self._process.stdout
        self._poll = select.poll()
        self._poll.register(self._answers, select.POLLIN)

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_ready(self) -> None:
        """DecoderEndedError when it does not come to be."""
        self._read_answer(START_TIMEOUT_S)

    def run(self, content: bytes, request: DecodeRequest) -> tuple[Decoded, list[Any]]:
        """The answer, and copies of its arrays; ServiceError as `audio_decoding.decode`, DecoderEndedError."""
        self._content.write(content)
        self._samples.reserve(request.most_bytes())
        try:
            self._requests.write(request.pack())
        except BrokenPipeError:
            raise DecoderEndedError(self._cause()) from None
        try:
            decoded = unpack_answer(self._read_answer(self._longest_s), request)
            arrays, offset = [], 0
            for dtype, shape in decoded.shapes(request):
                arrays.append(self._samples.read(offset, dtype, shape))
                offset += arrays[-1].nbytes
        except (MalformedAnswerError, EOFError):
            raise DecoderEndedError(Cause.CRASHED) from None
        finally:
            self._content.forget(len(content))
        self._samples.forget(offset)
        return decoded, arrays

    def kill(self) -> None:
        """End it, whatever it does, without waiting for that; `close` follows."""
        self._process.kill()

    def close(self) -> None:
        """End it: at once where it waits for a request, and after a moment whatever it does."""
        self._requests.close()
        try:
            self._process.wait(_END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._answers.close()
        self._content.close()
        self._samples.close()

    def _read_answer(self, timeout_s: float) -> bytes:
        end = time.monotonic() + timeout_s
        (length,) = LENGTH.unpack(self._read(LENGTH.size, end))
        if length > LONGEST_ANSWER_BYTES:
            raise DecoderEndedError(Cause.CRASHED)
        return self._read(length, end)

    def _read(self, size: int, end: float) -> bytes:
        packed = b""
        while len(packed) < size:
            if not self._poll.poll(max(0.0, end - time.monotonic()) * 1e3):
                self._process.kill()
                raise DecoderEndedError(Cause.TIMED_OUT)
            part = os.read(self._answers.fileno(), size - len(packed))
            if not part:
                raise DecoderEndedError(self._cause())
            packed += part
        return packed

    def _cause(self) -> Cause:
        try:
            code = self._process.wait(_END_TIMEOUT_S)
        except subprocess.TimeoutExpired:  # it has closed its pipe, and lives
            return Cause.CRASHED
        return {-signal.SIGKILL: Cause.KILLED, -signal.SIGALRM: Cause.TIMED_OUT}.get(code, Cause.CRASHED)


def _environment() -> dict[str, str]:
    """What Python needs to start. A process that hostile bytes may take over is not told the service's settings."""
    passed_on = {name: value for name, value in os.environ.items() if name in _PASSED_ON or name.startswith(_PASSED_ON_PREFIXES)}
    return passed_on | _ALLOCATION | dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
