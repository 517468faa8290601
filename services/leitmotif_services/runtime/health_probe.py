"""`python -m leitmotif_services.runtime.health_probe ADDRESS`: exit 0 when the server there reports SERVING, else 1.

For container health checks, so that an image needs no probe binary of its own.
"""

import sys

import grpc
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2_grpc import HealthStub

_TIMEOUT_S = 3.0


def is_serving(address: str) -> bool:
    """Whether the server at `address` answers the standard health check with SERVING within three seconds."""
    with grpc.insecure_channel(address) as channel:
        try:
            answer = HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=_TIMEOUT_S)
        except grpc.RpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m leitmotif_services.runtime.health_probe HOST:PORT")
    sys.exit(0 if is_serving(sys.argv[1]) else 1)
