"""Who heard what, how people tag it, and what it sounds like: what every recommender is trained and measured on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.workshop.listening.track_fields import TrackFields

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Doubles = NDArray[np.float64]
Positions = NDArray[np.int64]


@dataclass(frozen=True)
class Tagging:
    """n assignments: a person gave an item a tag. Kept by person, so that those of held-out people can be dropped."""

    tags: tuple[str, ...]
    """(T,) names."""
    users: Positions
    """(n,) positions in the data's users; -1 for somebody whose listening is not known."""
    items: Positions
    """(n,) positions in the data's items."""
    tag: Positions
    """(n,) positions in `tags`."""
    weights: Doubles
    """(n,), > 0."""


@dataclass(frozen=True)
class ListeningData:
    """U people, N items (tracks or artists), and what is known of them."""

    name: str
    """Of the data set, as the command line has it."""
    user_ids: tuple[str, ...]
    item_ids: tuple[str, ...]
    item_names: tuple[str, ...]
    """What a person would call them."""
    artists: tuple[str, ...]
    """(N,): the artist of each item; the item's own id where that is unknown."""
    counts: "csr_array"
    """(U, N) float64: listening counts, > 0 where stored. Metrics take any count as 1."""
    tagging: Tagging
    audio: Doubles
    """(N, F): audio embeddings or descriptors, as they came; NaN where an item has none. F may be 0."""
    audio_names: tuple[str, ...]
    """(F,) names of the columns."""
    fields: Mapping[str, TrackFields] = field(default_factory=dict)
    """What else is known of items, by their ids."""


@dataclass(frozen=True)
class TrainingData:
    """What a recommender may see: training people alone, held-out people's tags left out."""

    heard: "csr_array"
    """(U', N) float64, 1 where a training person heard an item."""
    counts: "csr_array"
    """(U', N) float64: their listening counts, where `heard` has entries."""
    tag_counts: "csr_array"
    """(N, T) float64: summed weights of the assignments that are left, by item and tag."""
    tags: tuple[str, ...]
    audio: Doubles
    """(N, F): each column standardised over the items that have it, 0 where an item has none."""
    artists: tuple[str, ...]
    """(N,)."""


@dataclass(frozen=True)
class HeldOutPeople:
    """V people whom training did not see: what is given as their history, and what is to be found."""

    given: "csr_array"
    """(V, N) float64, 1 where an item is history."""
    wanted: "csr_array"
    """(V, N) float64, 1 where an item is to be found; nowhere where `given` has one. Each row has at least one."""


@dataclass(frozen=True)
class Split:
    """One division of a data set by a seed."""

    seed: int
    training: TrainingData
    validation: HeldOutPeople
    """Hyper-parameters are chosen on these. They are not in `training`."""
    training_with_validation: TrainingData
    """What the final model is fitted on, once hyper-parameters are chosen: the people of both."""
    test: HeldOutPeople
    """Never looked at before the end."""
    test_users: Positions
    """(V,) positions of the test people in the data set."""
