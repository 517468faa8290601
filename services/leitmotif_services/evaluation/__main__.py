"""`python -m leitmotif_services.evaluation`."""

import sys

from leitmotif_services.evaluation.app import build
from leitmotif_services.evaluation.config import EvaluationConfig
from leitmotif_services.runtime.main import run_service

if __name__ == "__main__":
    sys.exit(run_service("evaluation", EvaluationConfig.from_environment, build))
