"""A gateway as a process, with services behind it whose answers a test holds back."""

import asyncio
import os
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
from google.rpc import error_details_pb2, status_pb2

from leitmotif_services.gateway.forwarding import OFFERED
from leitmotif_services.runtime.status import DETAILS_KEY

MIB = 1 << 20
LARGE = [("grpc.max_receive_message_length", 64 * MIB), ("grpc.max_send_message_length", 64 * MIB)]

PATH = {method: f"/{offer.descriptor.full_name}/{method}" for offer in OFFERED for method in offer.methods}
"""Full names of the methods that are passed on."""

UNARY = grpc.unary_unary_rpc_method_handler
KINDS = {
    "WatchJob": grpc.unary_stream_rpc_method_handler,
    "ReadExemplar": grpc.unary_stream_rpc_method_handler,
    "EmbedStream": grpc.stream_stream_rpc_method_handler,
}


@asynccontextmanager
async def behind(**behaviors):
    """Serve methods on bytes, `Method=coroutine` or `Method=async generator`; yields the address as every service's setting."""
    handlers = {}
    for method, behavior in behaviors.items():
        handlers.setdefault(PATH[method].split("/")[1], {})[method] = KINDS.get(method, UNARY)(behavior)
    server = grpc.aio.server(options=LARGE)
    for service, methods in handlers.items():
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, methods),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield {
            f"LEITMOTIF_GATEWAY_{service.upper()}_ADDRESS": f"127.0.0.1:{port}"
            for service in {offer.upstream for offer in OFFERED}
        }
    finally:
        await server.stop(0)


@asynccontextmanager
async def gateway_process(addresses, **settings):
    """The running process; `port` says where."""
    own = {f"LEITMOTIF_GATEWAY_{name}": str(value) for name, value in {"LISTEN": "127.0.0.1:0", **settings}.items()}
    command = [sys.executable, "-m", "leitmotif_services.gateway"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=os.environ | addresses | own
    )
    try:
        process.port = int((await asyncio.to_thread(process.stdout.readline)).rsplit(" ", 1)[1])
        yield process
    finally:
        process.kill()
        process.communicate()


def channel_to(process):
    """A connection of its own, as every caller has one. It buffers 64 KiB of what is not read, however fast the link is."""
    own = [("grpc.use_local_subchannel_pool", 1), ("grpc.http2.bdp_probe", 0)]
    return grpc.aio.insecure_channel(f"127.0.0.1:{process.port}", options=[*LARGE, *own])


def resident_bytes(process, line="VmRSS"):
    """ "VmRSS", or "VmHWM" for the highest so far."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split(line + ":")[1].split()[0]) * 1024


def refusal_of(error):
    """Reason, metadata, and the delay of RetryInfo in seconds; all that a status of the platform says to a program."""
    status = status_pb2.Status.FromString(dict(error.trailing_metadata())[DETAILS_KEY])
    info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
    for detail in status.details:
        detail.Unpack(info)
        detail.Unpack(retry)
    return info.reason, dict(info.metadata), retry.retry_delay.ToNanoseconds() / 1e9


async def once(condition, within_s=20.0):
    """Wait until `condition()`, a coroutine function, is true."""
    async with asyncio.timeout(within_s):
        while not await condition():
            await asyncio.sleep(0.01)
