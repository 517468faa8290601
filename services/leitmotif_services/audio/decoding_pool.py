"""Decodes, and runs the front end, in other processes: a file that crashes a decoder, or keeps it busy for ever, is refused,
and nothing else.
"""

import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from leitmotif_services.audio.analysed_track import AnalysedTrack
from leitmotif_services.audio.container_formats import corrupt
from leitmotif_services.audio.decoding_messages import Decoded, DecodeRequest
from leitmotif_services.audio.decoding_process import Cause, DecoderEndedError, DecodingProcess
from leitmotif_services.audio.front_end import FrontEndSettings, TrackFrames
from leitmotif_services.audio.pcm import refuse_bytes
from leitmotif_services.audio.waveform import AudioLimits, Waveform
from leitmotif_services.runtime.errors import Reason, ServiceError

log = logging.getLogger(__name__)

_FIRST_BACKOFF_S = 0.2
_LONGEST_BACKOFF_S = 10.0

Slot = Future[DecodingProcess]


class DecodingPool:
    """So many processes, each replaced as soon as it ends. Thread-safe.

    One is started at a time, from a thread that lives as long as the pool: processes that keep ending keep one core busy at
    most, and where they end before they are ready, the next one waits longer and longer.
    """

    def __init__(self, processes: int, longest_s: float) -> None:
        """`longest_s`: what a file may take, of wall-clock time."""
        self._longest_s = longest_s
        self._slots: queue.SimpleQueue[Slot] = queue.SimpleQueue()
        self._processes = processes
        self._closing = threading.Event()
        self._failed_starts = 0
        self.on_restart: Callable[[Cause], None] = lambda _: None
        """Told of each process that ended before its time; from any thread."""
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="decoder-start")
        self._start(processes)

    def wait_ready(self) -> None:
        """Until every process is, before the first file; UPSTREAM_UNAVAILABLE when one does not come to be."""
        slots = [self._slots.get() for _ in range(self._processes)]
        for slot in slots:
            self._slots.put(slot)
        for slot in slots:
            if (error := slot.exception()) is not None:
                raise _unavailable() from error

    def decode(self, content: bytes, sample_rate_hz: int, limits: AudioLimits | None = None) -> Waveform:
        """As `audio_decoding.decode` of a file.

        AUDIO_CORRUPT as well for a file that crashes a decoder or takes it too long. One whose process was killed from outside
        is tried once more. UPSTREAM_UNAVAILABLE while no process can be started.
        """
        limits = limits or AudioLimits()
        decoded, (samples,) = self._tried(content, DecodeRequest(len(content), sample_rate_hz, limits))
        return Waveform(samples, sample_rate_hz, decoded.duration_s, decoded.source_sample_rate_hz, decoded.source_channels)

    def analyse(self, content: bytes, front_end: FrontEndSettings, limits: AudioLimits) -> AnalysedTrack:
        """What `front_end` makes of the file; refused as by `decode`."""
        request = DecodeRequest(len(content), front_end.sample_rate_hz, limits, front_end)
        decoded, (mean_power, log_mel, frame_power, tonal) = self._tried(content, request)
        return AnalysedTrack(
            TrackFrames(log_mel, frame_power, tonal, mean_power, front_end.sample_rate_hz / front_end.frame_samples),
            decoded.rms,
            decoded.duration_s,
            decoded.source_sample_rate_hz,
            decoded.source_channels,
            decoded.analysis_s,
        )

    def close(self) -> None:
        """End every process. No thread may be decoding."""
        self._closing.set()
        for _ in range(self._processes):
            slot = self._slots.get()
            if slot.exception() is None:
                slot.result().close()
        self._starter.shutdown()

    def _tried(self, content: bytes, request: DecodeRequest) -> tuple[Decoded, list[Any]]:
        refuse_bytes(len(content), request.limits)
        try:
            return self._run(content, request)
        except DecoderEndedError as ended:
            if ended.cause is not Cause.KILLED:
                raise self._refusal(ended.cause) from None
        try:
            return self._run(content, request)
        except DecoderEndedError as ended:
            raise self._refusal(ended.cause) from None

    def _run(self, content: bytes, request: DecodeRequest) -> tuple[Decoded, list[Any]]:
        slot = self._slots.get()
        try:
            process = slot.result()
        except (DecoderEndedError, OSError) as error:
            self._start(1)
            raise _unavailable() from error
        try:
            answer = process.run(content, request)
        except DecoderEndedError as ended:
            process.kill()
            self._start(1)
            log.warning("a decoding process ended; starting another", extra={"cause": ended.cause, "bytes": len(content)})
            self.on_restart(ended.cause)
            process.close()
            raise
        except BaseException:
            self._slots.put(slot)
            raise
        self._slots.put(slot)
        return answer

    def _start(self, processes: int) -> None:
        """Add slots whose processes are being started."""
        slots = [Slot() for _ in range(processes)]
        self._starter.submit(self._fill, slots)
        for slot in slots:
            self._slots.put(slot)

    def _fill(self, slots: list[Slot]) -> None:
        if self._failed_starts:
            self._closing.wait(min(_FIRST_BACKOFF_S * 2 ** (self._failed_starts - 1), _LONGEST_BACKOFF_S))
        starting = [(slot, self._spawned(slot)) for slot in slots]
        for slot, process in starting:
            if process is not None:
                try:
                    process.wait_ready()
                except DecoderEndedError as ended:
                    process.close()
                    self._not_started(slot, ended)
                else:
                    self._failed_starts = 0
                    slot.set_result(process)

    def _spawned(self, slot: Slot) -> DecodingProcess | None:
        try:
            return DecodingProcess(self._longest_s)
        except OSError as error:
            self._not_started(slot, error)
            return None

    def _not_started(self, slot: Slot, error: Exception) -> None:
        self._failed_starts += 1
        log.error("a decoding process did not start: %s", error)
        slot.set_exception(error)

    def _refusal(self, cause: Cause) -> ServiceError:
        if cause is Cause.TIMED_OUT:
            return corrupt(f"the audio was not decoded within {self._longest_s:g} s")
        return corrupt("decoding the audio crashed the process that did it")


def _unavailable() -> ServiceError:
    return ServiceError(
        Reason.UPSTREAM_UNAVAILABLE, "no process to decode in can be started; the log says why", retry_after_s=1.0
    )
