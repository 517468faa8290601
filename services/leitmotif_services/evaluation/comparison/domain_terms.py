"""Which words a domain is about, beside a reference, and which tokens of its text they are made of."""

import math
import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from leitmotif_services.evaluation.comparison.token_classes import FUNCTION_WORDS

MOST_TERMS = 50
FEWEST_LETTERS = 3
FEWEST_OCCURRENCES = 2

_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")


@dataclass(frozen=True)
class WeightedTerm:
    """A word that the domain uses and the reference does not, or seldom."""

    term: str
    """Lower case."""
    weight: float
    """TF-IDF; above 0."""
    count: int


def words_of(text: str) -> Iterator[str]:
    """The words of a text in lower case: runs of letters, with hyphens and apostrophes inside."""
    return (match.group().lower() for match in _WORD.finditer(text))


def domain_terms(domain: str, reference_passages: Sequence[str], *, most: int = MOST_TERMS) -> list[WeightedTerm]:
    """The terms of a domain by falling weight.

    tf · ln((1 + R) / (1 + df)): tf is how often the domain uses the word, df in how many of the R passages of the reference it
    stands (Spärck Jones 1972). Words that every passage has weigh nothing, and are left out, as are function words, words
    of fewer than three letters, and those that the domain uses only once. Of equal weights the first in the alphabet goes first.
    """
    counts = Counter(word for word in words_of(domain) if len(word) >= FEWEST_LETTERS and word not in FUNCTION_WORDS)
    passages_with = Counter(word for passage in reference_passages for word in set(words_of(passage)))
    total = len(reference_passages)
    weighted = [
        WeightedTerm(word, count * math.log((1 + total) / (1 + passages_with[word])), count)
        for word, count in counts.items()
        if count >= FEWEST_OCCURRENCES and passages_with[word] < total
    ]
    return sorted(weighted, key=lambda each: (-each.weight, each.term))[:most]


def occurrences(token_texts: Sequence[str], terms: Sequence[str]) -> dict[str, list[range]]:
    """Where each term stands in a sequence of tokens: the tokens that each occurrence is made of, by term.

    `token_texts` are the tokens' texts in order; joined, they are the text. A token that holds a term and more, such as the
    space before it, belongs to the term.
    """
    wanted = frozenset(terms)
    found: dict[str, list[range]] = {term: [] for term in terms}
    ends = list(accumulate(map(len, token_texts)))
    for match in _WORD.finditer("".join(token_texts)):
        word = match.group().lower()
        if word in wanted:
            # The first token that ends behind the word's beginning, to the first that ends at its end or behind.
            found[word].append(range(bisect_right(ends, match.start()), bisect_left(ends, match.end()) + 1))
    return found
