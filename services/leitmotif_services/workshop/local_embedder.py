"""Embeds files in processes of this machine, one a core, each with a single thread."""

import multiprocessing
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import TracebackType

from leitmotif_services.audio.embedding import EmbeddedTrack
from leitmotif_services.workshop import embedding_worker
from leitmotif_services.workshop.embedder import EncoderIdentity, Refused

CRASHED = "decoding the file crashed the process that did it"

_AHEAD = 2
"""Files given to each process at a time: enough that none waits, few enough that a crash costs little."""


class LocalEmbedder:
    """Implements `embedder.Embedder`. Use as a context manager, or call `close`."""

    def __init__(self, encoder_path: Path | None = None, *, workers: int | None = None) -> None:
        """`encoder_path`: an encoder file, the package's own by default; `workers`: one for each usable core by default."""
        from leitmotif_services.audio.engine import load_engine

        artifact = load_engine(encoder_path, threads=1).encoder
        self._encoder = EncoderIdentity(artifact.encoder_id, artifact.sha256)
        self._encoder_path = encoder_path
        self._workers = workers or usable_cores()
        self._pool: ProcessPoolExecutor | None = None

    @property
    def encoder(self) -> EncoderIdentity:
        """The encoder of every embedding."""
        return self._encoder

    def embed(self, paths: Iterable[Path]) -> Iterator[tuple[Path, EmbeddedTrack | Refused]]:
        """See `embedder.Embedder`. A file that crashes the decoder is refused like any other bad file."""
        waiting = iter(paths)
        running: dict[Future[EmbeddedTrack | str], Path] = {}
        suspects: list[Path] = []
        while True:
            while not suspects and len(running) < _AHEAD * self._workers and (path := next(waiting, None)) is not None:
                try:
                    running[self._started().submit(embedding_worker.embed, path)] = path
                except BrokenProcessPool:  # since the last look
                    suspects.append(path)
            if not running and not suspects:
                return
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                path = running.pop(future)
                try:
                    outcome = _outcome(future.result())
                except BrokenProcessPool:
                    suspects.append(path)
                else:
                    yield path, outcome
            if suspects:
                # Every file that was under way failed with the pool; each alone tells which one did it.
                suspects.extend(running.values())
                running.clear()
                self.close()
                for path in suspects:
                    yield path, self._embed_alone(path)
                suspects.clear()

    def close(self) -> None:
        """End the processes."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    def __enter__(self) -> "LocalEmbedder":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _embed_alone(self, path: Path) -> EmbeddedTrack | Refused:
        try:
            return _outcome(self._started().submit(embedding_worker.embed, path).result())
        except BrokenProcessPool:
            self.close()
            return Refused(CRASHED)

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self._workers,
                mp_context=multiprocessing.get_context("spawn"),  # a fork would copy locks that other threads hold
                initializer=embedding_worker.start,
                initargs=(self._encoder_path,),
            )
        return self._pool


def usable_cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _outcome(result: EmbeddedTrack | str) -> EmbeddedTrack | Refused:
    return Refused(result) if isinstance(result, str) else result
