"""Retries, deadlines and statuses against a real server that fails as it is told to."""

import socket
import time
from itertools import pairwise

import grpc
import pytest

from leitmotif import (
    ClientClosedError,
    DeadlineExceededError,
    InvalidArgumentError,
    LeitmotifError,
    NotFoundError,
    OverloadedError,
    Reason,
    RetryPolicy,
    UnavailableError,
)
from leitmotif._convert.status import ERRORS
from leitmotif.api.prototypes.v1 import prototypes_pb2
from leitmotif_services.runtime import errors as service_errors
from leitmotif_services.runtime.errors import ServiceError, invalid_field
from leitmotif_services.runtime.status import CODES


def unavailable(retry_after_s=0.001):
    return ServiceError(service_errors.Reason.STORE_UNAVAILABLE, "the store does not answer", retry_after_s=retry_after_s)


@pytest.mark.parametrize("code", [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK])
def test_every_code_that_a_server_can_answer_becomes_its_exception(client, peer, code):
    peer.fail("GetTrack", code, times=10)
    with pytest.raises(LeitmotifError) as caught:
        client.tracks.get("t")
    assert type(caught.value) is ERRORS[code]
    assert caught.value.code == code.name
    assert caught.value.reason == ""
    assert caught.value.request_id == peer.calls[0].metadata["x-request-id"]


@pytest.mark.parametrize("reason", service_errors.Reason)
def test_every_reason_of_the_platform_arrives_with_its_details(connect, peer, reason):
    client = connect(peer.address, retry=RetryPolicy(attempts=1))
    peer.fail("GetTrack", ServiceError(reason, "told", retry_after_s=1.5, track_id="t", limit=3))
    with pytest.raises(ERRORS[CODES[reason]]) as caught:
        client.tracks.get("t")
    error = caught.value
    assert isinstance(error.reason, Reason)
    assert error.reason == reason.value
    assert error.metadata == {"trackId": "t", "limit": "3"}
    assert error.retry_after_s == 1.5
    assert error.request_id == peer.calls[0].metadata["x-request-id"]
    assert str(error) == f"told (request id {error.request_id})"


def test_field_violations_arrive(client, peer):
    peer.fail("Recommend", invalid_field("count", "must be 1 to 1000"))
    with pytest.raises(InvalidArgumentError) as caught:
        client.recommend("ada", 1001)
    assert [(each.field, each.description) for each in caught.value.violations] == [("count", "must be 1 to 1000")]


def test_all_attempts_of_a_call_share_its_request_id_and_its_deadline(client, peer):
    peer.fail("GetTrack", unavailable(retry_after_s=0.2), times=3)
    client.tracks.get("t", timeout_s=5.0)
    assert len({call.metadata["x-request-id"] for call in peer.calls}) == 1
    remaining_s = [call.remaining_s for call in peer.calls]
    # gRPC rounds a deadline of seconds up to 0.1 s when it sends it.
    assert remaining_s[0] <= 5.1
    assert all(later <= earlier - 0.05 for earlier, later in pairwise(remaining_s)), remaining_s


def test_gives_up_after_the_attempts_of_the_policy(client, peer):
    peer.fail("GetTrack", unavailable(), times=10)
    with pytest.raises(UnavailableError) as caught:
        client.tracks.get("t")
    assert len(peer.calls) == 4
    assert caught.value.reason == Reason.STORE_UNAVAILABLE


def test_waits_as_long_as_the_server_asks(connect, peer):
    client = connect(peer.address, retry=RetryPolicy(attempts=3, first_wait_s=0.0))
    peer.fail("GetTrack", unavailable(retry_after_s=0.15), times=2)
    client.tracks.get("t")
    first, second, third = (call.at_s for call in peer.calls)
    assert second - first >= 0.15
    assert third - second >= 0.15


def test_does_not_wait_when_the_deadline_would_pass_meanwhile(client, peer):
    peer.fail("GetTrack", unavailable(retry_after_s=60.0))
    started = time.monotonic()
    with pytest.raises(UnavailableError):
        client.tracks.get("t", timeout_s=20.0)
    assert time.monotonic() - started < 10.0
    assert len(peer.calls) == 1


def test_overload_is_tried_again_only_where_the_server_says_when(client, peer):
    peer.fail("GetTrack", ServiceError(service_errors.Reason.OVERLOADED, "full", retry_after_s=0.001))
    client.tracks.get("t")
    assert len(peer.calls) == 2
    peer.fail("GetTrack", grpc.StatusCode.RESOURCE_EXHAUSTED)
    with pytest.raises(OverloadedError):
        client.tracks.get("t")
    assert len(peer.calls) == 3


@pytest.mark.parametrize("reason", ["TRACK_NOT_FOUND", "FIELD_INVALID", "ETAG_MISMATCH", "INTERNAL", "BUNDLE_CORRUPT"])
def test_what_a_repeat_cannot_mend_is_not_repeated(client, peer, reason):
    peer.fail("GetTrack", ServiceError(service_errors.Reason[reason], "no"))
    with pytest.raises(LeitmotifError):
        client.tracks.get("t")
    assert len(peer.calls) == 1


def test_the_deadline_of_a_call_ends_it(client, peer):
    peer.answer("GetTrack", peer.wait_for_client)
    started = time.monotonic()
    with pytest.raises(DeadlineExceededError, match=r"no answer from 127\.0\.0\.1:\d+ within 0\.2 s"):
        client.tracks.get("t", timeout_s=0.2)
    assert 0.15 <= time.monotonic() - started < 10.0
    assert peer.gone.wait(10)  # the server is told, and can stop working


def test_the_deadline_of_a_client_ends_its_calls(connect, peer):
    peer.answer("GetTrack", peer.wait_for_client)
    with pytest.raises(DeadlineExceededError):
        connect(peer.address, timeout_s=0.2).tracks.get("t")


def test_no_server_is_told_with_the_address(connect):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(UnavailableError) as caught:
        connect(address).tracks.get("t")
    assert f"no server answers at {address}" in caught.value.message
    assert caught.value.reason == ""


def test_a_server_that_comes_back_is_found_within_one_call(connect, serve):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    client = connect(address, retry=RetryPolicy())
    for _ in range(3):  # the channel backs off further with each
        with pytest.raises(UnavailableError):
            client.tracks.get("t", timeout_s=0.5)
    peer = serve(address)
    client.tracks.get("t")
    assert len(peer.calls) == 1


def test_a_closed_client_says_so(client, peer):
    client.tracks.get("t")
    client.close()
    with pytest.raises(ClientClosedError):
        client.tracks.get("t")
    with pytest.raises(ClientClosedError):
        list(client.tracks.list())
    client.close()


def test_a_broken_stream_is_read_anew(client, peer):
    chunk = prototypes_pb2.ReadExemplarResponse(chunk=b"abc")
    answers = iter([[chunk, unavailable()], [chunk, chunk]])
    peer.answer("ReadExemplar", lambda request: next(answers))
    assert client.prototypes.exemplar_audio("p") == b"abcabc"
    assert len(peer.calls) == 2


def test_a_stream_that_is_refused_says_why(client, peer):
    peer.fail("ReadExemplar", ServiceError(service_errors.Reason.EXEMPLAR_NOT_FOUND, "no exemplar 7"))
    with pytest.raises(NotFoundError) as caught:
        client.prototypes.exemplar_audio("p", 7)
    assert caught.value.reason == Reason.EXEMPLAR_NOT_FOUND


def test_credentials_travel_with_every_call(connect, peer):
    connect(peer.address, api_key="k-1").tracks.get("t")
    assert peer.calls[0].metadata["authorization"] == "Bearer k-1"
