"""Retries on a clock that the test turns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leitmotif import (
    ConflictError,
    DeadlineExceededError,
    InternalError,
    NotFoundError,
    OverloadedError,
    RetryPolicy,
    UnavailableError,
)
from leitmotif._retry import Attempts


class Clock:
    def __init__(self):
        self.now_s = 100.0

    def __call__(self):
        return self.now_s


def attempts(policy=None, *, timeout_s=10.0, repeatable=True, clock=None, uniform=lambda low, high: high):
    return Attempts(policy or RetryPolicy(), timeout_s=timeout_s, repeatable=repeatable, clock=clock or Clock(), uniform=uniform)


def test_waits_double_up_to_the_longest():
    made = attempts(RetryPolicy(attempts=6, first_wait_s=0.5, longest_wait_s=2.0))
    waits = [made.wait_before_retry_s(UnavailableError("x")) for _ in range(6)]
    assert waits == [0.5, 1.0, 2.0, 2.0, 2.0, None]


def test_jitter_is_full():
    drawn = []
    made = attempts(RetryPolicy(first_wait_s=0.5), uniform=lambda low, high: drawn.append((low, high)) or 0.0)
    assert made.wait_before_retry_s(UnavailableError("x")) == 0.0
    assert drawn == [(0.0, 0.5)]


def test_the_servers_wish_comes_on_top():
    made = attempts(RetryPolicy(first_wait_s=0.5))
    assert made.wait_before_retry_s(UnavailableError("x", retry_after_s=3.0)) == 3.5


def test_no_wait_reaches_the_deadline():
    clock = Clock()
    made = attempts(timeout_s=4.0, clock=clock)
    clock.now_s += 2.0
    assert made.remaining_s() == 2.0
    assert made.wait_before_retry_s(UnavailableError("x", retry_after_s=1.9)) is None
    clock.now_s += 5.0
    assert made.remaining_s() == 0.0
    assert made.wait_before_retry_s(UnavailableError("x")) is None


@pytest.mark.parametrize(
    "failure",
    [NotFoundError("x"), ConflictError("x"), InternalError("x"), DeadlineExceededError("x"), OverloadedError("x")],
)
def test_failures_that_a_repeat_does_not_mend(failure):
    assert attempts().wait_before_retry_s(failure) is None


def test_a_call_that_is_not_repeatable_is_made_once():
    assert attempts(repeatable=False).wait_before_retry_s(UnavailableError("x", retry_after_s=0.0)) is None


def test_success_starts_the_count_anew():
    made = attempts(RetryPolicy(attempts=2, first_wait_s=0.5))
    assert made.wait_before_retry_s(UnavailableError("x")) == 0.5
    made.succeeded()
    assert made.wait_before_retry_s(UnavailableError("x")) == 0.5
    assert made.wait_before_retry_s(UnavailableError("x")) is None


@given(
    count=st.integers(1, 12),
    timeout_s=st.floats(0.01, 100.0),
    asked_s=st.lists(st.none() | st.floats(0.0, 30.0), min_size=12, max_size=12),
    work_s=st.floats(0.0, 5.0),
)
def test_attempts_and_waits_stay_within_the_deadline(count, timeout_s, asked_s, work_s):
    clock = Clock()
    made = attempts(RetryPolicy(attempts=count), timeout_s=timeout_s, clock=clock)
    tries = 0
    for wish_s in asked_s:
        tries += 1
        clock.now_s += min(work_s, made.remaining_s())  # an attempt never outlives the deadline it is given
        wait_s = made.wait_before_retry_s(UnavailableError("x", retry_after_s=wish_s))
        if wait_s is None:
            break
        assert wait_s >= (wish_s or 0.0)
        clock.now_s += wait_s
        assert clock.now_s <= 100.0 + timeout_s + 1e-9
    assert tries <= count


@pytest.mark.parametrize("wrong", [{"attempts": 0}, {"first_wait_s": -1.0}, {"longest_wait_s": -0.1}])
def test_a_policy_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValueError, match="attempts must be at least 1"):
        RetryPolicy(**wrong)


@pytest.mark.parametrize("timeout_s", [0.0, -1.0, float("nan")])
def test_a_timeout_is_positive(timeout_s):
    with pytest.raises(ValueError, match="timeout_s must be more than 0"):
        attempts(timeout_s=timeout_s)
