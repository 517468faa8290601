import json

import pytest

from leitmotif import AsyncClient, Client, RetryPolicy
from leitmotif._settings import ClientSettings


def resolved(address=None, environ=None, **changes):
    arguments = {"timeout_s": 10.0, "retry": None, "api_key": None, "tls": False, "root_certificates": None, **changes}
    return ClientSettings.resolve(address, environ=environ or {}, **arguments)


def test_where_the_address_comes_from():
    environ = {"LEITMOTIF_ADDRESS": "music.example:443"}
    assert resolved("a:1", environ).address == "a:1"
    assert resolved(None, environ).address == "music.example:443"
    assert resolved().address == "127.0.0.1:50050"


def test_where_the_key_comes_from():
    environ = {"LEITMOTIF_API_KEY": "secret"}
    assert resolved(environ=environ).metadata("r-1") == (("x-request-id", "r-1"), ("authorization", "Bearer secret"))
    assert resolved(environ=environ, api_key="").metadata("r-1") == (("x-request-id", "r-1"),)
    assert "secret" not in repr(resolved(environ=environ))


def test_certificates_imply_encryption():
    assert resolved(root_certificates=b"pem").tls
    assert not resolved().tls


@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_faults_are_told_when_the_client_is_made(client):
    with pytest.raises(ValueError, match="host:port without a scheme"):
        client("http://localhost:50050")
    with pytest.raises(ValueError, match="timeout_s must be more than 0"):
        client("localhost:50050", timeout_s=0)


@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_making_a_client_connects_to_nothing(client):
    assert client("nowhere.invalid:1").address == "nowhere.invalid:1"


def test_what_a_channel_is_made_with():
    options = dict(resolved().channel_options())
    assert json.loads(options["grpc.service_config"]) == {"loadBalancingConfig": [{"round_robin": {}}]}
    assert options["grpc.keepalive_time_ms"] >= 20_000  # platform servers take one each 10 s, gRPC's default is 5 minutes
    assert options["grpc.max_receive_message_length"] == options["grpc.max_send_message_length"] == 64 << 20
    assert options["grpc.primary_user_agent"].startswith("leitmotif-python/")


def test_a_policy_of_ones_own():
    assert resolved(retry=RetryPolicy(attempts=1)).retry.attempts == 1
    assert resolved().retry == RetryPolicy()
