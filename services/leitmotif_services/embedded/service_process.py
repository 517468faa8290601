"""A service of the platform as a child process: started, awaited, restarted when it dies, and never outliving its parent."""

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import Mapping

from leitmotif_services.runtime.errors import Reason, ServiceError
from leitmotif_services.runtime.logs import LEVEL_VARIABLE
from leitmotif_services.runtime.stop_request import FOLLOW_STDIN

log = logging.getLogger(__name__)

_READY_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 40.0
_FIRST_BACKOFF_S = 0.2
_LONGEST_BACKOFF_S = 10.0


class ServiceProcess:
    """Runs `python -m <module>` with extra environment and keeps it running until `stop`.

    The child follows its standard input: when this process ends in whatever way, the pipe closes and the child drains.
    """

    def __init__(self, name: str, module: str, environment: Mapping[str, str]) -> None:
        self._name = name
        self._command = (sys.executable, "-m", module)
        # A person watches this process's terminal: a child's every call is not for them.
        self._environment = {LEVEL_VARIABLE: "WARNING", **os.environ, **environment, FOLLOW_STDIN: "1"}
        self._process: asyncio.subprocess.Process | None = None
        self._supervision: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        """Process id of the running child; 0 when there is none."""
        return self._process.pid if self._process and self._process.returncode is None else 0

    async def start(self) -> None:
        """Start the child and wait until it says that it is ready; UPSTREAM_UNAVAILABLE when it ends or stays silent."""
        await self._spawn()
        self._supervision = asyncio.create_task(self._supervise(), name=f"supervise {self._name}")

    async def stop(self) -> None:
        """Have the child drain, and wait for its end; kill it when it takes too long."""
        if self._supervision:
            self._supervision.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._supervision
        await self._end(self._process)

    async def _spawn(self) -> None:
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=pipe,
            stdout=pipe,
            env=self._environment,
            # Ctrl-C goes to this process alone, which drains its own calls before it ends its children.
            start_new_session=True,
        )
        self._process = process
        assert process.stdout is not None
        try:
            async with asyncio.timeout(_READY_TIMEOUT_S):
                ready = await process.stdout.readline()
        except TimeoutError as error:
            await self._end(process)
            raise ServiceError(
                Reason.UPSTREAM_UNAVAILABLE, f"the {self._name} service was not ready within {_READY_TIMEOUT_S:g} s"
            ) from error
        except asyncio.CancelledError:
            await self._end(process)
            raise
        if not ready:
            code = await process.wait()
            raise ServiceError(
                Reason.UPSTREAM_UNAVAILABLE,
                f"the {self._name} service ended with exit code {code} at its start; its log says why",
            )

    async def _supervise(self) -> None:
        backoff_s = _FIRST_BACKOFF_S
        while True:
            assert self._process is not None
            started = asyncio.get_running_loop().time()
            code = await self._process.wait()
            if asyncio.get_running_loop().time() - started > _LONGEST_BACKOFF_S:
                backoff_s = _FIRST_BACKOFF_S
            log.error("the %s service ended with exit code %s; starting it again", self._name, code)
            await asyncio.sleep(backoff_s)
            backoff_s = min(2 * backoff_s, _LONGEST_BACKOFF_S)
            with contextlib.suppress(ServiceError):
                await self._spawn()

    @staticmethod
    async def _end(process: asyncio.subprocess.Process | None) -> None:
        if process is None or process.returncode is not None:
            return
        assert process.stdin is not None
        process.stdin.close()
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _STOP_TIMEOUT_S)
        except TimeoutError:
            process.kill()
            await process.wait()
