"""python -m leitmotif_services.prototypes: settings, readiness, an answer, a clean end."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import grpc

from leitmotif.api.prototypes.v1 import models_pb2, models_pb2_grpc
from leitmotif_services.prototypes.bundle_writing import write_bundle
from tests.unit.prototypes.sample_models import by_hand

COMMAND = [sys.executable, "-m", "leitmotif_services.prototypes"]


async def test_serves_the_bundle_and_ends_cleanly(tmp_path: Path) -> None:
    version = write_bundle(by_hand(), tmp_path, encoder_artifact=None).name
    settings = {"LEITMOTIF_PROTOTYPES_LISTEN": "127.0.0.1:0", "LEITMOTIF_PROTOTYPES_MODEL_ROOT": str(tmp_path)}
    with subprocess.Popen(
        COMMAND, env=os.environ | settings, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            ready = re.search(r"ready on port (\d+)", process.stdout.readline())
            assert ready is not None
            async with grpc.aio.insecure_channel(f"127.0.0.1:{ready[1]}") as channel:
                answer = await models_pb2_grpc.ModelsServiceStub(channel).GetModel(models_pb2.GetModelRequest())
            assert answer.model.model_version == version
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        finally:
            process.kill()


def test_wrong_settings_are_all_told() -> None:
    settings = {"LEITMOTIF_PROTOTYPES_INDEX": "hnsw", "LEITMOTIF_PROTOTYPES_WORKERS": "0", "LEITMOTIF_PROTOTYPES_MODELS": "x"}
    ended = subprocess.run(COMMAND, env=os.environ | settings, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    for name in settings:
        assert name in ended.stderr
