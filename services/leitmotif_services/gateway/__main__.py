"""`python -m leitmotif_services.gateway`."""

import sys

from leitmotif_services.gateway.app import build
from leitmotif_services.gateway.config import GatewayConfig
from leitmotif_services.runtime.main import run_service

if __name__ == "__main__":
    sys.exit(run_service("gateway", GatewayConfig.from_environment, build))
