"""Whom a call is for is the gateway's to say: on every kind of call, and whatever its caller sends along."""

import grpc
import pytest

from leitmotif.api.audio.v1 import audio_pb2
from leitmotif.api.evaluation.v1 import evaluation_pb2
from leitmotif.api.gateway.v1 import gateway_pb2 as pb
from leitmotif.api.prototypes.v1 import prototypes_pb2
from leitmotif_services.gateway.config import GatewayConfig
from leitmotif_services.runtime.environment import ConfigurationError
from leitmotif_services.runtime.request_context import DEFAULT_TENANT, TENANT_KEY, tenant_of, upstream_metadata
from tests.integration.gateway.gateway_process import PATH
from tests.integration.gateway.scripted_services import Services, gateway_over

CLAIMED = ((TENANT_KEY, "mallory"), ("x-request-id", "r-1"))


async def answers(request):
    yield evaluation_pb2.WatchJobResponse()


async def echoes(requests):
    async for _ in requests:
        yield audio_pb2.EmbedStreamResponse()


async def each(*items):
    for item in items:
        yield item


@pytest.mark.parametrize("by_network", [False, True], ids=["in process", "by network"])
@pytest.mark.parametrize(("settings", "tenant"), [({}, DEFAULT_TENANT), ({"TENANT": "acme"}, "acme")])
async def test_every_kind_of_call_is_for_the_configured_tenant(by_network, settings, tenant):
    services = Services()
    services.answers |= {"WatchJob": answers, "EmbedStream": echoes}
    async with gateway_over(services, by_network=by_network, **settings) as stubs:
        await stubs.prototypes.UpdatePrototype(prototypes_pb2.UpdatePrototypeRequest(), metadata=CLAIMED)
        assert len([one async for one in stubs.channel.unary_stream(PATH["WatchJob"])(b"", metadata=CLAIMED)]) == 1
        assert len([one async for one in stubs.channel.stream_stream(PATH["EmbedStream"])(each(b""), metadata=CLAIMED)]) == 1
        await stubs.gateway.Recommend(pb.RecommendRequest(user_id="ada"), metadata=CLAIMED)
        bulk = stubs.gateway.StreamRecommendations(each(pb.RecommendRequest(user_id="ada")), metadata=CLAIMED)
        assert [answer.WhichOneof("outcome") async for answer in bulk] == ["recommended"]
    expected = ("UpdatePrototype", "WatchJob", "EmbedStream", "GetProfileVector", "RecommendTracks")
    assert set(expected) <= set(services.tenants)
    assert {tuple(names) for calls in services.tenants.values() for names in calls} == {(tenant,)}


async def test_a_tenant_that_is_no_id_is_refused_at_the_start():
    with pytest.raises(ConfigurationError, match="LEITMOTIF_GATEWAY_TENANT must be an id"):
        GatewayConfig.from_environment({"LEITMOTIF_GATEWAY_TENANT": "a{b}"})


def test_outside_a_call_nobody_is_named():
    assert upstream_metadata() == ()
    assert tenant_of(()) == DEFAULT_TENANT


async def test_a_call_carries_one_tenant_however_often_its_caller_names_one():
    services = Services()
    twice = ((TENANT_KEY, "a"), (TENANT_KEY, "b"))
    async with gateway_over(services, TENANT="acme") as stubs:
        call = stubs.gateway.Recommend(pb.RecommendRequest(user_id="ada"), metadata=twice)
        await call
        assert await call.code() is grpc.StatusCode.OK
    assert services.tenants["GetProfileVector"] == [["acme"]]
