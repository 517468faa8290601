"""When a failed call is made again, and after how long: full jitter within one budget of time. No input, no output."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from leitmotif.errors import LeitmotifError, OverloadedError, UnavailableError


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How a call that may be repeated is repeated. Attempts and waits together stay within the deadline of the call.

    The wait before retry n is drawn evenly from 0 to min(longest_wait_s, first_wait_s × 2ⁿ⁻¹), on top of what the server
    asks for in RetryInfo.
    """

    attempts: int = 6
    """Attempts at most, the first included; 1 turns retries off."""
    first_wait_s: float = 0.2
    longest_wait_s: float = 2.0

    def __post_init__(self) -> None:
        if self.attempts < 1 or self.first_wait_s < 0 or self.longest_wait_s < 0:
            raise ValueError(f"attempts must be at least 1 and waits not negative: {self}")


class Attempts:
    """The attempts of one call.

    Only a call that is `repeatable` is made again: a read, or a mutation that the server recognises as a repeat by its
    request or event ids. Only two failures are worth it: UNAVAILABLE, and RESOURCE_EXHAUSTED where the server says when
    to come back. In both the server did not do the work.
    """

    def __init__(
        self,
        policy: RetryPolicy,
        *,
        timeout_s: float,
        repeatable: bool,
        clock: Callable[[], float] = time.monotonic,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        if not timeout_s > 0:
            raise ValueError(f"timeout_s must be more than 0, is {timeout_s}")
        self.timeout_s = timeout_s
        self._policy = policy
        self._repeatable = repeatable
        self._clock = clock
        self._uniform = uniform
        self._deadline = clock() + timeout_s
        self._failed = 0

    def remaining_s(self) -> float:
        """Time left of the call's deadline, 0 at least."""
        return max(0.0, self._deadline - self._clock())

    def succeeded(self) -> None:
        """Count the attempts anew: what a long stream calls once it has got somewhere."""
        self._failed = 0

    def wait_before_retry_s(self, failure: LeitmotifError) -> float | None:
        """Time to wait before the next attempt; None when there is to be none."""
        self._failed += 1
        if not self._repeatable or self._failed >= self._policy.attempts or not _passing(failure):
            return None
        longest_s = min(self._policy.longest_wait_s, self._policy.first_wait_s * 2.0 ** (self._failed - 1))
        wait_s = (failure.retry_after_s or 0.0) + self._uniform(0.0, longest_s)
        return wait_s if wait_s < self.remaining_s() else None


def _passing(failure: LeitmotifError) -> bool:
    if isinstance(failure, UnavailableError):
        return True
    return isinstance(failure, OverloadedError) and failure.retry_after_s is not None
