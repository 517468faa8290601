import pytest

from leitmotif import (
    DeadlineExceededError,
    InternalError,
    LeitmotifError,
    NotFoundError,
    Reason,
    UnavailableError,
    UnimplementedError,
)
from leitmotif.cli.connection import advice


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            UnavailableError("refused"),
            "no server answers at a:1: start one with `leitmotif up`, or name another with --address",
        ),
        (
            UnavailableError("the store does not answer", reason=Reason.STORE_UNAVAILABLE),
            "the store does not answer; try again in a moment",
        ),
        (
            NotFoundError("no profile 'ada'", reason=Reason.PROFILE_NOT_FOUND),
            "no profile 'ada'; `leitmotif listen USER TRACK...` makes a profile from what was heard",
        ),
        (
            UnimplementedError("unknown"),
            "the server at a:1 does not offer this: is it a Leitmotif gateway, and as new as this command?",
        ),
        (DeadlineExceededError("no answer from a:1 within 10 s"), "no answer from a:1 within 10 s"),
        (LeitmotifError("odd", reason="A_REASON_OF_TOMORROW", request_id="r-1"), "odd"),
        (LeitmotifError("from a proxy", request_id="r-1"), "from a proxy (request id r-1)"),
        (InternalError("a defect", reason=Reason.INTERNAL, request_id="r-1"), "a defect (request id r-1)"),
    ],
)
def test_failures_say_what_to_do(error, line):
    assert advice(error, "a:1") == line
