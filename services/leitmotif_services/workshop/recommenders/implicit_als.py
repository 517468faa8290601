"""Implicit ALS: factors of people and items by alternating least squares, through the library `implicit` (MIT).

Hu, Koren and Volinsky, "Collaborative filtering for implicit feedback datasets", ICDM 2008: with preference p_ui = 1 where u
heard i and 0 elsewhere, and confidence c_ui = alpha where u heard i and 1 elsewhere,

    min_{x, y}  Σ_ui c_ui (p_ui − x_u·y_i)² + λ (Σ_u |x_u|² + Σ_i |y_i|²)

Somebody whom training did not see is folded in: x_v solves the same least squares with the items fixed, as every person's
factors do in the last round.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from leitmotif_services.workshop.listening.listening_data import HeldOutPeople, TrainingData
from leitmotif_services.workshop.recommenders.recommender import Advance, SearchSpace, Settings

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Doubles = NDArray[np.float64]

ROUNDS = 15
"""The library's default; the loss hardly falls after it."""

_THREADS = 1


class ImplicitAlsScorer:
    """s_vi = x_v · y_i with x_v folded in from the history: an empty history scores 0 everywhere."""

    def __init__(self, model: Any) -> None:
        self._model = model
        _ = model.YtY  # computed once here: the library fills its cache without a lock

    def scores(self, history: "csr_array") -> Doubles:
        people = self._model.recalculate_user(np.arange(history.shape[0]), _as_matrix(history))
        return np.asarray(people.astype(np.float64) @ self._model.item_factors.astype(np.float64).T)


class ImplicitAls:
    name = "implicit-als"
    source = "Hu, Koren and Volinsky, Collaborative filtering for implicit feedback datasets, ICDM 2008 (library implicit)"
    space = SearchSpace(
        {
            "factors": (128, 32, 64, 256),
            "regularization": (30.0, 1.0, 10.0),
            "alpha": (10.0, 5.0, 20.0, 40.0),
        }
    )

    def fit(
        self,
        data: TrainingData,
        settings: Settings,
        *,
        seed: int,
        validation: HeldOutPeople | None,  # noqa: ARG002 - nothing is stopped early
        advance: Advance,
    ) -> ImplicitAlsScorer:
        with threadpool_limits(_THREADS, "blas"):  # the library warns of, and suffers from, a BLAS with threads of its own
            model = AlternatingLeastSquares(
                factors=int(settings["factors"]),
                regularization=float(settings["regularization"]),
                alpha=float(settings["alpha"]),
                iterations=ROUNDS,
                num_threads=_THREADS,
                random_state=seed,
            )
            model.fit(_as_matrix(data.heard), show_progress=False, callback=lambda *_: advance(1.0 / ROUNDS))
            return ImplicitAlsScorer(model)


def _as_matrix(heard: "csr_array") -> Any:
    """As the library wants it: a csr_matrix of float32 with 32-bit positions."""
    from scipy.sparse import csr_matrix

    indices, starts = heard.indices.astype(np.int32), heard.indptr.astype(np.int32)
    return csr_matrix((heard.data.astype(np.float32), indices, starts), shape=heard.shape)
