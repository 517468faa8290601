"""Everything that a client raises.

LeitmotifError
├── InvalidArgumentError    a field is outside its documented range (INVALID_ARGUMENT, OUT_OF_RANGE)
├── NotFoundError           no such user, track, prototype, model or job (NOT_FOUND)
├── AlreadyExistsError      it exists already (ALREADY_EXISTS)
├── ConflictError           somebody else changed it in the meantime: read it again, decide again (ABORTED)
├── PreconditionError       the state does not allow it, such as nothing to undo (FAILED_PRECONDITION)
├── UnauthenticatedError    no credential, or one that is not valid (UNAUTHENTICATED)
├── PermissionDeniedError   the credential does not allow it (PERMISSION_DENIED)
├── OverloadedError         the service is at its bound, or a quota is used up: come back later (RESOURCE_EXHAUSTED)
├── UnavailableError        the server, or something behind it, does not answer (UNAVAILABLE)
├── DeadlineExceededError   no answer within the time allowed (DEADLINE_EXCEEDED)
├── CallCancelledError      the call was cancelled on its way (CANCELLED)
├── UnimplementedError      the server does not offer that method (UNIMPLEMENTED)
├── DataLossError           stored data is damaged (DATA_LOSS)
├── InternalError           a defect of the service; quote `request_id` to its operator (INTERNAL, UNKNOWN)
├── JobFailedError          an evaluation job that was waited for has failed
├── JobCancelledError       an evaluation job that was waited for has been cancelled
└── ClientClosedError       the client has been closed
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leitmotif.types import Job


class Reason(StrEnum):
    """Why a call was refused; leitmotif.api.common.v1.ErrorReason describes each value and its metadata."""

    FIELD_INVALID = "FIELD_INVALID"
    PAGE_TOKEN_INVALID = "PAGE_TOKEN_INVALID"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    REQUEST_MALFORMED = "REQUEST_MALFORMED"

    AUDIO_EMPTY = "AUDIO_EMPTY"
    AUDIO_FORMAT_UNKNOWN = "AUDIO_FORMAT_UNKNOWN"
    AUDIO_CORRUPT = "AUDIO_CORRUPT"
    AUDIO_TOO_SHORT = "AUDIO_TOO_SHORT"
    AUDIO_TOO_LARGE = "AUDIO_TOO_LARGE"
    AUDIO_SILENT = "AUDIO_SILENT"
    AUDIO_NOT_FINITE = "AUDIO_NOT_FINITE"
    ENCODER_NOT_FOUND = "ENCODER_NOT_FOUND"
    ENCODER_READS_NO_TEXT = "ENCODER_READS_NO_TEXT"

    TRACK_NOT_FOUND = "TRACK_NOT_FOUND"
    PROTOTYPE_NOT_FOUND = "PROTOTYPE_NOT_FOUND"
    EXEMPLAR_NOT_FOUND = "EXEMPLAR_NOT_FOUND"
    MODEL_NOT_FOUND = "MODEL_NOT_FOUND"
    MODEL_NOT_LOADED = "MODEL_NOT_LOADED"
    MODEL_VERSION_MISMATCH = "MODEL_VERSION_MISMATCH"
    BUNDLE_CORRUPT = "BUNDLE_CORRUPT"
    BUNDLE_SCHEMA_UNKNOWN = "BUNDLE_SCHEMA_UNKNOWN"
    ENCODER_MISMATCH = "ENCODER_MISMATCH"
    NO_EARLIER_MODEL = "NO_EARLIER_MODEL"
    FILTER_CONTRADICTORY = "FILTER_CONTRADICTORY"

    PROFILE_NOT_FOUND = "PROFILE_NOT_FOUND"
    ETAG_MISMATCH = "ETAG_MISMATCH"
    PROFILE_CONTENDED = "PROFILE_CONTENDED"
    NOTHING_TO_UNDO = "NOTHING_TO_UNDO"
    PROTOTYPE_SPACE_UNKNOWN = "PROTOTYPE_SPACE_UNKNOWN"
    REQUEST_ID_REUSED = "REQUEST_ID_REUSED"
    STORED_VALUE_UNREADABLE = "STORED_VALUE_UNREADABLE"
    PRESET_NOT_FOUND = "PRESET_NOT_FOUND"
    EDIT_NOT_FOUND = "EDIT_NOT_FOUND"
    PROFILE_EXISTS = "PROFILE_EXISTS"
    EXPORT_UNREADABLE = "EXPORT_UNREADABLE"

    JOB_NOT_FOUND = "JOB_NOT_FOUND"
    JOB_STATE = "JOB_STATE"
    LANGUAGE_MODEL_NOT_FOUND = "LANGUAGE_MODEL_NOT_FOUND"
    LANGUAGE_MODEL_REFUSED = "LANGUAGE_MODEL_REFUSED"
    TEXT_EMPTY = "TEXT_EMPTY"
    TEXT_NOT_UTF8 = "TEXT_NOT_UTF8"
    TEXT_NOT_FOUND = "TEXT_NOT_FOUND"
    CONTEXT_INVALID = "CONTEXT_INVALID"

    OVERLOADED = "OVERLOADED"
    STORE_UNAVAILABLE = "STORE_UNAVAILABLE"
    UPSTREAM_UNAVAILABLE = "UPSTREAM_UNAVAILABLE"
    SERVER_DRAINING = "SERVER_DRAINING"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    INTERNAL = "INTERNAL"
    METHOD_NOT_OFFERED = "METHOD_NOT_OFFERED"


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """A field of the request that is outside its documented range."""

    field: str
    """Path of the field in the request, such as "changes[2].amount"."""
    description: str


class LeitmotifError(Exception):
    """What every error has. `str(error)` is the message, followed by the request id where there is one."""

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        reason: str = "",
        violations: tuple[FieldViolation, ...] = (),
        metadata: Mapping[str, str] | None = None,
        request_id: str = "",
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        """What happened, in one or two sentences."""
        self.code = code
        """Name of the gRPC code, such as "NOT_FOUND"; empty for what no server said."""
        self.reason = reason
        """A `Reason`. Plain text where a newer server sends one that this release does not know; empty without one."""
        self.violations = violations
        """The fields at fault, where the code is INVALID_ARGUMENT."""
        self.metadata = dict(metadata or {})
        """What the reason is about, such as {"trackId": "x"}; the keys are those of the ErrorReason's description."""
        self.request_id = request_id
        """Id under which the platform's logs know the call."""
        self.retry_after_s = retry_after_s
        """Time after which a repeat may help, in seconds; None where the server gave none."""

    def __str__(self) -> str:
        return f"{self.message} (request id {self.request_id})" if self.request_id else self.message

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.message!r}, code={self.code!r}, reason={str(self.reason)!r})"


