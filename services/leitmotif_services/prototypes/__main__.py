"""Serves the prototypes service: python -m leitmotif_services.prototypes."""

import sys

from leitmotif_services.prototypes.app import build
from leitmotif_services.prototypes.config import PrototypesConfig
from leitmotif_services.runtime.main import run_service

if __name__ == "__main__":
    sys.exit(run_service("prototypes", PrototypesConfig.from_environment, build))
