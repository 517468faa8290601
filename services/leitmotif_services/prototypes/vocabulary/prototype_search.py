"""Finds prototypes by words, and by what a phrase means.

By words: the query and the texts of a prototype are taken apart into words, case and accents ignored. A word of the query that
stands in a text as a whole counts 1, one that a word of the text begins with 0.7; times 1 in the label, 0.8 among the tags, 0.5
in the description; the best place counts. `t` is the mean over the query's words; where the label has more words than the query,
it loses up to a tenth, so that of "piano" and "piano, sad" the first comes first.

By meaning: `c` is the cosine of the phrase's embedding and the prototype's direction, 0 where that is negative.

The score is 1 − (1 − t)(1 − c): either is enough, both together are more. Ties go to the smaller position.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.prototypes.catalogue import Catalogue
from leitmotif_services.prototypes.live_catalogue.changed_catalogue import ChangedCatalogue
from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.prototype import Prototype
from leitmotif_services.prototypes.vocabulary.prototype_directions import Directions

LABEL, TAGS, DESCRIPTION = 1.0, 0.8, 0.5
"""What a match is worth by where it stands."""

PREFIX = 0.7
"""What the beginning of a word is worth beside the whole of it."""

_LENGTH_LOSS = 0.1

_WORD = re.compile(r"\w+")


class PrototypeSearch:
    """Searches models, by words and by the directions of their prototypes."""

    def __init__(self, directions: Directions) -> None:
        self._directions = directions

    def find(
        self, model: ServedModel, query: str, phrase: NDArray[np.float32] | None, *, count: int, show_hidden: bool
    ) -> list[tuple[int, float]]:
        """Position and score of the best `count` prototypes that fit at all, best first; hidden ones only where they are shown.

        `phrase` (D,): the query's embedding, in the space of the audio's; None where there is none.
        """
        words = [prototype_words(prototype, exemplar_tags(prototype, model.catalogue)) for prototype in model.prototypes]
        scores = text_scores(query, words)
        if phrase is not None:
            scores = 1.0 - (1.0 - scores) * (1.0 - meaning_scores(phrase, self._directions.of(model)))
        hidden = () if show_hidden else [model.prototype_positions[prototype_id] for prototype_id in model.hidden_prototype_ids]
        return ranked(scores, hidden, count)


@dataclass(frozen=True, slots=True)
class PrototypeWords:
    """The words of one prototype, folded."""

    label: tuple[str, ...]
    tags: tuple[str, ...]
    description: tuple[str, ...]


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text, without case and accents: "Müde, SAD" → "mude", "sad"."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return tuple(_WORD.findall("".join(letter for letter in decomposed if not unicodedata.combining(letter))))


def prototype_words(prototype: Prototype, tags: Sequence[str] = ()) -> PrototypeWords:
    """The words of a prototype with the tags of its exemplars.

    One that is anchored on a tag carries it in its id, whatever people call it.
    """
    anchor = (prototype.prototype_id.replace("_", " "),) if prototype.source == "tag" else ()
    return PrototypeWords(
        words_of(prototype.label),
        tuple(word for tag in (*anchor, *tags) for word in words_of(tag)),
        words_of(prototype.description),
    )


def text_scores(query: str, prototypes: Sequence[PrototypeWords]) -> NDArray[np.float64]:
    """(K,): `t` of each prototype, 0 to 1."""
    wanted = words_of(query)
    return np.array([_text_score(wanted, words) for words in prototypes])


def meaning_scores(phrase: NDArray[np.float32], directions: NDArray[np.float32]) -> NDArray[np.float64]:
    """(K,): `c` of each prototype, of a phrase's embedding (D,) and directions (K, D) of unit length; rows of zeros get 0."""
    length = float(np.linalg.norm(phrase.astype(np.float64)))
    if length == 0.0:
        return np.zeros(len(directions))
    return np.clip(directions.astype(np.float64) @ (phrase.astype(np.float64) / length), 0.0, 1.0)


def exemplar_tags(prototype: Prototype, catalogue: Catalogue | ChangedCatalogue) -> list[str]:
    """Tags that more than half of its exemplars' tracks carry, at least two of them; in the order of the alphabet."""
    positions = {catalogue.position_of(exemplar.track_id) for exemplar in prototype.exemplars} - {None}
    carried = Counter(tag for position in positions if position is not None for tag in set(catalogue.tracks[position].tags))
    return sorted(tag for tag, carriers in carried.items() if carriers >= 2 and 2 * carriers > len(positions))


def ranked(scores: NDArray[np.float64], hidden: Collection[int], count: int) -> list[tuple[int, float]]:
    """Position and score of the best `count` of (K,) scores above 0, best first; positions in `hidden` are left out."""
    left_out = frozenset(hidden)
    order = np.lexsort((np.arange(len(scores)), -scores))
    return [(int(k), float(scores[k])) for k in order if scores[k] > 0.0 and int(k) not in left_out][:count]


def _text_score(wanted: tuple[str, ...], words: PrototypeWords) -> float:
    if not wanted:
        return 0.0
    places = ((LABEL, words.label), (TAGS, words.tags), (DESCRIPTION, words.description))
    found = [max(worth * _match(word, text) for worth, text in places) for word in wanted]
    unmatched = 1.0 - min(len(wanted) / max(len(words.label), 1), 1.0)
    return sum(found) / len(wanted) * (1.0 - _LENGTH_LOSS * unmatched)


def _match(word: str, text: tuple[str, ...]) -> float:
    if word in text:
        return 1.0
    return PREFIX if any(other.startswith(word) for other in text) else 0.0
