"""TextsService on a real server and a real folder."""

import asyncio
import hashlib
from contextlib import asynccontextmanager

import grpc
import pytest

from leitmotif.api.evaluation.v1 import texts_pb2 as pb
from leitmotif.api.evaluation.v1 import texts_pb2_grpc
from leitmotif_services.evaluation.inputs.upload_sweep import UploadSweep
from leitmotif_services.evaluation.inputs.uploaded_texts import UploadedTexts
from leitmotif_services.evaluation.texts_servicer import MAX_OPEN_UPLOADS, MAX_PIECE_BYTES, TextsServicer
from leitmotif_services.runtime.admission import Admission
from leitmotif_services.runtime.app import App
from leitmotif_services.runtime.request_context import TENANT_KEY
from leitmotif_services.runtime.server import GrpcServer, ServerSettings
from tests.integration.gateway.gateway_process import refusal_of

LIMIT = 3 << 20


@asynccontextmanager
async def serving(root, *, piece_timeout_s=60.0, retention_s=3600.0):
    texts = UploadedTexts(root, max_text_bytes=LIMIT, max_tenant_bytes=64 << 20, retention_s=retention_s)
    admission = Admission("test-inputs", workers=2, waiting=64)
    app = App("texts")
    app.mount(
        "leitmotif.api.evaluation.v1.TextsService",
        texts_pb2_grpc.add_TextsServiceServicer_to_server,
        TextsServicer(texts, admission, piece_timeout_s=piece_timeout_s),
    )
    server = GrpcServer(ServerSettings("127.0.0.1:0"), app)
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            yield texts_pb2_grpc.TextsServiceStub(channel)
    finally:
        await server.drain()
        await admission.close()


async def pieces(*chunks):
    for chunk in chunks:
        yield pb.UploadTextRequest(chunk=chunk)


def of(tenant):
    return ((TENANT_KEY, tenant),)


def files(root):
    return {path.name for path in root.rglob("*") if path.is_file()} - {".lock"}


async def refused(call):
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value.code(), refusal_of(caught.value)[0]


async def test_a_text_comes_in_pieces_and_is_listed_read_and_deleted(tmp_path):
    content = ("naïve café " * 200_000).encode()[:LIMIT]
    content = content[: content.rindex(b" ")]
    async with serving(tmp_path) as stub:
        cut = [content[place : place + 500_001] for place in range(0, len(content), 500_001)]  # in the midst of characters
        text = (await stub.UploadText(pieces(*cut))).text
        assert text.text_id == hashlib.sha256(content).hexdigest()
        assert text.bytes == len(content)
        assert (text.expires_at.ToDatetime() - text.uploaded_at.ToDatetime()).total_seconds() == 3600
        assert (await stub.GetText(pb.GetTextRequest(text_id=text.text_id))).text == text
        assert list((await stub.ListTexts(pb.ListTextsRequest())).texts) == [text]
        assert (tmp_path / "default" / text.text_id).read_bytes() == content
        assert (await stub.DeleteText(pb.DeleteTextRequest(text_id=text.text_id))).existed
        assert not (await stub.DeleteText(pb.DeleteTextRequest(text_id=text.text_id))).existed
        assert await refused(stub.GetText(pb.GetTextRequest(text_id=text.text_id))) == (
            grpc.StatusCode.NOT_FOUND,
            "TEXT_NOT_FOUND",
        )


async def test_a_tenant_sees_its_own_texts_alone(tmp_path):
    async with serving(tmp_path) as stub:
        text = (await stub.UploadText(pieces(b"secret"), metadata=of("acme"))).text
        assert (await refused(stub.GetText(pb.GetTextRequest(text_id=text.text_id), metadata=of("rival"))))[1] == "TEXT_NOT_FOUND"
        assert not (await stub.DeleteText(pb.DeleteTextRequest(text_id=text.text_id), metadata=of("rival"))).existed
        assert not (await stub.ListTexts(pb.ListTextsRequest(), metadata=of("rival"))).texts
        assert (await stub.GetText(pb.GetTextRequest(text_id=text.text_id), metadata=of("acme"))).text == text
        assert (await refused(stub.UploadText(pieces(b"x"), metadata=of("../up"))))[1] == "FIELD_INVALID"


