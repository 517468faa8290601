"""Errors become statuses in one place, and nothing of a defect's text gets out."""

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from leitmotif.api.common.v1.error_reason_pb2 import ErrorReason
from leitmotif_services.runtime.errors import Reason, ServiceError, invalid_field
from leitmotif_services.runtime.status import CODES, DETAILS_KEY, UpstreamError, code_of, status_of, upstream_error


def details(status: status_pb2.Status, kind):
    found = []
    for packed in status.details:
        message = kind()
        if packed.Unpack(message):
            found.append(message)
    return found


def test_reasons_equal_the_proto_enum():
    proto = {name.removeprefix("ERROR_REASON_") for name in ErrorReason.DESCRIPTOR.values_by_name} - {"UNSPECIFIED"}
    assert proto == {reason.value for reason in Reason}


def test_every_reason_has_a_code():
    assert set(CODES) == set(Reason)


@pytest.mark.parametrize("reason", list(Reason))
def test_every_status_has_exactly_one_error_info(reason):
    status = status_of(ServiceError(reason, "text", track_id="t1"), "r1")
    (info,) = details(status, error_details_pb2.ErrorInfo)
    assert (info.reason, info.domain) == (reason.value, "leitmotif")
    assert dict(info.metadata) == {"trackId": "t1", "requestId": "r1"}
    assert code_of(status) is CODES[reason]


@pytest.mark.parametrize("reason", list(Reason))
def test_retry_info_says_when_to_come_back(reason):
    retry = details(status_of(ServiceError(reason, "text"), ""), error_details_pb2.RetryInfo)
    retriable = CODES[reason] in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED)
    assert len(retry) == int(retriable)
    if retriable:
        assert retry[0].retry_delay.ToMilliseconds() > 0


def test_field_violations_name_the_field():
    status = status_of(invalid_field("changes[2].amount", "must be finite"), "r1")
    (bad_request,) = details(status, error_details_pb2.BadRequest)
    assert [(violation.field, violation.description) for violation in bad_request.field_violations] == [
        ("changes[2].amount", "must be finite")
    ]


def test_a_defect_is_internal_without_its_text():
    status = status_of(KeyError("redis://:password@host"), "r7")
    assert code_of(status) is grpc.StatusCode.INTERNAL
    assert "password" not in str(status)
    assert "r7" in status.message


def test_an_upstream_status_is_passed_on_as_it_came():
    status = status_of(ServiceError(Reason.TRACK_NOT_FOUND, "no track", track_id="t9"), "r1")
    trailing = grpc.aio.Metadata((DETAILS_KEY, status.SerializeToString()))
    rpc_error = grpc.aio.AioRpcError(grpc.StatusCode.NOT_FOUND, grpc.aio.Metadata(), trailing, details="no track")
    error = upstream_error(rpc_error, "prototypes")
    assert error.reason == "TRACK_NOT_FOUND"
    assert status_of(error, "other") == status


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (grpc.StatusCode.UNAVAILABLE, "UPSTREAM_UNAVAILABLE"),
        (grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED"),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED"),
        (grpc.StatusCode.UNKNOWN, "INTERNAL"),
    ],
)
def test_an_upstream_that_sent_no_status_is_named_instead(code, reason):
    rpc_error = grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata(), details="socket closed at 10.1.2.3")
    error = upstream_error(rpc_error, "profiles")
    assert isinstance(error, UpstreamError)
    assert error.reason == reason
    assert "profiles" in error.status.message
    assert "10.1.2.3" not in str(error.status)
