"""Whose users a call is for: decided by the gateway, never by what the caller sends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import grpc

from leitmotif_services.runtime.request_context import serve_tenant

if TYPE_CHECKING:  # generic for the type checker only
    Handler = grpc.RpcMethodHandler[Any, Any]


class GatewayTenant(grpc.aio.ServerInterceptor):
    """Has every call served for one tenant. The services behind trust what they are told, so a caller must not tell them."""

    def __init__(self, tenant_id: str) -> None:
        self._tenant_id = tenant_id

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        serve_tenant(self._tenant_id)  # grpc.aio intercepts a call in the task that serves it
        return await continuation(handler_call_details)
