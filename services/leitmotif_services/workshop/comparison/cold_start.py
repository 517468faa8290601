"""Items that nobody heard: how well they are ranked from what they sound like and what people call them.

One item in ten is drawn by the seed and taken out of the data: no training person's listening to it is seen, so the recommender
is trained on the catalogue of the other items ("warm") alone. A test person's history is the warm part of what is given of them;
what is to be found is every cold item that the person heard. The candidates are the cold items alone: a list of new releases.
People who heard none of them, or no warm one, are left out. Tags of held-out people are left out here too.

How much is there to reach? The recommender that saw training people's listening to the cold items as well ranks the same
candidates for the same histories: to place an item without its listening can hardly do better than to place it with it.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.workshop.comparison.ranked_lists import dense_mask, top_items
from leitmotif_services.workshop.listening.listening_data import HeldOutPeople, ListeningData, Split, TrainingData
from leitmotif_services.workshop.listening.splits import standardised
from leitmotif_services.workshop.ranking_metrics import recall_of_hits
from leitmotif_services.workshop.recommenders.recommender import Scorer

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Doubles = NDArray[np.float64]
Positions = NDArray[np.int64]

COLD_SHARE = 0.1
RECALL_LENGTH = 20


@dataclass(frozen=True)
class ColdPeople:
    """V people: what they heard of the W warm items, and of the M cold ones."""

    history: "csr_array"
    """(V, W) float64."""
    wanted: "csr_array"
    """(V, M) float64; each row has at least one."""


@dataclass(frozen=True)
class ColdSplit:
    """A catalogue divided into warm items, which training sees, and cold ones."""

    warm: Positions
    """(W,) positions in the data's items, ascending."""
    cold: Positions
    """(M,)."""
    training: TrainingData
    """Of the warm items: columns standardised over those, people of training and validation."""
    audio: Doubles
    """(M, F) of the cold items, standardised as the warm ones are."""
    tag_counts: "csr_array"
    """(M, T) of the cold items."""
    validation: ColdPeople
    """The split's validation people; they are in `training` too: content baselines, which learn nothing from people, are tuned on
    them."""
    test: ColdPeople


def cold_split(data: ListeningData, split: Split) -> ColdSplit | None:
    """Take round(0.1 · N) items, drawn by the seed, out of a split; None where that leaves nothing to measure."""
    items = len(data.item_ids)
    rng = np.random.default_rng([split.seed, 10])
    cold = np.sort(rng.permutation(items)[: round(COLD_SHARE * items)])
    warm = np.setdiff1d(np.arange(items), cold)
    whole = split.training_with_validation
    audio = standardised(data.audio, warm)
    training = replace(
        whole,
        heard=whole.heard[:, warm],
        counts=whole.counts[:, warm],
        tag_counts=whole.tag_counts[warm],
        audio=audio[warm],
        artists=tuple(data.artists[item] for item in warm),
    )
    test, validation = _people(split.test, warm, cold), _people(split.validation, warm, cold)
    if test is None or validation is None:
        return None
    return ColdSplit(warm, cold, training, audio[cold], whole.tag_counts[cold], validation, test)


def cold_recall(scores: Doubles, people: ColdPeople) -> Doubles:
    """(V,) Recall@20 of scores (V, M): wanted cold items among the first 20 of the M, over min(20, wanted)."""
    wanted = dense_mask(people.wanted)
    items, filled = top_items(scores, np.zeros_like(wanted), RECALL_LENGTH)
    return recall_of_hits(np.take_along_axis(wanted, items, axis=1) & filled, wanted.sum(axis=1), RECALL_LENGTH)


def recall_when_heard(scorer: Scorer, cold: ColdSplit) -> Doubles:
    """(V,) Recall@20 of a recommender that was trained on the whole catalogue, cold items included, for the same test people."""
    warm = cold.test.history.tocoo()
    shape = (warm.shape[0], len(cold.warm) + len(cold.cold))
    history = type(cold.test.history)((warm.data, (warm.row, cold.warm[warm.col])), shape=shape)
    return cold_recall(scorer.scores(history)[:, cold.cold], cold.test)


def _people(people: HeldOutPeople, warm: Positions, cold: Positions) -> ColdPeople | None:
    history = people.given[:, warm].tocsr()
    wanted = (people.given + people.wanted)[:, cold].tocsr()
    kept = np.flatnonzero((np.diff(history.indptr) > 0) & (np.diff(wanted.indptr) > 0))
    return ColdPeople(history[kept], wanted[kept]) if len(kept) else None
