"""From a published model to embeddings over gRPC: the command, the files it takes, the service that loads what it wrote."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import grpc
import numpy as np
import pytest
from typer.testing import CliRunner

from leitmotif.api.audio.v1 import audio_pb2 as pb
from leitmotif.api.audio.v1 import audio_pb2_grpc
from leitmotif_services.audio.app import build
from leitmotif_services.audio.config import AudioConfig
from leitmotif_services.audio.engine import load_engine
from leitmotif_services.audio.onnxruntime_text_encoder import load_text_engine
from leitmotif_services.runtime.server import GrpcServer
from leitmotif_services.workshop.encoder_commands import encoder
from tests.unit.audio.audio_files import encoded, music
from tests.unit.workshop.encoder_import import tiny_models

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def run(*arguments):
    return CliRunner().invoke(encoder, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def encoders(tmp_path_factory):
    """A folder with a HuBERT and a CLAP, imported by the command."""
    folder = tmp_path_factory.mktemp("encoders")
    models = tmp_path_factory.mktemp("models")
    tiny_models.with_card(tiny_models.hubert(models / "Tiny_HuBERT"), "license: apache-2.0")
    tiny_models.clap(models / "clap")
    reports = []
    for arguments in (
        (models / "Tiny_HuBERT", "--layer", 2, "--out", folder / "hubert.onnx"),
        (models / "clap", "--id", "clap-tiny-1", "--license", "CC0-1.0", "--out", folder / "clap.onnx"),
    ):
        result = run("import", *arguments, "--json")
        assert result.exit_code == 0, result.output
        reports.append(json.loads(result.stdout))
    return folder, reports


def test_the_report(encoders):
    folder, (hubert, clap) = encoders
    assert (hubert["encoder_id"], hubert["license"], hubert["layer"]) == ("tiny-hubert-layer-2", "Apache-2.0", 2)
    assert (clap["encoder_id"], clap["license"], clap["layer"]) == ("clap-tiny-1", "CC0-1.0", None)
    assert (hubert["sample_rate_hz"], hubert["dimension"], clap["sample_rate_hz"], clap["dimension"]) == (16_000, 32, 48_000, 24)
    for report in (hubert, clap):
        content = Path(report["out"]).read_bytes()
        assert (report["bytes"], report["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
        assert report["largest_difference"] <= 1e-3
        assert report["least_cosine"] >= 0.9999
    assert hubert["source"].startswith("folder Tiny_HuBERT, weights sha256:")
    assert sorted(path.name for path in folder.iterdir()) == ["clap.onnx", "clap.text.onnx", "hubert.onnx"]


async def test_the_service_lists_and_uses_them(encoders):
    folder, reports = encoders
    config = AudioConfig.from_environment({"LEITMOTIF_AUDIO_LISTEN": "127.0.0.1:0", "LEITMOTIF_AUDIO_ENCODERS": str(folder)})
    app = await build(config)
    server = GrpcServer(config.server, app)
    await server.start()
    content = encoded(music(12.0, 44_100), 44_100)
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            stub = audio_pb2_grpc.AudioServiceStub(channel)
            listed = {one.encoder_id: one for one in (await stub.ListEncoders(pb.ListEncodersRequest())).encoders}
            assert set(listed) == {"leitmotif-music-1", "tiny-hubert-layer-2", "clap-tiny-1"}
            for report in reports:
                described = listed[report["encoder_id"]]
                assert (described.sha256, described.license) == (report["sha256"], report["license"])
                assert (described.dimension, described.sample_rate_hz) == (report["dimension"], report["sample_rate_hz"])
                items = [pb.AudioItem(track_id="t", content=content)]
                response = await stub.EmbedTracks(pb.EmbedTracksRequest(items=items, encoder_id=report["encoder_id"]))
                assert response.encoder_id == report["encoder_id"]
                matrix = response.results[0].track.segment_embeddings
                rows = np.frombuffer(matrix.values, "<f4").reshape(-1, matrix.dimension)
                own = load_engine(Path(report["out"])).embed(content)
                np.testing.assert_allclose(rows, own.segment_embeddings, atol=1e-6)
                assert len(rows) == 2
    finally:
        await server.drain()
        await app.close()


def test_the_embed_command_takes_the_file(encoders, tmp_path):
    folder, (hubert, _) = encoders
    (tmp_path / "a.wav").write_bytes(encoded(music(3.0)))
    result = run("embed", tmp_path / "a.wav", "--encoder", folder / "hubert.onnx", "--out", tmp_path / "x.npz", "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert (report["encoder_sha256"], report["dimension"], report["tracks"]) == (hubert["sha256"], 32, 1)


def test_a_refusal_is_one_line(tmp_path):
    folder = tiny_models.mert(tmp_path / "mert", feature_extractor_cqt=True)
    result = run("import", folder, "--out", tmp_path / "x.onnx", "--license", "MIT")
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "constant-Q" in result.stderr
    assert not (tmp_path / "x.onnx").exists()


class Hub(ThreadingHTTPServer):
    """Serves one folder as the hub serves a repository, and remembers what was asked for."""

    daemon_threads = True

    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), HubHandler)
        self.folder = folder
        self.fetched = []


class HubHandler(BaseHTTPRequestHandler):
    server: Hub

    def do_HEAD(self):
        self.answer(body=False)

    def do_GET(self):
        self.answer(body=True)

    def answer(self, *, body):
        path = self.path.partition("?")[0]
        name = path.removeprefix(f"/someone/mert/resolve/{COMMIT}/")
        if path in ("/api/models/someone/mert", "/api/models/someone/mert/revision/v1"):
            files = [{"rfilename": f.name, "size": f.stat().st_size} for f in sorted(self.server.folder.iterdir())]
            self.reply(json.dumps({"id": "someone/mert", "sha": COMMIT, "siblings": files}).encode(), body=body)
        elif (self.server.folder / name).is_file():
            if body:
                self.server.fetched.append(name)
            self.reply((self.server.folder / name).read_bytes(), body=body)
        else:
            self.send_error(404)

    def reply(self, content, *, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Type", "application/json")
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.end_headers()
        if body:
            self.wfile.write(content)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def hub(tmp_path):
    folder = tiny_models.with_card(tiny_models.mert(tmp_path / "mert"), "license: cc-by-nc-4.0")
    server = Hub(folder)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def import_from(hub, tmp_path, model):
    own = {"HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}", "HF_HOME": str(tmp_path / "cache"), "NO_PROXY": "127.0.0.1"}
    environ = {key: value for key, value in os.environ.items() if not key.startswith("HF_")} | own | {"OMP_NUM_THREADS": "1"}
    command = "from leitmotif_services.workshop.encoder_commands import encoder; encoder()"
    arguments = ["import", model, "--out", str(tmp_path / "x.onnx"), "--json"]
    return subprocess.run([sys.executable, "-c", command, *arguments], env=environ, capture_output=True, text=True, timeout=120)


def test_from_the_hub_at_one_commit(hub, tmp_path):
    result = import_from(hub, tmp_path, "someone/mert@v1")
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert report["source"] == f"hub someone/mert@{COMMIT}"
    assert (report["license"], report["sample_rate_hz"]) == ("CC-BY-NC-4.0", 24_000)
    assert set(hub.fetched) == {"README.md", "config.json", "preprocessor_config.json", "model.safetensors"}  # no code
    assert not (hub.folder / "executed").exists()


def test_both_towers_from_the_hub(hub, tmp_path):
    hub.folder = tiny_models.with_card(tiny_models.clap(tmp_path / "clap"), "license: apache-2.0")
    result = import_from(hub, tmp_path, "someone/mert")
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert report["text"]["out"] == str(tmp_path / "x.text.onnx")
    fetched = {"README.md", "config.json", "preprocessor_config.json", "tokenizer.json", "model.safetensors"}
    assert set(hub.fetched) == fetched
    assert len(hub.fetched) == len(fetched)  # each of them once
    described = load_text_engine(tmp_path / "x.text.onnx").encoder
    assert (described.source, described.license) == (f"hub someone/mert@{COMMIT}", "Apache-2.0")


def test_weights_of_a_refused_model_stay_on_the_hub(hub, tmp_path):
    tiny_models.edit(hub.folder / "config.json", deepnorm=True)
    result = import_from(hub, tmp_path, "someone/mert")
    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    assert "deepnorm" in result.stderr
    assert "model.safetensors" not in hub.fetched
    missing = import_from(hub, tmp_path, "someone/else")
    assert missing.returncode == 1
    assert "the hub gives no model 'someone/else'" in missing.stderr


def test_an_output_that_cannot_be_written(tmp_path):
    folder = tiny_models.hubert(tmp_path / "m")
    (tmp_path / "file").write_text("in the way")
    result = run("import", folder, "--out", tmp_path / "file" / "x.onnx", "--license", "MIT")
    assert result.exit_code == 1
    assert str(tmp_path / "file") in result.stderr
