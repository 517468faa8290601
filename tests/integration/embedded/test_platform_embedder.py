"""Files with names that no id may have, embedded by a real audio service."""

import asyncio
import os

from leitmotif import Client
from leitmotif_services.audio.app import build
from leitmotif_services.audio.config import AudioConfig
from leitmotif_services.audio.embedding import EmbeddedTrack
from leitmotif_services.embedded.platform_embedder import PlatformEmbedder
from leitmotif_services.runtime.server import GrpcServer
from leitmotif_services.workshop.embedder import Refused
from tests.unit.audio.audio_files import encoded, tone


async def test_no_name_of_a_file_stops_the_others(tmp_path):
    names = ["plain.wav", "n" * 200 + ".wav", "line\nbreak.wav", os.fsdecode(b"caf\xe9.wav"), "text.wav"]
    paths = [tmp_path / name for name in names]
    for number, path in enumerate(paths[:-1]):
        path.write_bytes(encoded(tone(300.0 + 200.0 * number, 2.0)))
    paths[-1].write_text("no audio")
    paths.insert(2, tmp_path / "missing.wav")

    def embed(port):
        with Client(f"127.0.0.1:{port}") as client:
            return list(PlatformEmbedder(client).embed(paths)), list(client.audio.embed(paths))

    config = AudioConfig.from_environment({"LEITMOTIF_AUDIO_LISTEN": "127.0.0.1:0"})
    app = await build(config)
    server = GrpcServer(config.server, app)
    await server.start()
    try:
        outcomes, told = await asyncio.to_thread(embed, server.port)
    finally:
        await server.drain()
        await app.close()
    assert sorted(path for path, _ in outcomes) == sorted(paths)
    by_path = dict(outcomes)
    assert by_path.pop(tmp_path / "missing.wav") == Refused("the file cannot be read: No such file or directory")
    assert isinstance(by_path.pop(tmp_path / "text.wav"), Refused)
    assert all(isinstance(outcome, EmbeddedTrack) for outcome in by_path.values())
    # Each file has its own embedding, whatever it was sent as.
    assert [outcome.track_id for outcome in told] == [path.name for path in paths]
    embeddings = {outcome.track_id: tuple(outcome.embedding) for outcome in told if hasattr(outcome, "embedding")}
    assert embeddings == {path.name: tuple(outcome.embedding.tolist()) for path, outcome in by_path.items()}
    assert len(set(embeddings.values())) == 4