async def test_pages_of_texts(tmp_path):
    async with serving(tmp_path) as stub:
        expected = sorted([(await stub.UploadText(pieces(b"%d" % number))).text.text_id for number in range(5)])
        found, token = [], ""
        while True:
            page = await stub.ListTexts(pb.ListTextsRequest(page_size=2, page_token=token))
            assert 1 <= len(page.texts) <= 2
            found += [text.text_id for text in page.texts]
            token = page.next_page_token
            if not token:
                break
        assert found == expected
        assert (await refused(stub.ListTexts(pb.ListTextsRequest(page_size=-1))))[1] == "FIELD_INVALID"
        assert (await refused(stub.ListTexts(pb.ListTextsRequest(page_token="x"))))[1] == "PAGE_TOKEN_INVALID"


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        ((), "TEXT_EMPTY"),
        ((b"",), "TEXT_EMPTY"),
        ((b"good", b"\xff"), "TEXT_NOT_UTF8"),
        ((b"cut off \xe2\x82",), "TEXT_NOT_UTF8"),
        ((b"\x7fELF\0",), "TEXT_NOT_UTF8"),
        ((b"x" * (MAX_PIECE_BYTES + 1),), "LIMIT_EXCEEDED"),
        ((b"x" * MAX_PIECE_BYTES,) * 4, "LIMIT_EXCEEDED"),
    ],
)
async def test_what_is_refused_leaves_nothing(tmp_path, chunks, expected):
    async with serving(tmp_path) as stub:
        assert await refused(stub.UploadText(pieces(*chunks))) == (grpc.StatusCode.INVALID_ARGUMENT, expected)
    await nothing_left(tmp_path)


async def nothing_left(root):
    async with asyncio.timeout(10):
        while files(root):  # partial files are removed behind the call
            await asyncio.sleep(0.01)


async def test_an_upload_whose_caller_goes_leaves_nothing(tmp_path):
    async with serving(tmp_path) as stub:
        hold = asyncio.Event()

        async def endless():
            yield pb.UploadTextRequest(chunk=b"begun")
            await hold.wait()
            yield pb.UploadTextRequest(chunk=b"never sent")

        call = stub.UploadText(endless())
        async with asyncio.timeout(10):
            while not files(tmp_path):
                await asyncio.sleep(0.01)
        call.cancel()
        await nothing_left(tmp_path)
        hold.set()


async def test_an_upload_that_stalls_is_ended(tmp_path):
    async with serving(tmp_path, piece_timeout_s=0.05) as stub:
        hold = asyncio.Event()

        async def stalled():
            yield pb.UploadTextRequest(chunk=b"begun")
            await hold.wait()
            yield pb.UploadTextRequest(chunk=b"too late")

        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.UploadText(stalled(), timeout=20)
        hold.set()
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert refusal_of(caught.value)[1]["bound"] == "slow requests"
        await nothing_left(tmp_path)


async def test_open_uploads_are_bounded_and_a_place_falls_free(tmp_path):
    async with serving(tmp_path) as stub:
        hold = asyncio.Event()

        async def held(number):
            yield pb.UploadTextRequest(chunk=b"%d" % number)
            await hold.wait()

        calls = [asyncio.create_task(_response(stub.UploadText(held(number)))) for number in range(MAX_OPEN_UPLOADS)]
        async with asyncio.timeout(10):
            while len(files(tmp_path)) < MAX_OPEN_UPLOADS:
                await asyncio.sleep(0.01)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.UploadText(pieces(b"one too many"))
        assert refusal_of(caught.value)[1]["bound"] == "open uploads"
        hold.set()
        assert len({response.text.text_id for response in await asyncio.gather(*calls)}) == MAX_OPEN_UPLOADS
        assert (await stub.UploadText(pieces(b"now it fits"))).text.bytes == 11


async def _response(call):
    return await call


async def test_expired_texts_are_swept(tmp_path):
    async with serving(tmp_path, retention_s=0.05) as stub:
        await stub.UploadText(pieces(b"short-lived"))
        texts = UploadedTexts(tmp_path, max_text_bytes=LIMIT, max_tenant_bytes=LIMIT, retention_s=0.05)
        admission = Admission("test-sweep", workers=1, waiting=4)
        sweep = UploadSweep(texts, admission, interval_s=0.02)
        await nothing_left(tmp_path)
        await sweep.stop()
        await admission.close()
