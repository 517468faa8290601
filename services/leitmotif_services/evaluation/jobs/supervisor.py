"""Keeps a number of worker processes alive, and stops them without losing a job."""

import asyncio
import logging
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from leitmotif_services.evaluation.worker_main import SUPERVISED

log = logging.getLogger(__name__)

_COMMAND = (sys.executable, "-m", "leitmotif_services.evaluation.worker_main", SUPERVISED)
_FIRST_BACKOFF_S = 0.2
_LONGEST_BACKOFF_S = 30.0
_HEALTHY_S = 60.0
"""A worker that lived so long is restarted at once again."""
_EXTRA_GRACE_S = 10.0
"""Beyond the grace of a running job: handing it back, closing, ending the process."""


class WorkerSupervisor:
    """Starts `count` workers at once and restarts each that ends, with a growing delay while it keeps ending."""

    def __init__(self, count: int, *, environment: Mapping[str, str], threads: int, grace_s: float) -> None:
        """`environment`: variables on top of this process's own."""
        libraries = {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads), "HF_HUB_OFFLINE": "1"}
        self._environment = {**os.environ, **environment, **libraries}
        self._grace_s = grace_s
        self._stopping = asyncio.Event()
        self._waiters = ThreadPoolExecutor(max(1, count), thread_name_prefix="worker-wait")
        # Popen and not asyncio's subprocess: it uses vfork, which gRPC's fork handlers do not see.
        self._workers = [self._spawn() for _ in range(count)]
        self._keepers = [asyncio.create_task(self._keep(slot)) for slot in range(count)]

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers as they are now."""
        return [worker.pid for worker in self._workers]

    async def stop(self) -> None:
        """SIGTERM to all; whoever is left after the grace is killed, and its job taken up elsewhere when its lease lapses."""
        self._stopping.set()
        for worker in self._workers:
            if worker.poll() is None:
                worker.terminate()
        if self._keepers:
            await asyncio.wait(self._keepers, timeout=self._grace_s + _EXTRA_GRACE_S)
        for worker in self._workers:
            if worker.poll() is None:
                log.warning("worker killed", extra={"pid": worker.pid})
                worker.kill()
        await asyncio.gather(*self._keepers)
        self._waiters.shutdown()

    def _spawn(self) -> "subprocess.Popen[bytes]":
        # Its standard input is a pipe that nobody writes to: it closes with this process, however that ends.
        return subprocess.Popen(_COMMAND, env=self._environment, stdin=subprocess.PIPE, stdout=sys.stderr)

    async def _keep(self, slot: int) -> None:
        loop = asyncio.get_running_loop()
        backoff_s = _FIRST_BACKOFF_S
        while True:
            started = time.monotonic()
            worker = self._workers[slot]
            code = await loop.run_in_executor(self._waiters, worker.wait)
            if worker.stdin is not None:
                worker.stdin.close()
            if self._stopping.is_set():
                return
            if time.monotonic() - started > _HEALTHY_S:
                backoff_s = _FIRST_BACKOFF_S
            log.error("worker ended", extra={"pid": worker.pid, "exit_code": code, "restart_in_s": backoff_s})
            try:
                await asyncio.wait_for(self._stopping.wait(), backoff_s)
                return
            except TimeoutError:
                backoff_s = min(2 * backoff_s, _LONGEST_BACKOFF_S)
                self._workers[slot] = self._spawn()
