"""Listening small enough to work out by hand, and recommenders whose every score is known."""

import numpy as np
from scipy.sparse import csr_array

from leitmotif_services.workshop.listening.listening_data import HeldOutPeople, ListeningData, Tagging, TrainingData


def people(given, wanted):
    return HeldOutPeople(csr_array(np.array(given, float)), csr_array(np.array(wanted, float)))


def training(tag_counts, tags, *, audio=None, heard=None):
    tag_counts = np.array(tag_counts, float)
    items = len(tag_counts)
    heard = np.ones((1, items)) if heard is None else np.array(heard, float)
    audio = np.zeros((items, 0)) if audio is None else audio
    artists = tuple(f"artist {item}" for item in range(items))
    return TrainingData(csr_array(heard), csr_array(heard), csr_array(tag_counts), tuple(tags), audio, artists)


def clustered_listening(users=120, groups=4, group_items=12, seed=0):
    """People who mostly hear one group of items; each group has a tag and a direction of the audio of its own."""
    rng = np.random.default_rng(seed)
    items = groups * group_items
    heard = np.zeros((users, items))
    for user in range(users):
        chance = np.where(np.arange(items) // group_items == user % groups, 0.7, 0.06)
        heard[user] = rng.random(items) < chance
    counts = csr_array(heard * (1 + rng.poisson(2.0, heard.shape)))
    group = np.arange(items) // group_items
    audio = np.eye(groups)[group] + 0.2 * rng.standard_normal((items, groups))
    return ListeningData(
        name="clusters",
        user_ids=tuple(f"u{user}" for user in range(users)),
        item_ids=tuple(f"i{item}" for item in range(items)),
        item_names=tuple(f"Item {item}" for item in range(items)),
        artists=tuple(f"a{item % 7}" for item in range(items)),
        counts=counts,
        tagging=Tagging(
            tags=tuple(f"tag {number}" for number in range(groups)),
            users=rng.integers(-1, users, size=items),
            items=np.arange(items),
            tag=group,
            weights=np.ones(items),
        ),
        audio=audio,
        audio_names=tuple(f"f{number}" for number in range(groups)),
    )


class FixedScorer:
    """The same scores for everybody."""

    def __init__(self, scores):
        self.row = np.array(scores, float)

    def scores(self, history):
        return np.tile(self.row, (history.shape[0], 1))


class AdditiveScorer(FixedScorer):
    """Fixed scores, to which an edit adds its size times the affinity; a mute removes what has any affinity."""

    def __init__(self, scores, affinities, anchors, gain=1.0):
        super().__init__(scores)
        self.affinities = np.array(affinities, float)
        self.anchors = anchors
        self.prototypes = tuple(f"prototype {number}" for number in range(self.affinities.shape[1]))
        self.gain = gain

    def profiles(self, history):
        return np.zeros((history.shape[0], self.affinities.shape[1]))

    def edited_scores(self, history, edits, muted):
        scores = self.scores(history) + self.gain * edits @ self.affinities.T
        return np.where(muted.astype(float) @ (self.affinities.T > 0) > 0, -np.inf, scores)

    def contributions(self, history, edits, person, item):
        parts = self.gain * edits[person] * self.affinities[item]
        return np.append(parts, self.row[item])
