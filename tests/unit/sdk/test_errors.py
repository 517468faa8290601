"""Statuses to exceptions: every gRPC code and every reason of the platform has its place."""

import inspect

import grpc
import pytest
from google.protobuf.any_pb2 import Any
from google.rpc import status_pb2

from leitmotif import errors
from leitmotif._convert.status import ERRORS, error_of_call, error_of_status
from leitmotif.api.common.v1 import error_reason_pb2
from leitmotif.errors import JobCancelledError, JobFailedError, LeitmotifError, Reason
from leitmotif.types import Job, JobProgress, JobState
from leitmotif_services.runtime.errors import Reason as ServiceReason
from leitmotif_services.runtime.errors import ServiceError
from leitmotif_services.runtime.status import CODES, status_of

EXCEPTIONS = [value for value in vars(errors).values() if inspect.isclass(value) and issubclass(value, LeitmotifError)]


def test_reasons_are_those_of_the_proto():
    values = error_reason_pb2.ErrorReason.DESCRIPTOR.values
    named = {value.name.removeprefix("ERROR_REASON_") for value in values if value.number != 0}
    assert {reason.value for reason in Reason} == {reason.name for reason in Reason} == named


def test_every_code_but_ok_has_an_exception():
    assert set(ERRORS) == set(grpc.StatusCode) - {grpc.StatusCode.OK}


def test_the_tree_on_top_of_the_module_is_the_real_one():
    drawn = {line.split()[1] for line in errors.__doc__.splitlines() if line.strip().startswith(("├──", "└──"))}
    assert drawn == {exception.__name__ for exception in EXCEPTIONS} - {"LeitmotifError"}
    assert all(exception.__base__ in (LeitmotifError, Exception) for exception in EXCEPTIONS)


@pytest.mark.parametrize("reason", ServiceReason)
def test_what_a_service_raises_is_what_a_client_raises(reason):
    error = error_of_status(status_of(ServiceError(reason, "text", prototype_id="p"), "r-1"))
    assert type(error) is ERRORS[CODES[reason]]
    assert error.reason is Reason[reason.name]
    assert (error.message, error.metadata, error.request_id) == ("text", {"prototypeId": "p"}, "r-1")


def test_a_reason_of_a_newer_server_is_kept_as_text():
    status = status_of(ServiceError(ServiceReason.INTERNAL, "x"), "")
    info = status.details[0]
    info.value = info.value.replace(b"INTERNAL", b"NEW_ONE!")
    assert error_of_status(status).reason == "NEW_ONE!"


def test_a_damaged_detail_takes_nothing_from_the_rest():
    status = status_of(ServiceError(ServiceReason.OVERLOADED, "full", retry_after_s=2.0), "")
    damaged = Any(type_url="type.googleapis.com/google.rpc.BadRequest", value=b"\xff\xff")
    error = error_of_status(status_pb2.Status(code=status.code, message="full", details=[damaged, *status.details]))
    assert (error.reason, error.retry_after_s) == (Reason.OVERLOADED, 2.0)


@pytest.mark.parametrize("number", [-1, 0, 2, 17, 99])
def test_a_code_that_grpc_does_not_define_is_a_defect_of_the_server(number):
    assert isinstance(error_of_status(status_pb2.Status(code=number)), errors.InternalError) or number == 0
    assert isinstance(error_of_status(status_pb2.Status(code=number)), LeitmotifError)


def test_an_rpc_error_without_a_status_is_an_internal_error():
    error = error_of_call(grpc.RpcError("odd"), "host:1", "r-1", 1.0)
    assert type(error) is errors.InternalError
    assert (error.message, error.request_id) == ("odd", "r-1")


def test_text_of_an_error():
    assert str(LeitmotifError("gone")) == "gone"
    assert str(LeitmotifError("gone", request_id="r-1")) == "gone (request id r-1)"
    assert repr(errors.NotFoundError("gone", code="NOT_FOUND", reason=Reason.TRACK_NOT_FOUND)) == (
        "NotFoundError('gone', code='NOT_FOUND', reason='TRACK_NOT_FOUND')"
    )


def test_errors_of_jobs_carry_the_job():
    job = Job("j", JobState.FAILED, None, 0, JobProgress(0, 0, 0.0, 0.0))
    cause = errors.PreconditionError("too big", code="FAILED_PRECONDITION", reason=Reason.LANGUAGE_MODEL_REFUSED)
    failed = JobFailedError(job, cause)
    assert (failed.job, failed.code, failed.reason) == (job, cause.code, cause.reason)
    assert str(failed) == "job j failed: too big"
    assert JobCancelledError(job).job is job
