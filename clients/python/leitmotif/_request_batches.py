"""Divides many requests into calls, so that one that breaks off has little to repeat."""

from collections.abc import Iterable, Iterator
from itertools import islice

from leitmotif.types import RecommendationRequest

MAX_REQUESTS = 256
"""Requests of a call."""


def request_batches(requests: Iterable[RecommendationRequest | str]) -> Iterator[list[RecommendationRequest]]:
    """The requests in calls, in order, taken as they are needed; a user id alone stands for a request."""
    whole = (RecommendationRequest(request) if isinstance(request, str) else request for request in requests)
    while batch := list(islice(whole, MAX_REQUESTS)):
        yield batch
