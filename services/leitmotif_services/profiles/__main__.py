"""`python -m leitmotif_services.profiles`."""

import sys

from leitmotif_services.profiles.app import build
from leitmotif_services.profiles.config import ProfilesConfig
from leitmotif_services.runtime.main import run_service

if __name__ == "__main__":
    sys.exit(run_service("profiles", ProfilesConfig.from_environment, build))
