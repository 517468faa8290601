"""Speed and memory of scoring a text under a language model, ours beside HF evaluate's perplexity and lm-evaluation-harness."""

import json
import os
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from tokenizers import Tokenizer

from leitmotif_services.workshop.bench_lm_sides import METRIC_UNKNOWN, LmTask, SideFigures
from leitmotif_services.workshop.bench_sides import BenchError

__all__ = ["BenchError", "LmReport", "run"]

BUDGET_S = 240.0
"""No further round is begun once so much has passed since the start."""

TEXT_BYTES = 1_000_000

_SIDE_TIMEOUT_S = 900.0


@dataclass
class LmReport:
    """What each side found in every round."""

    model: str
    context: int
    """Tokens of a window."""
    threads: int
    text_bytes: int
    rounds: dict[str, list[SideFigures]] = field(default_factory=dict)
    """By side: "ours", then the peers."""
    notes: list[str] = field(default_factory=list)
    """Why a peer is missing, and what stands in for it."""

    def speed(self, side: str) -> float:
        """Tokens a second, median over the rounds."""
        return statistics.median(figures.tokens / figures.seconds for figures in self.rounds[side])

    def speed_ratio(self, peer: str) -> float:
        """Ours over the peer's, median over the rounds."""
        pairs = zip(self.rounds["ours"], self.rounds[peer], strict=False)
        return statistics.median((a.tokens / a.seconds) / (b.tokens / b.seconds) for a, b in pairs)

    def cpu_ratio(self, peer: str) -> float:
        """As `speed_ratio`, of tokens a second of CPU time."""
        pairs = zip(self.rounds["ours"], self.rounds[peer], strict=False)
        return statistics.median((a.tokens / a.cpu_seconds) / (b.tokens / b.cpu_seconds) for a, b in pairs)

    def peak_bytes(self, side: str) -> int:
        """Largest over the rounds."""
        return max(figures.peak_bytes for figures in self.rounds[side])

    def relative_differences(self, peer: str) -> dict[str, float]:
        """|ours / theirs − 1| of each figure that a peer with the same windows reports."""
        ours, theirs = self.rounds["ours"][0].perplexities, self.rounds[peer][0].perplexities
        return {name: abs(ours[name] / value - 1) for name, value in theirs.items()} if "byte" in theirs else {}

    def as_json(self) -> dict[str, object]:
        return {
            "model": self.model,
            "context": self.context,
            "threads": self.threads,
            "text_bytes": self.text_bytes,
            "rounds": len(self.rounds["ours"]),
            "ours": self._absolute("ours") | {"perplexities": self.rounds["ours"][0].perplexities},
            "peers": {
                peer: {
                    "speed_ratio": round(self.speed_ratio(peer), 3),
                    "cpu_ratio": round(self.cpu_ratio(peer), 3),
                    "memory_ratio": round(self.peak_bytes("ours") / self.peak_bytes(peer), 3),
                    **self._absolute(peer),
                    "relative_differences": self.relative_differences(peer),
                }
                for peer in self.rounds
                if peer != "ours"
            },
            "notes": self.notes,
        }

    def as_table(self) -> Table:
        title = f"{self.model}, {self.text_bytes:,} bytes of text, {self.threads} threads"
        table = Table("", "tokens/s", "ours/theirs", "peak MB", "ours/theirs", title=title, title_justify="left", box=SIMPLE_HEAD)
        for side in self.rounds:
            table.add_row(
                side,
                f"{self.speed(side):,.0f}",
                f"{self.speed_ratio(side):.2f}",
                f"{self.peak_bytes(side) / 1e6:,.0f}",
                f"{self.peak_bytes('ours') / self.peak_bytes(side):.2f}",
            )
        for side in self.rounds:
            if differences := self.relative_differences(side):
                table.caption = f"perplexities within {max(differences.values()):.1e} of {side}'s"
        return table

    def _absolute(self, side: str) -> dict[str, object]:
        return {
            "tokens": self.rounds[side][0].tokens,
            "tokens_per_s": round(self.speed(side), 1),
            "peak_bytes": self.peak_bytes(side),
        }


