"""Maps errors to google.rpc.Status and back: the only place that knows which reason is which gRPC code."""

import logging
from collections.abc import Mapping

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from leitmotif_services.runtime.errors import Reason, ServiceError

DOMAIN = "leitmotif"
"""ErrorInfo.domain of every status."""

DETAILS_KEY = "grpc-status-details-bin"
"""Trailing metadata key that carries a serialised google.rpc.Status."""

CODES: Mapping[Reason, grpc.StatusCode] = {
    Reason.FIELD_INVALID: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.PAGE_TOKEN_INVALID: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.LIMIT_EXCEEDED: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.REQUEST_MALFORMED: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.AUDIO_EMPTY: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.AUDIO_FORMAT_UNKNOWN: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.AUDIO_CORRUPT: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.AUDIO_TOO_SHORT: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.AUDIO_TOO_LARGE: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.AUDIO_SILENT: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.AUDIO_NOT_FINITE: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.ENCODER_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.ENCODER_READS_NO_TEXT: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.TRACK_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.PROTOTYPE_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.EXEMPLAR_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.MODEL_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.MODEL_NOT_LOADED: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.MODEL_VERSION_MISMATCH: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.BUNDLE_CORRUPT: grpc.StatusCode.DATA_LOSS,
    Reason.BUNDLE_SCHEMA_UNKNOWN: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.ENCODER_MISMATCH: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.NO_EARLIER_MODEL: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.FILTER_CONTRADICTORY: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.PROFILE_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.ETAG_MISMATCH: grpc.StatusCode.ABORTED,
    Reason.PROFILE_CONTENDED: grpc.StatusCode.ABORTED,
    Reason.NOTHING_TO_UNDO: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.PROTOTYPE_SPACE_UNKNOWN: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.REQUEST_ID_REUSED: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.STORED_VALUE_UNREADABLE: grpc.StatusCode.DATA_LOSS,
    Reason.PRESET_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.EDIT_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.PROFILE_EXISTS: grpc.StatusCode.ALREADY_EXISTS,
    Reason.EXPORT_UNREADABLE: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.JOB_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.JOB_STATE: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.LANGUAGE_MODEL_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.LANGUAGE_MODEL_REFUSED: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.TEXT_EMPTY: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.TEXT_NOT_UTF8: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.TEXT_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.CONTEXT_INVALID: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.OVERLOADED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Reason.STORE_UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    Reason.UPSTREAM_UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    Reason.SERVER_DRAINING: grpc.StatusCode.UNAVAILABLE,
    Reason.DEADLINE_EXCEEDED: grpc.StatusCode.DEADLINE_EXCEEDED,
    Reason.INTERNAL: grpc.StatusCode.INTERNAL,
    Reason.METHOD_NOT_OFFERED: grpc.StatusCode.UNIMPLEMENTED,
}
"""The gRPC code of each reason."""

RETRY_AFTER_S = 1.0
"""RetryInfo for UNAVAILABLE and RESOURCE_EXHAUSTED when the error names no delay of its own, in seconds."""

_RETRIABLE = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED)
_CODES_BY_NUMBER = {code.value[0]: code for code in grpc.StatusCode}

log = logging.getLogger(__name__)


class UpstreamError(Exception):
    """A status that another service of the platform answered with; it is passed on as it came."""

    def __init__(self, status: status_pb2.Status) -> None:
        super().__init__(status.message)
        self.status = status

    @property
    def reason(self) -> str:
        """Reason of the status' ErrorInfo; empty when it carries none."""
        info = error_details_pb2.ErrorInfo()
        for detail in self.status.details:
            if detail.Unpack(info):
                return str(info.reason)
        return ""


def status_of(error: BaseException, request_id: str) -> status_pb2.Status:
    """The status that a caller sees for `error`.

    An error that nobody raised on purpose is logged with its traceback and becomes INTERNAL with a generic text.
    """
    if isinstance(error, UpstreamError):
        return error.status
    if not isinstance(error, ServiceError):
        log.error("unexpected %s", type(error).__name__, exc_info=error)
        error = ServiceError(Reason.INTERNAL, f"internal error; quote request id {request_id} to the operator")
    code = CODES[error.reason]
    metadata = {_lower_camel(key): value for key, value in error.metadata.items()}
    if request_id:
        metadata["requestId"] = request_id
    details = [_packed(error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=metadata))]
    if error.violations:
        violations = [
            error_details_pb2.BadRequest.FieldViolation(field=violation.field, description=violation.description)
            for violation in error.violations
        ]
        details.append(_packed(error_details_pb2.BadRequest(field_violations=violations)))
    if error.retry_after_s is not None or code in _RETRIABLE:
        delay = duration_pb2.Duration()
        delay.FromNanoseconds(round((error.retry_after_s or RETRY_AFTER_S) * 1e9))
        details.append(_packed(error_details_pb2.RetryInfo(retry_delay=delay)))
    return status_pb2.Status(code=code.value[0], message=error.message, details=details)


def upstream_error(error: grpc.aio.AioRpcError, service: str) -> UpstreamError:
    """The error of a call to `service`: its own status where it sent one, else one that names the service."""
    for key, value in error.trailing_metadata() or ():
        if key == DETAILS_KEY and isinstance(value, bytes):
            try:
                return UpstreamError(status_pb2.Status.FromString(value))
            except DecodeError:
                log.error("%s sent an unreadable status", service)
    code = error.code()
    log.warning("%s answered %s without details: %s", service, code.name, error.details())
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        own = ServiceError(Reason.DEADLINE_EXCEEDED, f"the deadline passed while {service} was at work", service=service)
    elif code is grpc.StatusCode.RESOURCE_EXHAUSTED and "larger than max" in (error.details() or ""):
        # gRPC's own refusal: the same message will never fit, so a caller must not come back with it.
        own = ServiceError(Reason.LIMIT_EXCEEDED, f"the message is larger than the {service} service takes", service=service)
    elif code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        own = ServiceError(Reason.OVERLOADED, f"{service} refused the call as too much", service=service)
    elif code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.UNIMPLEMENTED):
        own = ServiceError(Reason.UPSTREAM_UNAVAILABLE, f"the {service} service does not answer", service=service)
    else:
        own = ServiceError(Reason.INTERNAL, f"the {service} service failed", service=service)
    return UpstreamError(status_of(own, ""))


def code_of(status: status_pb2.Status) -> grpc.StatusCode:
    """The grpc enum value of a status' code; UNKNOWN for a number that gRPC does not define."""
    return _CODES_BY_NUMBER.get(status.code, grpc.StatusCode.UNKNOWN)


def _packed(detail: error_details_pb2.ErrorInfo | error_details_pb2.BadRequest | error_details_pb2.RetryInfo) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(detail)
    return packed


def _lower_camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)
