"""leitmotif.api.evaluation.v1.TextsService: takes texts in, piece by piece, and says which there are."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import grpc

from leitmotif.api.evaluation.v1 import texts_pb2 as pb
from leitmotif.api.evaluation.v1 import texts_pb2_grpc
from leitmotif_services.evaluation.inputs.uploaded_texts import UploadedText, UploadedTexts
from leitmotif_services.evaluation.text_convert import text_to_pb
from leitmotif_services.runtime.admission import Admission
from leitmotif_services.runtime.errors import Reason, ServiceError
from leitmotif_services.runtime.pagination import decode_page_token, encode_page_token, page_size_of
from leitmotif_services.runtime.request_context import tenant_of

MAX_PIECE_BYTES = 1 << 20
MAX_OPEN_UPLOADS = 16
"""Uploads at once, of all tenants: each may have a partial file as large as a text may be."""
PIECE_S = 60.0
"""The next piece must have come within so long, in seconds."""
DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 200

Context = grpc.aio.ServicerContext[Any, Any]


class TextsServicer(texts_pb2_grpc.TextsServiceServicer):
    """The disk is used on `admission`'s threads."""

    def __init__(self, texts: UploadedTexts, admission: Admission, *, piece_timeout_s: float = PIECE_S) -> None:
        self._texts = texts
        self._admission = admission
        self._piece_timeout_s = piece_timeout_s
        self._open_uploads = 0

    async def UploadText(self, requests: AsyncIterator[pb.UploadTextRequest], context: Context) -> pb.UploadTextResponse:
        with self._place():
            return pb.UploadTextResponse(text=text_to_pb(await self._upload(_tenant_of(context), requests)))

    async def GetText(self, request: pb.GetTextRequest, context: Context) -> pb.GetTextResponse:
        text = await self._admission.run(self._texts.get, _tenant_of(context), request.text_id)
        return pb.GetTextResponse(text=text_to_pb(text))

    async def ListTexts(self, request: pb.ListTextsRequest, context: Context) -> pb.ListTextsResponse:
        tenant_id = _tenant_of(context)
        size = page_size_of(request.page_size, default=DEFAULT_PAGE_SIZE, maximum=MAX_PAGE_SIZE)
        after = decode_page_token(request.page_token, "ListTexts")
        texts = await self._admission.run(self._texts.page, tenant_id, limit=size + 1, after=after)
        more = len(texts) > size
        return pb.ListTextsResponse(
            texts=map(text_to_pb, texts[:size]),
            next_page_token=encode_page_token(texts[size - 1].text_id, "ListTexts") if more else "",
        )

    async def DeleteText(self, request: pb.DeleteTextRequest, context: Context) -> pb.DeleteTextResponse:
        existed = await self._admission.run(self._texts.delete, _tenant_of(context), request.text_id)
        return pb.DeleteTextResponse(existed=existed)

    async def _upload(self, tenant_id: str, requests: AsyncIterator[pb.UploadTextRequest]) -> UploadedText:
        upload = await self._admission.run(self._texts.begin, tenant_id)
        try:
            async for chunk in self._chunks(requests):
                await self._admission.run(upload.add, chunk)
            return await self._admission.run(self._texts.keep, tenant_id, upload)
        except BaseException:
            # Not awaited: the call may have been cancelled. A piece that is still being written then fails, and nobody asks.
            asyncio.get_running_loop().run_in_executor(None, upload.abandon)
            raise

    async def _chunks(self, requests: AsyncIterator[pb.UploadTextRequest]) -> AsyncIterator[bytes]:
        while True:
            try:
                async with asyncio.timeout(self._piece_timeout_s):
                    chunk = (await anext(requests)).chunk
            except StopAsyncIteration:
                return
            except TimeoutError:
                message = f"no piece of the text came for {self._piece_timeout_s:g} s"
                raise ServiceError(Reason.OVERLOADED, message, bound="slow requests") from None
            if len(chunk) > MAX_PIECE_BYTES:
                message = f"a piece has {len(chunk)} bytes, {MAX_PIECE_BYTES} are allowed"
                raise ServiceError(Reason.LIMIT_EXCEEDED, message, limit=MAX_PIECE_BYTES, actual=len(chunk))
            yield chunk

    @contextmanager
    def _place(self) -> Iterator[None]:
        if self._open_uploads >= MAX_OPEN_UPLOADS:
            message = f"the service has {MAX_OPEN_UPLOADS} uploads open, as many as it takes"
            raise ServiceError(Reason.OVERLOADED, message, bound="open uploads", limit=MAX_OPEN_UPLOADS)
        self._open_uploads += 1
        try:
            yield
        finally:
            self._open_uploads -= 1


def _tenant_of(context: Context) -> str:
    return tenant_of(tuple(context.invocation_metadata() or ()))
