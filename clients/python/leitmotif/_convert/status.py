"""Turns statuses into errors: the only place that knows which gRPC code is which exception."""

from collections.abc import Mapping
from typing import Any, cast

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from leitmotif import errors
from leitmotif.errors import FieldViolation, LeitmotifError, Reason

DETAILS_KEY = "grpc-status-details-bin"
"""Trailing metadata key that carries a serialised google.rpc.Status."""

REQUEST_ID_KEY = "x-request-id"
"""Metadata key under which a call is known in the platform's logs."""

ERRORS: Mapping[grpc.StatusCode, type[LeitmotifError]] = {
    grpc.StatusCode.CANCELLED: errors.CallCancelledError,
    grpc.StatusCode.UNKNOWN: errors.InternalError,
    grpc.StatusCode.INVALID_ARGUMENT: errors.InvalidArgumentError,
    grpc.StatusCode.DEADLINE_EXCEEDED: errors.DeadlineExceededError,
    grpc.StatusCode.NOT_FOUND: errors.NotFoundError,
    grpc.StatusCode.ALREADY_EXISTS: errors.AlreadyExistsError,
    grpc.StatusCode.PERMISSION_DENIED: errors.PermissionDeniedError,
    grpc.StatusCode.RESOURCE_EXHAUSTED: errors.OverloadedError,
    grpc.StatusCode.FAILED_PRECONDITION: errors.PreconditionError,
    grpc.StatusCode.ABORTED: errors.ConflictError,
    grpc.StatusCode.OUT_OF_RANGE: errors.InvalidArgumentError,
    grpc.StatusCode.UNIMPLEMENTED: errors.UnimplementedError,
    grpc.StatusCode.INTERNAL: errors.InternalError,
    grpc.StatusCode.UNAVAILABLE: errors.UnavailableError,
    grpc.StatusCode.DATA_LOSS: errors.DataLossError,
    grpc.StatusCode.UNAUTHENTICATED: errors.UnauthenticatedError,
}
"""The exception of each code that a call can fail with."""

_CODES_BY_NUMBER = {code.value[0]: code for code in grpc.StatusCode}
_REASONS: Mapping[str, Reason] = {reason.value: reason for reason in Reason}


def error_of_status(status: status_pb2.Status, request_id: str = "") -> LeitmotifError:
    """The error that a status stands for; `request_id` counts where the status itself names none."""
    code = _CODES_BY_NUMBER.get(status.code, grpc.StatusCode.UNKNOWN)
    reason = ""
    metadata: dict[str, str] = {}
    violations: tuple[FieldViolation, ...] = ()
    retry_after_s: float | None = None
    for detail in status.details:
        info, request, retry = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest(), error_details_pb2.RetryInfo()
        try:
            if detail.Unpack(info):
                reason, metadata = info.reason, dict(info.metadata)
            elif detail.Unpack(request):
                violations = tuple(FieldViolation(field.field, field.description) for field in request.field_violations)
            elif detail.Unpack(retry):
                retry_after_s = max(0.0, retry.retry_delay.ToNanoseconds() / 1e9)
        except DecodeError:  # a damaged detail takes nothing from the code and the message
            continue
    request_id = metadata.pop("requestId", request_id)
    return ERRORS.get(code, errors.InternalError)(
        status.message or code.name.replace("_", " ").lower(),
        code=code.name,
        reason=_REASONS.get(reason, reason),
        violations=violations,
        metadata=metadata,
        request_id=request_id,
        retry_after_s=retry_after_s,
    )


def error_of_call(error: grpc.RpcError, address: str, request_id: str, timeout_s: float) -> LeitmotifError:
    """The error of a call to `address` that failed, whether the server refused it or was never reached."""
    call = cast(Any, error)  # what is raised is also the call, for which grpc has no common type
    code: grpc.StatusCode = call.code() if hasattr(call, "code") else grpc.StatusCode.UNKNOWN
    details: str = (call.details() if hasattr(call, "details") else str(error)) or ""
    for key, value in (call.trailing_metadata() if hasattr(call, "trailing_metadata") else None) or ():
        if key == DETAILS_KEY:
            try:
                status = status_pb2.Status.FromString(value)
            except DecodeError:
                break
            return error_of_status(status, request_id)
    # Nothing below has a status of the platform: the transport failed, or something between here and the gateway answered.
    if code is grpc.StatusCode.UNAVAILABLE:
        details = f"no server answers at {address} ({details})"
    elif code is grpc.StatusCode.DEADLINE_EXCEEDED:
        details = f"no answer from {address} within {timeout_s:g} s"
    return error_of_status(status_pb2.Status(code=code.value[0], message=details), request_id)
