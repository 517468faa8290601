"""Throughput and latency of embedding: the bare libraries in threads, the audio service, LitServe where it is installed; int8."""

import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from rich.table import Table

from leitmotif_services.audio.audio_decoding import decode
from leitmotif_services.audio.engine import DEFAULT_ENCODER
from leitmotif_services.audio.front_end import FrontEnd, FrontEndSettings
from leitmotif_services.audio.onnxruntime_encoder import OnnxRuntimeEncoder
from leitmotif_services.workshop.bench_clips import clips_in, composed_clips
from leitmotif_services.workshop.bench_int8 import Int8Report, measure_int8
from leitmotif_services.workshop.bench_sides import AudioServiceSide, BenchError, LitServeSide, Side, has_litserve

__all__ = ["BenchError", "EmbeddingReport", "run"]

BUDGET_S = 50.0
"""No further round is begun once so much has passed since the start."""

MEASUREMENT_S = 1.5
"""What one measurement of the bare loop is made to last, in seconds."""

LATENCY_CALLS = {1: 40, 16: 160}
"""Calls of one file by how many are open at once."""

Loop = Callable[[int], None]
"""Embeds so many files, in turn from the clips, and returns once all are embedded."""


@dataclass
class EmbeddingReport:
    """Medians over the rounds."""

    threads: int
    files: int
    audio_s: float
    """Of all files, in seconds."""
    speeds: dict[str, list[float]] = field(default_factory=dict)
    """Audio-seconds per second of every round, by side: "bare", "service", peers."""
    latencies_ms: dict[int, dict[str, float]] = field(default_factory=dict)
    """Of one clip, by concurrency: p50 and p95."""
    int8: Int8Report | None = None
    """The encoder's graph in int8 beside the same in float32."""

    def ratio(self, side: str, over: str) -> float:
        """Median over the rounds of `side`'s speed over `over`'s in the same round."""
        return statistics.median(a / b for a, b in zip(self.speeds[side], self.speeds[over], strict=True))

    def as_json(self) -> dict[str, object]:
        peers = [side for side in self.speeds if side not in ("bare", "service")]
        return {
            "threads": self.threads,
            "files": self.files,
            "audio_s": round(self.audio_s, 2),
            "rounds": len(self.speeds["bare"]),
            "bare": {"audio_s_per_s": self._speed("bare")},
            "service": {
                "audio_s_per_s": self._speed("service"),
                "ratio": round(self.ratio("service", "bare"), 3),
                "latency": [{"concurrency": open_calls, **figures} for open_calls, figures in self.latencies_ms.items()],
            },
            "peers": {
                peer: {"audio_s_per_s": self._speed(peer), "ratio": round(self.ratio("service", peer), 3)} for peer in peers
            },
            "int8": self.int8.as_json() if self.int8 else {},
        }

    def as_table(self) -> Table:
        table = Table("", "audio s/s", "over the bare loop", title=f"{self.files} files, {self.threads} threads")
        for side in self.speeds:
            table.add_row(side, f"{self._speed(side):,.0f}", f"{self.ratio(side, 'bare'):.3f}")
        for open_calls, figures in self.latencies_ms.items():
            text = ", ".join(f"{name} {value:.1f}" for name, value in figures.items())
            table.add_row(f"service latency at concurrency {open_calls}", text, "")
        if self.int8:
            told = f"{self.int8.speedup:.2f} times float32, {self.int8.agreement:.1%} of the nearest neighbours the same"
            table.add_row("graph in int8", told, "")
        return table

    def _speed(self, side: str) -> float:
        return round(statistics.median(self.speeds[side]), 1)


def run(audio: Path | None, *, threads: int, rounds: int, note: Callable[[str], None]) -> EmbeddingReport:
    """Measure; BenchError when there is nothing to embed or a side does not start. `note` hears what is being done."""
    started = time.perf_counter()
    clips = composed_clips() if audio is None else clips_in(audio)
    if not clips:
        raise BenchError(f"no file in {audio} can be embedded")
    bare = BareLoop(clips, threads)
    report = EmbeddingReport(threads, len(clips), bare.audio_s)
    with ExitStack() as stack:
        sides: list[Side] = [stack.enter_context(AudioServiceSide(clips, threads))]
        if has_litserve():
            sides.append(stack.enter_context(LitServeSide(clips, threads)))
        else:
            note("LitServe is not installed; its row is left out (pip install litserve)")
        loops: dict[str, Loop] = {"bare": bare, **{side.name: side.embed for side in sides}}
        files = _files_in(MEASUREMENT_S, bare, len(clips))
        for name, loop in loops.items():
            note(f"warming up {name}")
            loop(2 * len(clips))
        for number in range(rounds):
            if number and time.perf_counter() - started > BUDGET_S:
                note(f"stopped after {number} rounds: a minute is up")
                break
            for name, loop in loops.items():
                begun = time.perf_counter()
                loop(files)
                seconds = time.perf_counter() - begun
                report.speeds.setdefault(name, []).append(files / len(clips) * bare.audio_s / seconds)
        for open_calls, calls in LATENCY_CALLS.items():
            report.latencies_ms[open_calls] = _latency(sides[0], open_calls, calls)
    note("comparing int8 with float32")
    report.int8 = measure_int8(None if audio is None or len(clips) < 2 else clips, threads=threads, rounds=rounds)
    return report


class BareLoop:
    """Decoder, front end and ONNX Runtime in threads: what the service is made of, without the service."""

    def __init__(self, clips: Sequence[bytes], threads: int) -> None:
        self._clips = clips
        self._threads = threads
        self._encoder = OnnxRuntimeEncoder(DEFAULT_ENCODER, threads=1)
        settings = self._encoder.artifact.front_end
        if not isinstance(settings, FrontEndSettings):
            raise BenchError("the default encoder reads the waveform; this benchmark measures one that reads frames")
        self._settings = settings
        self._front_end = FrontEnd(settings)
        self.audio_s = sum(decode(clip, settings.sample_rate_hz).duration_s for clip in clips)

    def __call__(self, files: int) -> None:
        with ThreadPoolExecutor(self._threads) as pool:
            for _ in pool.map(self._embed, range(files)):
                pass

    def _embed(self, index: int) -> None:
        settings = self._settings
        waveform = decode(self._clips[index % len(self._clips)], settings.sample_rate_hz)
        frames = self._front_end.analyse(waveform)
        segments = self._encoder.artifact.segmentation.cut(waveform.duration_s)
        self._encoder.encode(
            [frames.log_mel[part] for part in settings.grid.ranges(segments, len(frames.log_mel))],
            [frames.tonal[part] for part in settings.tonal_grid.ranges(segments, len(frames.tonal))],
        )


def _files_in(seconds: float, loop: Loop, clips: int) -> int:
    """How many files, whole rounds of the clips, keep the loop busy for about `seconds`."""
    loop(clips)
    begun = time.perf_counter()
    loop(2 * clips)
    passes = max(1, round(seconds / (time.perf_counter() - begun) * 2))
    return passes * clips


def _latency(side: Side, open_calls: int, calls: int) -> dict[str, float]:
    """Milliseconds from call to answer of single files, `open_calls` at once."""

    def one(index: int) -> float:
        begun = time.perf_counter()
        side.embed_one(index)
        return 1e3 * (time.perf_counter() - begun)

    with ThreadPoolExecutor(open_calls) as pool:
        list(pool.map(one, range(open_calls)))
        measured = list(pool.map(one, range(calls)))
    return {"p50_ms": round(float(np.percentile(measured, 50)), 2), "p95_ms": round(float(np.percentile(measured, 95)), 2)}
