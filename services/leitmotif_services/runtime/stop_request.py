"""How a process is asked to stop: SIGTERM, SIGINT, or the end of a pipe that ties it to its parent."""

import asyncio
import os
import signal
import sys
from collections.abc import Coroutine

FOLLOW_STDIN = "LEITMOTIF_FOLLOW_STDIN"
"""Variable that ties a process to the pipe on its standard input: it drains when the other end closes, however that died."""

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StopRequest:
    """Listens inside a `with` block, from its first line on; the block belongs around everything that must be closed.

    A second signal ends the process at once, for an operator who will not wait.
    """

    def __init__(self) -> None:
        self._stop = asyncio.Event()
        self._follows_stdin = bool(os.environ.get(FOLLOW_STDIN))

    def __enter__(self) -> "StopRequest":
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._request)
        if self._follows_stdin:
            loop.add_reader(sys.stdin.fileno(), self._read_stdin)
        return self

    def __exit__(self, *_: object) -> None:
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
        if self._follows_stdin:
            loop.remove_reader(sys.stdin.fileno())

    async def wait(self) -> None:
        """Wait until a stop is asked for; at once when it was already."""
        await self._stop.wait()

    async def unless_asked(self, work: Coroutine[object, object, None]) -> None:
        """Do `work`; cancel it, and wait for it to clean up, when a stop is asked for meanwhile."""
        task = asyncio.ensure_future(work)
        stopping = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait((task, stopping), return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            if not task.done():
                task.cancel()
                await asyncio.wait((task,))
        if not task.cancelled():
            task.result()

    def _request(self) -> None:
        self._stop.set()
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)

    def _read_stdin(self) -> None:
        if not os.read(sys.stdin.fileno(), 1024):
            asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
            self._stop.set()
