"""`leitmotif up` as a child process, for who wants to use it from outside: its public gRPC endpoint and nothing else."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from leitmotif_services.runtime.logs import LEVEL_VARIABLE
from leitmotif_services.runtime.stop_request import FOLLOW_STDIN

_STOP_TIMEOUT_S = 60.0

LOG_FILE = "platform.log"
"""Name of the log below the data folder."""


class PlatformFailedError(Exception):
    """The platform ended before it was ready; the message holds the end of its log."""


@contextmanager
def running_platform(data_folder: Path, *, port: int = 0) -> Iterator[str]:
    """Start the platform on `data_folder`, yield the gateway's address, and drain it behind the block.

    Its log goes to a file below the data folder. It ends with this process, however that ends.
    """
    log_path = data_folder / LOG_FILE
    command = [sys.executable, "-m", "leitmotif_services.embedded", "--data", str(data_folder), "--port", str(port)]
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env={**_own_environment(), FOLLOW_STDIN: "1"},
            # Ctrl-C goes to this process alone, which then has the child drain.
            start_new_session=True,
        )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        with process.stdout:
            ready = process.stdout.readline().decode().split()
            if not ready:
                tail = "\n".join(log_path.read_text(errors="replace").splitlines()[-5:])
                raise PlatformFailedError(f"the platform did not start; the end of {log_path}:\n{tail}")
            yield ready[-1]
    finally:
        process.stdin.close()
        try:
            process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _own_environment() -> dict[str, str]:
    """The variables of this process without settings of the platform: they may name a Redis or folders of a real deployment."""
    return {name: value for name, value in os.environ.items() if not name.startswith("LEITMOTIF_") or name == LEVEL_VARIABLE}