def run(
    model: Path | None, text: Path | None, *, tokens: int, threads: int, rounds: int, note: Callable[[str], None]
) -> LmReport:
    """Measure; `note` hears what is being done. BenchError when model or text cannot be used, or our own side fails.

    Without `model` one of GPT-2's shape with random weights is made; without `text` the standard library's sources are read.
    """
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="leitmotif-bench-") as scratch:
        full = Path(scratch) / "full.txt"
        full.write_bytes((_library_text() if text is None else _text_of(text)).encode())
        folder = model or Path(scratch) / "model"
        if model is None:
            note("making a model of GPT-2's shape with random weights")
            _child("make-model", {"model": str(folder), "text": str(full)}, threads)
        measured = Path(scratch) / "measured.txt"
        measured.write_bytes(_first_tokens(full.read_bytes().decode(), folder, tokens).encode())
        task = LmTask(str(folder), str(measured), _context(folder), threads)
        report = LmReport(
            "GPT-2's shape, random weights" if model is None else model.name,
            task.context,
            threads,
            measured.stat().st_size,
            notes=[],
        )

        def told(text: str) -> None:
            note(text)
            report.notes.append(text)

        sides = ["ours", *_peers(told)]
        for number in range(rounds):
            if number and time.perf_counter() - started > BUDGET_S:
                note(f"stopped after {number} rounds: the time is up")
                break
            _measure_round(report, sides, task, note, told)
    return report


def _measure_round(
    report: LmReport, sides: list[str], task: LmTask, note: Callable[[str], None], told: Callable[[str], None]
) -> None:
    for side in list(sides):
        note(f"measuring {side}")
        try:
            report.rounds.setdefault(side, []).append(_figures(side, task))
        except _MetricUnknownError:
            told("evaluate is installed, the module of its perplexity is not cached: plain repeats what that documents")
            report.rounds.pop(side)
            sides[sides.index(side)] = "plain"
            report.rounds["plain"] = [_figures("plain", task)]
        except BenchError as error:
            if side == "ours":
                raise
            told(f"{side} is left out: {error}")
            report.rounds.pop(side)
            sides.remove(side)


def _peers(told: Callable[[str], None]) -> list[str]:
    peers = ["evaluate" if find_spec("evaluate") else "plain", "plain_batch_1"]
    if "plain" in peers:
        told("evaluate is not installed: plain repeats what its perplexity documents")
    if find_spec("lm_eval"):
        peers.append("lm_eval")
    else:
        told("lm_eval is not installed; its row is left out (pip install 'lm_eval[hf]')")
    return peers


class _MetricUnknownError(Exception):
    """The side "evaluate" has no module of the metric."""


def _figures(side: str, task: LmTask) -> SideFigures:
    return SideFigures(**_child(side, asdict(task), task.threads))


def _child(side: str, task: Mapping[str, object], threads: int) -> dict[str, Any]:
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "leitmotif_services.workshop.bench_lm_sides", side],
            input=json.dumps(task),
            capture_output=True,
            text=True,
            env=environment,
            timeout=_SIDE_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise BenchError(f"it took more than {_SIDE_TIMEOUT_S:.0f} s") from None
    if done.returncode == METRIC_UNKNOWN:
        raise _MetricUnknownError
    if done.returncode:
        raise BenchError((done.stderr.strip().splitlines() or [f"it ended with status {done.returncode}"])[-1])
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def _library_text() -> str:
    found = bytearray()
    for file in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")):
        found += file.read_bytes()
        if len(found) >= TEXT_BYTES:
            break
    return found[:TEXT_BYTES].decode("utf-8", errors="ignore")


def _text_of(file: Path) -> str:
    try:
        return file.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise BenchError(f"{file.name} is no text that can be read: {error}") from error


def _first_tokens(text: str, folder: Path, tokens: int) -> str:
    """Up to the end of the token of that number; all of it for 0."""
    try:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except Exception as error:  # the library raises no narrower one
        raise BenchError(f"{folder.name} has no tokenizer.json that can be read") from error
    offsets = tokenizer.encode(text, add_special_tokens=False).offsets
    if not offsets:
        raise BenchError("the text has no token")
    return text[: offsets[tokens - 1][1]] if 0 < tokens < len(offsets) else text


def _context(folder: Path) -> int:
    try:
        config = json.loads((folder / "config.json").read_text())
        return int(config.get("n_positions") or config["max_position_embeddings"])
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise BenchError(f"the config.json of {folder.name} tells no context length") from error
