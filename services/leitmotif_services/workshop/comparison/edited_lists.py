"""The lists of held-out people after edits, mutes and re-ranking, and what is read off them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.workshop.comparison.accuracy import NDCG_LENGTH, hits_among
from leitmotif_services.workshop.comparison.judged_tags import JudgedTags, jensen_shannon
from leitmotif_services.workshop.comparison.ranked_lists import dense_mask, top_items
from leitmotif_services.workshop.comparison.tag_reranking import tag_bonus
from leitmotif_services.workshop.listening.listening_data import HeldOutPeople
from leitmotif_services.workshop.ranking_metrics import ndcg_of_hits
from leitmotif_services.workshop.recommenders.recommender import SteerableScorer

Doubles = NDArray[np.float64]
Positions = NDArray[np.int64]
Mask = NDArray[np.bool_]

SHARE_TOLERANCE = 0.002
LARGEST_EDIT = 64.0
_MOST_STEPS = 12


@dataclass(frozen=True)
class RankedLists:
    """Lists (V, R) of all people."""

    items: Positions
    filled: Mask


class EditedLists:
    """The lists of all people after edits."""

    def __init__(self, scorer: SteerableScorer, people: HeldOutPeople, tags: JudgedTags) -> None:
        self._scorer = scorer
        self._history = people.given
        self._given = dense_mask(people.given)
        self._wanted = dense_mask(people.wanted)
        self._wanted_count = self._wanted.sum(axis=1)
        self.tags = tags
        self.people = self._given.shape[0]
        self.prototypes = scorer.affinities.shape[1]
        self.scores = np.where(self._given, -np.inf, self._edited(self._no_edits(), self._no_mutes()))
        self.base = self.ranked(self.scores)
        self.base_ndcg = self.ndcg(self.base)

    def _no_edits(self) -> Doubles:
        return np.zeros((self.people, self.prototypes))

    def _no_mutes(self) -> Mask:
        return np.zeros((self.people, self.prototypes), np.bool_)

    def _edited(self, edits: Doubles, muted: Mask) -> Doubles:
        return self._scorer.edited_scores(self._history, edits, muted)

    def anchor(self, tag: int) -> int:
        return self._scorer.anchors[self.tags.names[tag]]

    def ranked(self, scores: Doubles) -> RankedLists:
        return RankedLists(*top_items(scores, self._given, NDCG_LENGTH))

    def after_edit(self, prototypes: Positions | int, size: float) -> RankedLists:
        """Everybody edits one prototype: the same, or (V,) one each."""
        edits = self._no_edits()
        edits[np.arange(self.people), prototypes] = size
        return self.ranked(self._edited(edits, self._no_mutes()))

    def after_mute(self, prototype: int) -> RankedLists:
        muted = self._no_mutes()
        muted[:, prototype] = True
        return self.ranked(self._edited(self._no_edits(), muted))

    def reranked(self, tag: int) -> Callable[[float], RankedLists]:
        """From a mean share of the tag to the lists that have at least that, by a bonus for what carries it."""
        carried = self.tags.carried[:, tag]
        bonus = tag_bonus(self.scores, carried)
        return lambda share: self.ranked(self.scores + bonus.for_share(share) * carried)

    def share(self, ranked: RankedLists, tag: int) -> Doubles:
        return self.tags.shares(ranked.items, ranked.filled, tag)

    def ndcg(self, ranked: RankedLists) -> float:
        hits = hits_among(ranked.items, ranked.filled, self._wanted)
        return float(ndcg_of_hits(hits, self._wanted_count, NDCG_LENGTH).mean())

    def tag_ndcg(self, ranked: RankedLists, tag: int) -> float:
        return float(self.tags.tag_ndcg(ranked.items, ranked.filled, tag).mean())

    def collateral(self, ranked: RankedLists, tag: int) -> float:
        before = self.tags.other_tags(self.base.items, self.base.filled, tag)
        return float(jensen_shannon(before, self.tags.other_tags(ranked.items, ranked.filled, tag)).mean())


def edit_for_share(
    after: Callable[[float], RankedLists], share_of: Callable[[RankedLists], float], target: float
) -> tuple[float, RankedLists]:
    """The size of an edit, 0 to LARGEST_EDIT, and the lists after it: the smallest found whose share is at least `target`, less
    SHARE_TOLERANCE, by bisection after doubling; the largest edit where none raises the share so far.
    """
    low, high = 0.0, 1.0
    ranked = after(high)
    while share_of(ranked) < target - SHARE_TOLERANCE and high < LARGEST_EDIT:
        low, high = high, 2.0 * high
        ranked = after(high)
    best = high, ranked
    for _ in range(_MOST_STEPS):
        if share_of(best[1]) - target <= SHARE_TOLERANCE:
            break
        middle = (low + high) / 2.0
        ranked = after(middle)
        if share_of(ranked) < target - SHARE_TOLERANCE:
            low = middle
        else:
            high, best = middle, (middle, ranked)
    return best
