"""The one error type that services raise on purpose, and its reasons.

    raise ServiceError(Reason.TRACK_NOT_FOUND, "no track 'x' in the catalogue", track_id="x")

Domain modules raise it; `runtime.status` maps it to a gRPC status in one place. Anything else that escapes a servicer
is a defect and reaches the caller as INTERNAL with a request id, never with its own text.
"""

import traceback
from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Mirrors leitmotif.api.common.v1.ErrorReason, where each value is described; a test keeps the two equal."""

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


@dataclass(frozen=True)
class FieldViolation:
    """A request field outside its documented range."""

    field: str
    """Path of the field in the request, such as "changes[2].amount"."""
    description: str


class ServiceError(Exception):
    """An expected failure, told to the caller with its reason.

    `metadata` names what the reason is about; its snake_case keys become lowerCamelCase on the wire. `retry_after_s` is
    set where coming back later may help (seconds).
    """

    def __init__(
        self,
        reason: Reason,
        message: str,
        *,
        violations: tuple[FieldViolation, ...] = (),
        retry_after_s: float | None = None,
        **metadata: object,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.violations = violations
        self.retry_after_s = retry_after_s
        self.metadata = {key: str(value) for key, value in metadata.items()}


def forget_locals(error: BaseException) -> None:
    """Let go of what the frames of an error's traceback hold; its text stays. For errors that are kept longer than the call."""
    chain: BaseException | None = error
    while chain is not None:
        traceback.clear_frames(chain.__traceback__)
        chain = chain.__cause__ or chain.__context__


def invalid_field(field: str, description: str) -> ServiceError:
    """FIELD_INVALID for one field; the description says what is allowed and what came."""
    return ServiceError(Reason.FIELD_INVALID, f"{field}: {description}", violations=(FieldViolation(field, description),))
