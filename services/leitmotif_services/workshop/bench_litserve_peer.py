"""The default encoder behind LitServe, for benchmarks: `python -m … PORT WORKERS`."""

import base64
import sys
from typing import Any

import litserve

from leitmotif_services.audio.engine import AudioEngine, load_engine


class EmbeddingApi(litserve.LitAPI):  # type: ignore[misc]
    """One file a request."""

    def setup(self, device: str) -> None:  # noqa: ARG002
        self._engine: AudioEngine = load_engine()
        self._engine.warm_up()

    def decode_request(self, request: dict[str, str]) -> bytes:
        return base64.b64decode(request["content"])

    def predict(self, content: bytes) -> Any:
        return self._engine.embed(content)

    def encode_response(self, output: Any) -> dict[str, Any]:
        return {"embedding": output.embedding.tolist(), "segments": output.segment_embeddings.tolist()}


if __name__ == "__main__":
    server = litserve.LitServer(EmbeddingApi(), accelerator="cpu", workers_per_device=int(sys.argv[2]))
    server.run(host="127.0.0.1", port=int(sys.argv[1]), generate_client_file=False, log_level="error")
