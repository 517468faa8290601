"""How a client reaches the platform."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from leitmotif._retry import RetryPolicy

DEFAULT_ADDRESS = "127.0.0.1:50050"
"""Where `leitmotif up` serves unless told otherwise."""

DEFAULT_TIMEOUT_S = 10.0
"""Deadline of a call with all its attempts, unless the call or the client sets another, in seconds."""

MAX_MESSAGE_BYTES = 64 << 20
"""Largest message sent or taken."""


@dataclass(frozen=True)
class ClientSettings:
    """What both clients are made with; `resolve` fills what the caller left open from the environment."""

    address: str
    timeout_s: float
    retry: RetryPolicy
    api_key: str = field(default="", repr=False)
    tls: bool = False
    root_certificates: bytes | None = field(default=None, repr=False)

    @classmethod
    def resolve(
        cls,
        address: str | None,
        *,
        timeout_s: float,
        retry: RetryPolicy | None,
        api_key: str | None,
        tls: bool,
        root_certificates: bytes | None,
        environ: Mapping[str, str] = os.environ,
    ) -> "ClientSettings":
        """ValueError for an address with a web scheme, or a timeout that is not positive."""
        address = address or environ.get("LEITMOTIF_ADDRESS") or DEFAULT_ADDRESS
        if address.startswith(("http://", "https://")):
            raise ValueError(f"the address of a gRPC server is host:port without a scheme, not {address!r}")
        if not timeout_s > 0:
            raise ValueError(f"timeout_s must be more than 0, is {timeout_s}")
        return cls(
            address=address,
            timeout_s=timeout_s,
            retry=retry or RetryPolicy(),
            api_key=environ.get("LEITMOTIF_API_KEY", "") if api_key is None else api_key,
            tls=tls or root_certificates is not None,
            root_certificates=root_certificates,
        )

    def channel_options(self) -> list[tuple[str, str | int]]:
        """Options of the gRPC channel."""
        from leitmotif import __version__

        return [
            ("grpc.service_config", json.dumps({"loadBalancingConfig": [{"round_robin": {}}]})),
            ("grpc.primary_user_agent", f"leitmotif-python/{__version__}"),
            ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
            ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
            # Servers close a connection that pings more often than they allow; the platform's allow one each 10 s.
            ("grpc.keepalive_time_ms", 30_000),
            ("grpc.keepalive_timeout_ms", 10_000),
            # A server that restarts is found again within the time that the attempts of a call take. The minimum stays at
            # gRPC's 20 s: in spite of its name it also bounds how long a connection may take to be made.
            ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.max_reconnect_backoff_ms", 2_000),
        ]

    def metadata(self, request_id: str) -> tuple[tuple[str, str], ...]:
        """Metadata of a call."""
        identity = (("x-request-id", request_id),)
        return (*identity, ("authorization", f"Bearer {self.api_key}")) if self.api_key else identity
