"""`python -m leitmotif_services.audio`."""

import sys

from leitmotif_services.audio.app import build
from leitmotif_services.audio.config import AudioConfig
from leitmotif_services.runtime.main import run_service

if __name__ == "__main__":
    sys.exit(run_service("audio", AudioConfig.from_environment, build))
