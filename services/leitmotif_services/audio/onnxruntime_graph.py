"""Opens an ONNX file: its session, its metadata, its digest."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnxruntime

from leitmotif_services.audio.encoder_artifact import malformed


@dataclass(frozen=True)
class OpenGraph:
    """A loaded graph. `session` may be called from several threads."""

    file: str
    """Name of the file, for errors."""
    session: Any
    """An onnxruntime.InferenceSession."""
    metadata: Mapping[str, str]
    sha256: str
    """Of the whole file, lower-case hexadecimal."""


def open_graph(path: Path, *, threads: int = 1) -> OpenGraph:
    """`threads` are used within one call of the graph. BUNDLE_CORRUPT, with the file's name, where it cannot be used."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise malformed(path.name, f"it cannot be read ({error.strerror})") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    # Threads that spin while idle take the core from decoding.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime raises a dozen types of its own for a file that is no graph
        raise malformed(path.name, "it is no ONNX graph that ONNX Runtime loads") from error
    metadata = session.get_modelmeta().custom_metadata_map
    return OpenGraph(path.name, session, metadata, hashlib.sha256(content).hexdigest())
