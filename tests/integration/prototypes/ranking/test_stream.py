"""StreamRecommendations: the answers of single calls, in order, no faster than they are read."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import numpy as np
import pytest
from google.rpc import error_details_pb2, status_pb2

from leitmotif.api.prototypes.v1 import prototypes_pb2 as pb2
from leitmotif_services.prototypes.bundle_writing import write_bundle
from leitmotif_services.prototypes.ordered_answers import in_order_of_requests
from leitmotif_services.runtime.status import DETAILS_KEY
from tests.integration.prototypes.running_service import Service, vector
from tests.unit.prototypes.sample_models import random_model


@pytest.fixture
async def many(tmp_path: Path) -> AsyncIterator[Service]:
    service = Service(tmp_path / "models")
    write_bundle(random_model(1, tracks=300, prototypes=4), service.root, encoder_artifact=None)
    await service.start(waiting=0)  # so that whoever does not wait for room is refused
    yield service
    await service.stop()


@pytest.fixture
def version(many: Service) -> str:
    [folder] = [path for path in many.root.iterdir() if (path / "manifest.json").is_file()]
    return folder.name


def requests_of(version: str, count: int) -> list[pb2.RecommendTracksRequest]:
    """Of every kind, some of which are refused."""
    random = np.random.default_rng(3)
    wrong = [
        {"count": -1},
        {"profile": vector("another", (1.0,) * 4)},
        {"page_token": "forged"},
        {"options": pb2.RankingOptions(seed_track_ids=["nobody"])},
        {"options": pb2.RankingOptions(diversity=float("nan"))},
    ]
    asked = []
    for number in range(count):
        right = {"profile": vector(version, tuple(random.normal(size=4))), "count": 1 + number % 30}
        asked.append(pb2.RecommendTracksRequest(**(right | (wrong[number // 7 % 5] if number % 7 == 6 else {}))))  # type: ignore[arg-type]
    return asked


async def alone(service: Service, request: pb2.RecommendTracksRequest) -> pb2.StreamRecommendationsResponse:
    try:
        return pb2.StreamRecommendationsResponse(recommended=await service.stub.RecommendTracks(request))
    except grpc.aio.AioRpcError as error:
        details = dict(error.trailing_metadata() or ())[DETAILS_KEY]
        return pb2.StreamRecommendationsResponse(refused=status_pb2.Status.FromString(details))


def without_request_id(answer: pb2.StreamRecommendationsResponse) -> pb2.StreamRecommendationsResponse:
    """The reply with what differs from call to call taken out: a request id, and the session's cursor with its process' key."""
    for detail in answer.refused.details:
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info):
            assert info.metadata.pop("requestId")
            detail.Pack(info)
    return answer


async def test_every_answer_is_that_of_a_single_call(many: Service, version: str) -> None:
    asked = requests_of(version, 100)
    answers = [answer async for answer in many.stub.StreamRecommendations(iter(asked))]
    assert [answer.index for answer in answers] == list(range(100))
    assert {answer.WhichOneof("outcome") for answer in answers} == {"recommended", "refused"}
    for answer, request in zip(answers, asked, strict=True):
        single = await alone(many, request)
        single.index = answer.index
        assert without_request_id(answer) == without_request_id(single)


async def test_streams_wait_for_room_where_single_calls_are_refused(many: Service, version: str) -> None:
    asked = [request for request in requests_of(version, 60) if request.count > 0][:40]

    async def stream() -> list[str | None]:
        return [answer.WhichOneof("outcome") async for answer in many.stub.StreamRecommendations(iter(asked))]

    expected = [(await alone(many, request)).WhichOneof("outcome") for request in asked]
    assert await asyncio.gather(*(stream() for _ in range(6))) == [expected] * 6


async def test_an_empty_stream(many: Service) -> None:
    assert [answer async for answer in many.stub.StreamRecommendations(iter(()))] == []


async def test_no_more_is_worked_on_than_is_read() -> None:
    """Neither requests nor answers pile up: of endless requests, as many are begun as answers were taken, and a few more."""
    begun: list[int] = []

    async def endless() -> AsyncIterator[int]:
        number = 0
        while True:
            yield number
            number += 1

    async def answer(index: int, request: int) -> int:
        begun.append(request)
        await asyncio.sleep(0)
        return request * request

    answers = in_order_of_requests(endless(), answer, at_once=3)
    for number in range(20):
        assert await anext(answers) == number * number
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(begun) <= number + 1 + 3
    await answers.aclose()  # type: ignore[attr-defined]


async def test_answers_keep_their_order_however_long_each_takes() -> None:
    gates = [asyncio.Event() for _ in range(6)]
    order: list[int] = []

    async def numbers() -> AsyncIterator[int]:
        for number in range(6):
            yield number

    async def answer(index: int, request: int) -> int:
        await gates[request].wait()
        order.append(request)
        return request

    async def collect() -> list[int]:
        return [number async for number in in_order_of_requests(numbers(), answer, at_once=6)]

    collecting = asyncio.ensure_future(collect())
    for number in (5, 3, 4, 1, 2, 0):
        gates[number].set()
        while number not in order:
            await asyncio.sleep(0)
    assert await collecting == [0, 1, 2, 3, 4, 5]
    assert order == [5, 3, 4, 1, 2, 0]


async def test_what_is_under_way_ends_with_the_stream() -> None:
    cancelled: list[int] = []

    async def numbers() -> AsyncIterator[int]:
        for number in range(10):
            yield number

    async def answer(index: int, request: int) -> int:
        if request == 0:
            return 0
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(request)
            raise
        return request

    answers = in_order_of_requests(numbers(), answer, at_once=3)
    assert await anext(answers) == 0
    await answers.aclose()  # type: ignore[attr-defined]
    assert cancelled == sorted(cancelled)
    assert len(cancelled) <= 3
