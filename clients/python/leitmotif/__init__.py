"""Leitmotif: music recommendation that a person can read, steer and have explained.

    from leitmotif import Client, F

    with Client("localhost:50050") as client:
        client.listen("ada", ["track-1", "track-2"])
        client.profiles("ada").boost("piano")
        for scored in client.recommend("ada", filter=F.tag("jazz") & (F.year >= 1960)):
            print(scored.rank, scored.track.title, scored.reason)

`AsyncClient` has the same methods as coroutines. Everything they raise is a `LeitmotifError`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leitmotif._async.client import AsyncClient
    from leitmotif._retry import RetryPolicy
    from leitmotif._sync.client import Client
    from leitmotif.errors import (
        AlreadyExistsError,
        CallCancelledError,
        ClientClosedError,
        ConflictError,
        DataLossError,
        DeadlineExceededError,
        FieldViolation,
        InternalError,
        InvalidArgumentError,
        JobCancelledError,
        JobFailedError,
        LeitmotifError,
        NotFoundError,
        OverloadedError,
        PermissionDeniedError,
        PreconditionError,
        Reason,
        UnauthenticatedError,
        UnavailableError,
        UnimplementedError,
    )
    from leitmotif.filters import F
    from leitmotif.types import (
        AudioItem,
        BosPolicy,
        ControlAction,
        ControlChange,
        ControlUpdate,
        Documents,
        Event,
        EventType,
        Exclusions,
        Exploration,
        JobKind,
        JobState,
        Likeness,
        PcmItem,
        PresetControl,
        Priority,
        RecommendationRequest,
        TextSource,
        TimeRange,
        Track,
        TrackUpsert,
    )

    __version__: str

__all__ = [
    "AlreadyExistsError",
    "AsyncClient",
    "AudioItem",
    "BosPolicy",
    "CallCancelledError",
    "Client",
    "ClientClosedError",
    "ConflictError",
    "ControlAction",
    "ControlChange",
    "ControlUpdate",
    "DataLossError",
    "DeadlineExceededError",
    "Documents",
    "Event",
    "EventType",
    "Exclusions",
    "Exploration",
    "F",
    "FieldViolation",
    "InternalError",
    "InvalidArgumentError",
    "JobCancelledError",
    "JobFailedError",
    "JobKind",
    "JobState",
    "LeitmotifError",
    "Likeness",
    "NotFoundError",
    "OverloadedError",
    "PcmItem",
    "PermissionDeniedError",
    "PreconditionError",
    "PresetControl",
    "Priority",
    "Reason",
    "RecommendationRequest",
    "RetryPolicy",
    "TextSource",
    "TimeRange",
    "Track",
    "TrackUpsert",
    "UnauthenticatedError",
    "UnavailableError",
    "UnimplementedError",
    "__version__",
]

# The generated stubs are submodules of this package, and the services import them without wanting a client. So a name
# is imported when it is first asked for.
_HOMES = {
    "AsyncClient": "leitmotif._async.client",
    "Client": "leitmotif._sync.client",
    "F": "leitmotif.filters",
    "RetryPolicy": "leitmotif._retry",
    **dict.fromkeys(
        (
            "AudioItem",
            "BosPolicy",
            "ControlAction",
            "ControlChange",
            "ControlUpdate",
            "Documents",
            "Event",
            "EventType",
            "Exclusions",
            "Exploration",
            "JobKind",
            "JobState",
            "Likeness",
            "PcmItem",
            "PresetControl",
            "Priority",
            "RecommendationRequest",
            "TextSource",
            "TimeRange",
            "Track",
            "TrackUpsert",
        ),
        "leitmotif.types",
    ),
}


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version

        try:
            value: object = version("leitmotif")
        except PackageNotFoundError:  # on the path without having been installed
            value = "0+unknown"
    elif name in __all__:
        value = getattr(import_module(_HOMES.get(name, "leitmotif.errors")), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
