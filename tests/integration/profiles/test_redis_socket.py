"""Connections to a real Redis over TCP, with passwords and databases, and over TLS."""

import asyncio
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from leitmotif_services.embedded.redis_server import find_redis_server
from leitmotif_services.profiles.store.redis_client import RedisClient
from leitmotif_services.profiles.store.redis_socket import ConnectionSettings, RedisSocket, encoded
from leitmotif_services.runtime.errors import Reason, ServiceError


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Of a Redis with the password "hunter2", and a user "app" with the password "secret" who may not name its connections."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("redis")
    (folder / "redis.conf").write_text(
        f"port {port}\nbind 127.0.0.1\ndir {folder}\nsave ''\nappendonly yes\nrequirepass hunter2\n"
        "user app on >secret ~* &* +@all -client\n"
    )
    server = subprocess.Popen([find_redis_server(), folder / "redis.conf"], stdout=subprocess.DEVNULL)
    with Redis(port=port, password="hunter2") as redis:
        while True:
            try:
                redis.ping()
            except RedisConnectionError:
                assert server.poll() is None
                continue
            break
    yield port
    server.terminate()
    server.wait()


@asynccontextmanager
async def client(url: str) -> AsyncIterator[RedisClient]:
    client = RedisClient(url, pool_size=4, timeout_s=2.0, allow_volatile=False)
    yield client
    await client.close()


@pytest.mark.parametrize("user", [":hunter2", "app:secret", "default:hunter2"])
@pytest.mark.parametrize("database", [0, 3])
async def test_a_password_and_a_database_are_told(port: int, user: str, database: int) -> None:
    async with client(f"redis://{user}@127.0.0.1:{port}/{database}") as redis:
        await redis.command("SET", f"by {user}", "1")
    with Redis(port=port, db=database, password="hunter2") as other:
        assert other.get(f"by {user}") == b"1"


async def test_connections_are_named(port: int) -> None:
    async with client(f"redis://:hunter2@127.0.0.1:{port}") as redis:
        await redis.command("GET", "any")
        with Redis(port=port, password="hunter2") as other:
            assert "leitmotif-profiles" in {each["name"] for each in other.client_list()}


@pytest.mark.parametrize("user", ["", ":wrong@", "app:wrong@"])
async def test_a_wrong_password_is_unavailable_and_told_to_nobody(port: int, user: str, caplog: pytest.LogCaptureFixture) -> None:
    async with client(f"redis://{user}127.0.0.1:{port}") as redis:
        with pytest.raises(ServiceError) as refused:
            await redis.command("GET", "any")
    assert refused.value.reason is Reason.STORE_UNAVAILABLE
    assert str(refused.value) == "the profile store does not answer"
    assert "wrong@" not in caplog.text


async def test_a_cluster_is_not_found_where_there_is_none(port: int) -> None:
    redis = RedisClient(f"redis://:hunter2@127.0.0.1:{port}", pool_size=4, timeout_s=2.0, allow_volatile=False, cluster=True)
    with pytest.raises(ServiceError, match="LEITMOTIF_PROFILES_REDIS_CLUSTER=false"):
        await redis.check_durability()
    await redis.close()


async def test_nobody_listens(unused_tcp_port: int) -> None:
    async with client(f"redis://127.0.0.1:{unused_tcp_port}") as redis:
        with pytest.raises(ServiceError, match="does not answer"):
            await redis.command("GET", "any")


async def opened(url: str, timeout_s: float = 2.0) -> RedisSocket:
    settings = ConnectionSettings(url, timeout_s=timeout_s)
    return await settings.connect(settings.address)


async def test_answers_come_in_order_whatever_their_size(empty_redis_url: str) -> None:
    opening = await opened(empty_redis_url)
    large = bytes(range(256)) * 8192
    commands = [
        encoded("SET", "k", large),
        encoded("GET", "k"),
        encoded("NOSUCH"),
        encoded("GET", "none"),
        encoded("STRLEN", "k"),
    ]
    done, value, error, none, length = await opening.exchange(commands, 5.0)
    assert (done, value, none, length) == (b"OK", large, None, len(large))
    assert isinstance(error, ResponseError)
    opening.close()


async def test_a_late_answer_is_nobodys(empty_redis_url: str) -> None:
    opening = await opened(empty_redis_url)
    with pytest.raises(TimeoutError):
        await opening.exchange([encoded("BLPOP", "never", 1)], 0.05)
    assert not opening.usable
    with pytest.raises(RedisConnectionError):
        await opening.exchange([encoded("PING")], 1.0)
    cancelled = await opened(empty_redis_url)
    task = asyncio.create_task(cancelled.exchange([encoded("BLPOP", "never", 1)], 5.0))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not cancelled.usable


@pytest.mark.parametrize("said", [b"+OK\r\n", b"nonsense\r\n"])
async def test_what_nobody_asked_for_ends_the_connection(tmp_path: Path, said: bytes) -> None:
    served = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"leitmotif-profiles\r\n")
        writer.write(b"+OK\r\n")
        await reader.read(1)
        writer.write(b"+PONG\r\n" + said)
        with suppress(ConnectionError):
            await reader.read()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        served.set()

    server = await asyncio.start_unix_server(serve, tmp_path / "sock")
    opening = await opened(f"unix://{tmp_path / 'sock'}")
    async with asyncio.timeout(5):
        assert await opening.exchange([encoded("PING")], 2.0) == [b"PONG"]
        while opening.usable:
            await asyncio.sleep(0.01)
        await served.wait()
    server.close()
    await server.wait_closed()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Private key and self-signed certificate of localhost, PEM."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    key, pem = (tmp_path_factory.mktemp("tls") / name for name in ("key.pem", "certificate.pem"))
    subject = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
    files = ("-keyout", key, "-out", pem)
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject, *files]
    subprocess.run(command, check=True, capture_output=True)
    return key, pem


async def passed_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)


async def test_tls_is_spoken_and_checked(empty_redis_url: str, certificate: tuple[Path, Path]) -> None:
    key, pem = certificate
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key)
    serving: set[asyncio.Task[None] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.current_task())
        redis_reader, redis_writer = await asyncio.open_unix_connection(empty_redis_url.removeprefix("unix://"))
        # Each way by itself: a command may come in several pieces, and only the last is answered.
        answering = asyncio.create_task(passed_on(redis_reader, writer))
        try:
            await passed_on(reader, redis_writer)
        finally:
            for each in (redis_writer, writer):
                each.close()
                with suppress(OSError):
                    await each.wait_closed()
            await answering

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    address = f"localhost:{server.sockets[0].getsockname()[1]}"
    async with client(f"rediss://{address}?ssl_ca_certs={pem}&ssl_check_hostname=true") as redis:
        await redis.command("SET", "k", "encrypted")
        assert await redis.command("GET", "k") == b"encrypted"
    async with client(f"rediss://{address}") as stranger:
        with pytest.raises(ServiceError, match="does not answer"):
            await stranger.command("GET", "k")
    server.close()
    await server.wait_closed()
    await asyncio.gather(*(task for task in serving if task is not None))