class InvalidArgumentError(LeitmotifError):
    """A field is outside its documented range; `violations` names it."""


class NotFoundError(LeitmotifError):
    """No such user, track, prototype, model or job; `metadata` names it."""


class AlreadyExistsError(LeitmotifError):
    """What should be made exists already."""


class ConflictError(LeitmotifError):
    """The profile changed since its etag was read, or too many writers were at it: read again, decide again."""


class PreconditionError(LeitmotifError):
    """The state of the system does not allow the call."""


class UnauthenticatedError(LeitmotifError):
    """The call carries no credential, or one that is not valid."""


class PermissionDeniedError(LeitmotifError):
    """The credential does not allow the call."""


class OverloadedError(LeitmotifError):
    """The service is at its bound of concurrent work, or a quota or message limit is used up."""


class UnavailableError(LeitmotifError):
    """The server, or something behind it, does not answer."""


class DeadlineExceededError(LeitmotifError):
    """No answer within the time allowed. A mutation may or may not have happened."""


class CallCancelledError(LeitmotifError):
    """The call was cancelled by the server or on its way."""


class UnimplementedError(LeitmotifError):
    """The server does not offer that method: it is older than this client, or not a Leitmotif gateway."""


class DataLossError(LeitmotifError):
    """Stored data is damaged."""


class InternalError(LeitmotifError):
    """A defect of the service; its operator finds the call by `request_id`."""


class JobFailedError(LeitmotifError):
    """An evaluation job has failed. Code, reason and message are those that the job ended with."""

    def __init__(self, job: "Job", cause: LeitmotifError) -> None:
        super().__init__(
            f"job {job.job_id} failed: {cause.message}",
            code=cause.code,
            reason=cause.reason,
            violations=cause.violations,
            metadata=cause.metadata,
        )
        self.job = job


class JobCancelledError(LeitmotifError):
    """An evaluation job has been cancelled."""

    def __init__(self, job: "Job") -> None:
        super().__init__(f"job {job.job_id} was cancelled")
        self.job = job


class ClientClosedError(LeitmotifError):
    """The client has been closed."""

    def __init__(self) -> None:
        super().__init__("the client is closed; make a new one")
