"""A domain against a reference, from their documents to the measures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leitmotif_services.evaluation.distance.distances import Distance, DistanceSettings, distances
from leitmotif_services.evaluation.distance.passages import drawn, passages_of
from leitmotif_services.evaluation.models.language_model import LanguageModel

_EMBEDDED_TOGETHER = 16

OnCount = Callable[[str, int, int], None]
"""Told what is being done, how much of it is, of how much."""


@dataclass(frozen=True)
class DomainDistance:
    """The measures, and what they are of."""

    measures: tuple[Distance, ...]
    domain_passages: int
    reference_passages: int
    dimension: int = 0
    """Length of an embedding; 0 without a model."""
    model_sha256: str = ""
    """Of what embedded; empty without."""


def domain_distance(
    domain: Sequence[str],
    reference: Sequence[str],
    model: LanguageModel | None,
    settings: DistanceSettings,
    on_progress: OnCount = lambda _phase, _done, _total: None,
) -> DomainDistance:
    """The distance between the documents of two sides; the embeddings are the model's mean states.

    The passages of the domain are drawn first, then those of the reference, from one generator of the seed. TEXT_EMPTY where a
    side has too few.
    """
    rng = np.random.default_rng(settings.seed)
    sides = [passages_of(side, words=settings.passage_words) for side in (domain, reference)]
    domain_passages, reference_passages = (drawn(side, settings.max_passages, rng) for side in sides)
    dimension = 0

    def embed(passages: Sequence[str]) -> npt.NDArray[np.float32]:
        nonlocal dimension
        assert model is not None
        parts = []
        for first in range(0, len(passages), _EMBEDDED_TOGETHER):
            on_progress("embedding passages", first, len(passages))
            parts.append(model.mean_states(passages[first : first + _EMBEDDED_TOGETHER]))
        on_progress("embedding passages", len(passages), len(passages))
        embeddings = np.concatenate(parts)
        dimension = embeddings.shape[1]
        return embeddings

    measures = distances(
        domain_passages,
        reference_passages,
        None if model is None else embed,
        settings,
        lambda done, total: on_progress("drawing the null", done, total),
    )
    return DomainDistance(
        tuple(measures),
        domain_passages=len(domain_passages),
        reference_passages=len(reference_passages),
        dimension=dimension,
        model_sha256="" if model is None else model.sha256,
    )
