"""kill -9 at random moments, over and over: what was answered for is there afterwards, and nothing deleted comes back."""

import asyncio
import os
import random
from pathlib import Path

import grpc
from google.rpc import status_pb2

from leitmotif.api.prototypes.v1 import catalogue_pb2 as pb2
from leitmotif.api.prototypes.v1 import models_pb2
from leitmotif_services.prototypes.bundle_writing import write_bundle
from leitmotif_services.prototypes.live_catalogue.compactor import TEMPORARY_PREFIX
from leitmotif_services.prototypes.live_catalogue.file_journal import FOLDER
from tests.integration.prototypes.live_catalogue.calls import ENCODER, listed, message
from tests.integration.prototypes.live_catalogue.service_process import ServiceProcess
from tests.unit.prototypes.sample_models import random_model

KILLS = int(os.environ.get("LEITMOTIF_TEST_KILLS", "10"))
CLIENTS = 4
COMPACT_AT = 25
SEED = 20251124

State = str | None
"""Title of a track; None where there is none."""


class Client:
    """Changes tracks of its own, one call after the other, until the service dies."""

    def __init__(self, name: str, rng: random.Random) -> None:
        self._name = name
        self._rng = rng
        self._calls = 0
        self.answered: dict[str, State] = {}
        self.asked: dict[str, State] = {}
        """Of the call that was never answered: either state may be found."""

    async def change(self, service: ServiceProcess) -> None:
        while True:
            self._calls += 1
            chosen = [f"{self._name}-{number}" for number in self._rng.sample(range(12), self._rng.randint(1, 4))]
            if self._rng.random() < 0.3:
                self.asked = dict.fromkeys(chosen)
                call = service.catalogue.DeleteTracks(pb2.DeleteTracksRequest(track_ids=chosen))
            else:
                title = f"call {self._calls}"
                self.asked = dict.fromkeys(chosen, title)
                values = [self._rng.uniform(-1, 1) for _ in range(8)]
                tracks = [message(track_id, *values, title=title) for track_id in chosen]
                call = service.catalogue.UpsertTracks(pb2.UpsertTracksRequest(tracks=tracks, encoder_id=ENCODER))
            try:
                answer = await call
            except grpc.aio.AioRpcError as error:
                assert error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED), error
                return
            assert all(status == status_pb2.Status() for status in getattr(answer, "statuses", []))
            self.answered |= self.asked
            self.asked = {}

    def check(self, found: dict[str, str]) -> None:
        """Each track is as answered, or, of the call that was cut off, as asked."""
        for track_id in self.answered | self.asked:
            state = found.get(track_id)
            possible = [self.answered.get(track_id)]
            if track_id in self.asked:
                possible.append(self.asked[track_id])
            assert state in possible, (track_id, state, possible)
            self.answered[track_id] = state
        self.asked = {}
        own = {track_id for track_id in found if track_id.startswith(f"{self._name}-")}
        assert own == {track_id for track_id, state in self.answered.items() if state is not None}


async def test_what_was_answered_for_survives(tmp_path: Path) -> None:
    rng = random.Random(SEED)
    root, log = tmp_path / "models", tmp_path / "log"
    first = write_bundle(random_model(3, tracks=40, prototypes=4), root, encoder_artifact=None).name
    clients = [Client(f"client{number}", random.Random(rng.random())) for number in range(CLIENTS)]
    tails = 0
    for kill in range(KILLS + 1):
        service = ServiceProcess(root, log, COMPACT_AT=COMPACT_AT, KEPT_COMPACTIONS=1)
        try:
            await service.connect()
            found = {track.track_id: track.title for track in await listed(service)}  # type: ignore[arg-type]
            assert {f"track-{number}" for number in range(40)} <= found.keys()
            for client in clients:
                client.check(found)
            assert len(list(root.glob(f"{TEMPORARY_PREFIX}*"))) <= 1, "what a kill left is cleared away"
            if kill == KILLS:
                model = (await service.models.GetModel(models_pb2.GetModelRequest())).model
                break
            traffic = [asyncio.create_task(client.change(service)) for client in clients]
            await asyncio.sleep(rng.uniform(0.05, 0.8))
            assert not any(task.done() for task in traffic)
            await service.kill()
            await asyncio.gather(*traffic)
        finally:
            await service.close()
        if rng.random() < 0.4:
            tails += _tear_tail(root, rng)
    assert sum(len(client.answered) for client in clients) > 2 * CLIENTS
    assert model.profile_version == first
    assert model.model_version != first, "no compaction came to its end"
    assert log.read_text().count("dropped the end") >= tails


def _tear_tail(root: Path, rng: random.Random) -> int:
    """What a crash of the machine leaves of a frame that was being written; returns how many tails it tore."""
    segments = sorted((root / FOLDER).glob("*.journal"))
    if not segments:
        return 0
    with segments[-1].open("ab") as file:
        file.write(b"LMJF" + rng.randbytes(rng.randint(1, 200)))
    return 1
