"""Cuts texts into passages: what embeddings are of, and what is drawn."""

from collections.abc import Sequence

import numpy as np

FEWEST_PASSAGES = 4
"""Two halves of two passages each are the least that has a spread."""


def passages_of(documents: Sequence[str], *, words: int) -> list[str]:
    """Stretches of so many words, in order; none spans two documents, and a document's rest joins the stretch before it.

    A rest of half a passage or more is one by itself, as is a document that is shorter than that.
    """
    found = []
    for document in documents:
        split = document.split()
        starts = list(range(0, len(split), words))
        if len(starts) > 1 and len(split) - starts[-1] < words / 2:
            starts.pop()
        ends = [*starts[1:], len(split)] if starts else []
        found += [" ".join(split[start:end]) for start, end in zip(starts, ends, strict=True)]
    return found


def drawn(passages: Sequence[str], most: int, rng: np.random.Generator) -> list[str]:
    """At most so many of them, without repeats, in their order."""
    if len(passages) <= most:
        return list(passages)
    return [passages[place] for place in np.sort(rng.choice(len(passages), most, replace=False))]
