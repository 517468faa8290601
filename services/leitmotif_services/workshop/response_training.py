"""Chooses the settings of the responses and measures them, each on people that the fit did not see."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.workshop.comparison.accuracy import measure_accuracy
from leitmotif_services.workshop.comparison.hyper_parameter_search import search
from leitmotif_services.workshop.dataset import Interactions
from leitmotif_services.workshop.listening.listening_data import ListeningData, Tagging
from leitmotif_services.workshop.listening.splits import split, training_data
from leitmotif_services.workshop.recommenders.given_affinities import SPACE, GivenAffinities
from leitmotif_services.workshop.recommenders.leitmotif_responses import Responses
from leitmotif_services.workshop.recommenders.popularity import Popularity

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Doubles = NDArray[np.float64]

_TRIALS = 12
"""The whole space: a fit takes no longer than measuring it."""

_MINIMUM_PEOPLE = 20
_FEWEST_HELD_OUT = 5
_HELD_OUT_SHARE = 0.15
_MOST_HELD_OUT = 500


@dataclass(frozen=True)
class TrainedResponses:
    """Responses fitted on everybody, with figures measured on held-out people by a fit without them."""

    fitted: Responses
    metrics: dict[str, float]
    """NDCG@100, Recall@20 and Recall@50, those of popularity, the settings; empty where nothing could be measured."""


def train_responses(affinities: Doubles, interactions: Interactions, *, seed: int) -> TrainedResponses:
    """Choose settings by NDCG@100 on validation people, measure on test people, then fit on all.

    15 % of the people (5 to 500) validate and as many test; of each, 80 % of the tracks are given and 20 % are to be found.
    With fewer than 20 people who heard two tracks or more there is nothing to choose or measure by: the defaults, no metrics.
    """
    data = _listening_data(interactions, len(affinities))
    recommender, everybody = GivenAffinities(affinities), np.arange(len(data.user_ids))
    settings, metrics = SPACE.defaults, dict[str, float]()
    eligible = int((np.diff(data.counts.indptr) >= 2).sum())
    if eligible >= _MINIMUM_PEOPLE:
        held = min(_MOST_HELD_OUT, max(_FEWEST_HELD_OUT, int(_HELD_OUT_SHARE * eligible)))
        divided = split(data, seed, test_users=held, validation_users=held)
        settings = search(recommender, divided, trials=_TRIALS, advance=_unreported).best.settings
        for prefix, judged, chosen in (("", recommender, settings), ("popularity_", Popularity(), Popularity.space.defaults)):
            scorer = judged.fit(divided.training_with_validation, chosen, seed=seed, validation=None, advance=_unreported)
            figures = measure_accuracy(scorer, divided.test).by_name()
            metrics |= {f"{prefix}{name}": float(values.mean()) for name, values in figures.items()}
        metrics |= {"test_users": float(held), **{name: float(value) for name, value in settings.items()}}
    training = training_data(data, everybody, everybody[:0])
    fitted = recommender.fit(training, settings, seed=seed, validation=None, advance=_unreported).fitted
    return TrainedResponses(fitted, metrics)


def histories(interactions: Interactions, tracks: int) -> "csr_array":
    """(U, N): c of each person and track that was heard."""
    return _table(interactions, interactions.weights, tracks)


def _table(interactions: Interactions, values: Doubles, tracks: int) -> "csr_array":
    from scipy.sparse import csr_array

    places = (interactions.users, interactions.tracks)
    return csr_array((values, places), shape=(len(interactions.user_ids), tracks))


def _listening_data(interactions: Interactions, tracks: int) -> ListeningData:
    """What responses to given affinities are fitted on: nothing but who heard what."""
    nobody, ids = np.zeros(0, np.int64), tuple(str(position) for position in range(tracks))
    return ListeningData(
        name="own music",
        user_ids=interactions.user_ids,
        item_ids=ids,
        item_names=ids,
        artists=ids,
        counts=_table(interactions, interactions.counts.astype(np.float64), tracks),
        tagging=Tagging((), nobody, nobody, nobody, np.zeros(0)),
        audio=np.zeros((tracks, 0)),
        audio_names=(),
    )


def _unreported(_share: float) -> None:
    pass
