"""What runs in a worker process of `local_embedder`. Imports nothing heavy before the thread counts are set."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leitmotif_services.audio.embedding import EmbeddedTrack
    from leitmotif_services.audio.engine import AudioEngine

_engine: "AudioEngine | None" = None


def start(encoder_path: Path | None) -> None:
    """Load the engine, once a process, with one thread for everything: the processes share the cores."""
    global _engine
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = "1"
    from leitmotif_services.audio.engine import load_engine

    _engine = load_engine(encoder_path, threads=1)


def embed(path: Path) -> "EmbeddedTrack | str":
    """The embedding of a file, or the sentence that says why there is none."""
    from leitmotif_services.runtime.errors import ServiceError

    if _engine is None:
        raise RuntimeError("the worker was not started")
    try:
        return _engine.embed(path.read_bytes())
    except ServiceError as error:
        return error.message
    except OSError as error:
        return f"the file cannot be read: {error.strerror}"
