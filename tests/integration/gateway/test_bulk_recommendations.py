"""StreamRecommendations: patience under load, bounds, order, and an end when the caller has gone."""

import asyncio

import pytest

from leitmotif.api.gateway.v1 import gateway_pb2 as pb
from leitmotif.api.profiles.v1 import profiles_pb2
from leitmotif.api.prototypes.v1 import prototypes_pb2
from leitmotif_services.gateway.recommendation_stream import AT_ONCE
from leitmotif_services.runtime.errors import Reason, ServiceError
from tests.integration.gateway.scripted_services import Services, gateway_over


@pytest.fixture
def services():
    services = Services()
    services.answers["GetProfileVector"] = lambda request: profiles_pb2.GetProfileVectorResponse(etag=request.user_id)
    return services


def requests(*user_ids):
    return iter([pb.RecommendRequest(user_id=user_id) for user_id in user_ids])


async def collected(answers):
    return [answer async for answer in answers]


async def test_answers_come_in_the_order_of_the_requests(services):
    async def rank(request):
        await asyncio.sleep(0.02 if request.user_id == "slow" else 0)
        return prototypes_pb2.RecommendTracksResponse(model_version="m-1")

    services.answers["RecommendTracks"] = rank
    async with gateway_over(services) as stubs:
        answers = await collected(stubs.gateway.StreamRecommendations(requests("slow", "b", "c")))
    assert [(answer.index, answer.recommended.etag) for answer in answers] == [(0, "slow"), (1, "b"), (2, "c")]


async def test_a_partial_list_is_told_as_one(services):
    services.answers["RecommendTracks"] = lambda request: prototypes_pb2.RecommendTracksResponse(partial=request.user_id == "a")
    async with gateway_over(services) as stubs:
        answers = await collected(stubs.gateway.StreamRecommendations(requests("a", "b")))
        alone = await stubs.gateway.Recommend(pb.RecommendRequest(user_id="a"))
    assert ([answer.recommended.partial for answer in answers], alone.partial) == ([True, False], True)


async def test_an_overloaded_service_is_waited_for(services):
    refusals = iter([True, True, False])

    def rank(request):
        if next(refusals):
            return ServiceError(Reason.OVERLOADED, "too many searches")
        return prototypes_pb2.RecommendTracksResponse()

    services.answers["RecommendTracks"] = rank
    async with gateway_over(services) as stubs:
        (answer,) = await collected(stubs.gateway.StreamRecommendations(requests("a")))
    assert answer.WhichOneof("outcome") == "recommended"
    assert len(services.calls["RecommendTracks"]) == 3


async def test_patience_ends_with_the_time_of_a_call(services):
    services.answers["RecommendTracks"] = ServiceError(Reason.OVERLOADED, "too many searches")
    async with gateway_over(services, CALL_TIMEOUT_S=0.3) as stubs:
        (answer,) = await collected(stubs.gateway.StreamRecommendations(requests("a")))
    assert answer.refused.message == "too many searches"


async def test_a_request_that_is_too_large_or_wrong_is_refused_by_itself(services):
    large = pb.RecommendRequest(user_id="a", options={"seed_track_ids": ["x" * (5 << 20)]})
    many = pb.RecommendRequest(user_id="a", options={"excluded_track_ids": ["x"] * 10_001})
    async with gateway_over(services) as stubs:
        sent = iter([large, pb.RecommendRequest(user_id="{}"), many, pb.RecommendRequest(user_id="b")])
        answers = await collected(stubs.gateway.StreamRecommendations(sent))
    assert [answer.WhichOneof("outcome") for answer in answers] == ["refused", "refused", "refused", "recommended"]
    assert "4194304 are allowed" in answers[0].refused.message


async def test_no_more_are_worked_on_than_are_read_and_none_once_the_caller_has_gone(services):
    at_work, most, started = 0, 0, 0
    release = asyncio.Event()
    given_up = asyncio.Event()

    async def rank(request):
        nonlocal at_work, most, started
        at_work, started = at_work + 1, started + 1
        most = max(most, at_work)
        try:
            await release.wait()
        except asyncio.CancelledError:
            given_up.set()
            raise
        finally:
            at_work -= 1
        return prototypes_pb2.RecommendTracksResponse()

    services.answers["RecommendTracks"] = rank
    async with gateway_over(services) as stubs:
        call = stubs.gateway.StreamRecommendations(requests(*[f"user-{number}" for number in range(100)]))
        async with asyncio.timeout(20):
            while at_work < AT_ONCE:
                await asyncio.sleep(0.005)
        await asyncio.sleep(0.05)  # time enough to begin with one too many
        assert (at_work, started) == (AT_ONCE, AT_ONCE)
        call.cancel()
        async with asyncio.timeout(20):
            await given_up.wait()
            while at_work:
                await asyncio.sleep(0.005)
        assert most == AT_ONCE
