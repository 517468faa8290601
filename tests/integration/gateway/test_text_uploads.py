"""Texts through the gateway to the service that keeps them, on real servers, with both clients of the SDK."""

import asyncio
import hashlib
from contextlib import asynccontextmanager

import pytest

from leitmotif import AsyncClient, Client, InvalidArgumentError, NotFoundError, Reason, RetryPolicy
from leitmotif.api.evaluation.v1 import texts_pb2_grpc
from leitmotif_services.evaluation.inputs.uploaded_texts import UploadedTexts
from leitmotif_services.evaluation.texts_servicer import TextsServicer
from leitmotif_services.gateway.app import build as build_gateway
from leitmotif_services.gateway.config import GatewayConfig
from leitmotif_services.runtime.admission import Admission
from leitmotif_services.runtime.app import App
from leitmotif_services.runtime.server import GrpcServer, ServerSettings

LIMIT = 2 << 20
ONCE = RetryPolicy(attempts=1)


@asynccontextmanager
async def listening(app, settings):
    server = GrpcServer(settings, app)
    await server.start()
    try:
        yield f"127.0.0.1:{server.port}"
    finally:
        await server.drain()
        await app.close()


def texts_app(root):
    app = App("texts")
    admission = Admission("test-inputs", workers=2, waiting=64)
    app.on_close(admission.close)
    texts = UploadedTexts(root, max_text_bytes=LIMIT, max_tenant_bytes=64 << 20, retention_s=3600.0)
    app.mount(
        "leitmotif.api.evaluation.v1.TextsService",
        texts_pb2_grpc.add_TextsServiceServicer_to_server,
        TextsServicer(texts, admission),
    )
    return app


@asynccontextmanager
async def gateway_before(behind, tenant="default"):
    environ = {
        "LEITMOTIF_GATEWAY_LISTEN": "127.0.0.1:0",
        "LEITMOTIF_GATEWAY_EVALUATION_ADDRESS": behind,
        "LEITMOTIF_GATEWAY_TENANT": tenant,
    }
    config = GatewayConfig.from_environment(environ)
    async with listening(await build_gateway(config), config.server) as address:
        yield address


@pytest.fixture
async def behind(tmp_path):
    async with listening(texts_app(tmp_path / "uploads"), ServerSettings("127.0.0.1:0")) as address:
        yield address


@pytest.fixture
async def address(behind):
    async with gateway_before(behind) as address:
        yield address


async def with_async_client(address, use):
    async with AsyncClient(address, retry=ONCE) as client:
        return await use(client.texts)


async def with_client(address, use):
    def work():
        with Client(address, retry=ONCE) as client:
            return use(client.texts)

    return await asyncio.to_thread(work)


both = pytest.mark.parametrize("within", [with_client, with_async_client])


@both
async def test_a_file_arrives_as_it_is(address, within, tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes(("naïve café\n" * 150_000).encode())
    text = await within(address, lambda texts: texts.upload(path))
    assert text.text_id == hashlib.sha256(path.read_bytes()).hexdigest()
    assert text.bytes == path.stat().st_size
    assert await within(address, lambda texts: texts.get(text.text_id)) == text
    assert await within(address, lambda texts: texts.delete(text.text_id))
    with pytest.raises(NotFoundError) as caught:
        await within(address, lambda texts: texts.get(text.text_id))
    assert caught.value.reason is Reason.TEXT_NOT_FOUND


@both
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", Reason.TEXT_EMPTY),
        (b"\xff" + b"x" * LIMIT, Reason.TEXT_NOT_UTF8),  # refused while more is being sent
        (b"x" * (8 * LIMIT), Reason.LIMIT_EXCEEDED),
    ],
    ids=["empty", "binary", "too large"],
)
async def test_a_refusal_comes_with_its_reason(address, within, content, reason):
    with pytest.raises(InvalidArgumentError) as caught:
        await within(address, lambda texts: texts.upload(content))
    assert caught.value.reason is reason


async def test_texts_belong_to_the_tenant_of_the_gateway(behind, address):
    text = await with_client(address, lambda texts: texts.upload("ours"))
    async with gateway_before(behind, tenant="rival") as theirs:
        assert await with_client(theirs, lambda texts: list(texts.list())) == []
        with pytest.raises(NotFoundError):
            await with_client(theirs, lambda texts: texts.get(text.text_id))
    assert await with_client(address, lambda texts: list(texts.list())) == [text]
