"""Lists and pages are asked for while tracks come, change and go, the catalogue is compacted, and another version is activated.

LEITMOTIF_TEST_TRAFFIC_S lengthens it; 600 is ten minutes.
"""

import asyncio
import os
import random
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest

from leitmotif.api.prototypes.v1 import catalogue_pb2 as pb2
from leitmotif.api.prototypes.v1 import models_pb2, prototypes_pb2
from leitmotif_services.prototypes.bundle_writing import write_bundle
from tests.integration.prototypes.live_catalogue.calls import delete, listed, message, upsert
from tests.integration.prototypes.running_service import Service, vector
from tests.unit.prototypes.sample_models import random_model, retitled

SECONDS = float(os.environ.get("LEITMOTIF_TEST_TRAFFIC_S", "8"))
TRACKS, PROTOTYPES = 300, 4
PAGES, PAGE = 4, 15
LISTENERS, EDITORS = 3, 2
ACTIVATIONS = 2


class Traffic:
    """What clients know of the catalogue, and what they found."""

    def __init__(self, service: Service, versions: tuple[str, str]) -> None:
        self._service = service
        self._versions = versions
        self._gone: set[str] = set()
        """Tracks whose deletion was answered, and which nobody adds again."""
        self.present = {f"track-{number}" for number in range(TRACKS)}
        self.answered_by: set[str] = set()
        self.profile_versions: set[str] = set()
        self.pages = 0
        self.outdated = 0
        """Profiles of the version before, refused: at most one a listener and activation."""
        self.over = asyncio.Event()

    async def listen(self, seed: int) -> None:
        rng = random.Random(seed)
        while not self.over.is_set():
            model = (await self._service.models.GetModel(models_pb2.GetModelRequest())).model
            self.profile_versions.add(model.profile_version)
            history = tuple(rng.uniform(-1, 1) for _ in range(PROTOTYPES))
            request = prototypes_pb2.RecommendTracksRequest(profile=vector(model.profile_version, history), count=PAGE)
            await self._turn_pages(request, rng)

    async def _turn_pages(self, request: prototypes_pb2.RecommendTracksRequest, rng: random.Random) -> None:
        seen: list[str] = []
        for page in range(PAGES):
            gone = set(self._gone)
            try:
                answer = await self._service.stub.RecommendTracks(request)
            except grpc.aio.AioRpcError as error:
                # Another version was activated since the profile was made; pages behind the first go on with that of before.
                assert page == 0, error
                assert error.code() is grpc.StatusCode.FAILED_PRECONDITION, error
                self.outdated += 1
                return
            found = [scored.track.track_id for scored in answer.tracks]
            assert not gone & set(found), "a deleted track"
            assert [scored.rank for scored in answer.tracks] == list(range(len(seen) + 1, len(seen) + len(found) + 1))
            seen += found
            assert len(seen) == len(set(seen)), "a repeated track"
            assert len(found) == PAGE
            assert answer.model_version
            for scored in answer.tracks[:2]:
                parts = sum(part.contribution for part in scored.contributions) + scored.other_contributions
                assert parts + scored.bias == pytest.approx(scored.score, abs=1e-5)
            self.answered_by.add(answer.model_version)
            self.pages += 1
            request.page_token = answer.next_page_token
            await asyncio.sleep(rng.uniform(0, 0.02))

    async def edit(self, number: int) -> None:
        rng = random.Random(number)
        own = sorted(track_id for track_id in self.present if int(track_id.partition("-")[2]) % EDITORS == number)
        added = 0
        while not self.over.is_set():
            batch = [f"new-{number}-{added + each}" for each in range(rng.randint(1, 4))]
            added += len(batch)
            values = [[rng.gauss(0, 1) for _ in range(8)] for _ in batch]
            answer = await upsert(
                self._service,
                *(message(track_id, *each) for track_id, each in zip(batch, values, strict=True)),
                message(own[0], title=f"Renamed {added}"),
            )
            assert all(status.code == 0 for status in answer.statuses)
            own += batch
            self.present |= set(batch)
            chosen = rng.sample(own, 3) if len(own) > TRACKS // (2 * EDITORS) else []
            if chosen:
                own = [track_id for track_id in own if track_id not in chosen]
                self.present -= set(chosen)
                removed = await delete(self._service, *chosen)
                assert list(removed.deleted_track_ids) == chosen
                self._gone |= set(chosen)
            asked = pb2.GetAffinitiesRequest(track_ids=batch)
            looked_up = await self._service.catalogue.GetAffinities(asked)
            assert set(looked_up.track_ids) == set(batch) - self._gone
            await asyncio.sleep(rng.uniform(0, 0.02))

    async def switch(self) -> None:
        """Another version, and back."""
        await asyncio.sleep(SECONDS / 4)
        await self._service.models.ActivateModel(models_pb2.ActivateModelRequest(model_version=self._versions[1]))
        await asyncio.sleep(SECONDS / 4)
        await self._service.models.RollBackModel(models_pb2.RollBackModelRequest())


@pytest.fixture
async def traffic(tmp_path: Path) -> AsyncIterator[Traffic]:
    service = Service(tmp_path / "models")
    model = random_model(7, tracks=TRACKS, prototypes=PROTOTYPES)
    first = write_bundle(model, service.root, encoder_artifact=None).name
    second = write_bundle(retitled(model, "!"), service.root, encoder_artifact=None).name
    await service.start(compact_at=60)
    await service.models.ActivateModel(models_pb2.ActivateModelRequest(model_version=first))
    yield Traffic(service, (first, second))
    await service.stop()


async def test_no_call_fails_and_no_page_repeats_or_shows_what_is_gone(traffic: Traffic) -> None:
    async with asyncio.TaskGroup() as clients:
        for number in range(LISTENERS):
            clients.create_task(traffic.listen(number))
        for number in range(EDITORS):
            clients.create_task(traffic.edit(number))
        clients.create_task(traffic.switch())
        await asyncio.sleep(SECONDS)
        traffic.over.set()
    left = {track.track_id for track in await listed(traffic._service)}
    assert left == traffic.present
    assert len(traffic.profile_versions) == 2, "both versions answered"
    assert len(traffic.answered_by) > 2, "no compaction took over"
    assert traffic.pages > 2 * PAGES
    assert traffic.outdated <= LISTENERS * ACTIVATIONS
