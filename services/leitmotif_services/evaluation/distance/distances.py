"""Every measure of a domain against a reference, each beside its null: no absolute number says what is far."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from leitmotif_services.evaluation.distance.embedding_measures import Measure, Rows, frechet, l2, mmd2
from leitmotif_services.evaluation.distance.passages import FEWEST_PASSAGES
from leitmotif_services.evaluation.distance.word_measure import jsd
from leitmotif_services.runtime.errors import Reason, ServiceError


@dataclass(frozen=True)
class DistanceSettings:
    """How texts are cut, and how much is drawn."""

    passage_words: int = 100
    max_passages: int = 500
    """Of each side."""
    null_samples: int = 200
    seed: int = 0


@dataclass(frozen=True)
class Distance:
    """One measure."""

    name: str
    """"l2", "mmd2", "frechet" or "jsd"."""
    value: float
    """Mean over draws of k passages of the domain and k of the reference."""
    null_mean: float
    """Mean over draws of two disjoint sets of k passages of the reference."""
    null_sd: float
    z: float
    """(value − null_mean) / null_sd: how far out the domain is beside what the reference itself scatters."""


def distances(
    domain: Sequence[str],
    reference: Sequence[str],
    embed: Callable[[Sequence[str]], npt.NDArray[np.float32]] | None,
    settings: DistanceSettings,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[Distance]:
    """The measures of passages `domain` against passages `reference`; without `embed`, that of words alone.

    k is half of the reference's passages or all of the domain's, whichever is less, so that a distance and its null are of sets
    of the same size: every measure depends on it. `embed` gives (passages, D). `on_progress` is told the measures done, of how
    many. TEXT_EMPTY where a side has too few passages.
    """
    for name, passages, fewest in (("domain", domain, FEWEST_PASSAGES // 2), ("reference", reference, FEWEST_PASSAGES)):
        if len(passages) < fewest:
            raise ServiceError(
                Reason.TEXT_EMPTY,
                f"the {name} has {len(passages)} passages of {settings.passage_words} words, {fewest} are needed: "
                "give more text, or shorter passages",
            )
    passages = [*domain, *reference]
    measures: dict[str, Callable[[], Measure]] = {"jsd": lambda: jsd(passages)}
    if embed is not None:
        embeddings = embed(passages).astype(np.float64)
        measures = {
            "l2": lambda: l2(embeddings),
            "mmd2": lambda: mmd2(embeddings),
            "frechet": lambda: frechet(embeddings),
            **measures,
        }
    size = min(len(domain), len(reference) // 2)
    rng = np.random.default_rng(settings.seed)
    apart, alike = _draws(len(domain), len(reference), size, settings.null_samples, rng)
    found = []
    on_progress(0, len(measures))
    for name, make in measures.items():
        found.append(_beside_null(name, make(), apart, alike))
        on_progress(len(found), len(measures))
    return found


def _draws(
    domain: int, reference: int, size: int, samples: int, rng: np.random.Generator
) -> tuple[list[tuple[Rows, Rows]], list[tuple[Rows, Rows]]]:
    """Pairs of sets of rows, domain first: of domain and reference, and of the reference alone."""
    apart, alike = [], []
    for _ in range(samples):
        shuffled = domain + rng.permutation(reference)
        apart.append((rng.choice(domain, size, replace=False), shuffled[:size]))
        alike.append((shuffled[:size], shuffled[size : 2 * size]))
    return apart, alike


def _beside_null(name: str, measure: Measure, apart: list[tuple[Rows, Rows]], alike: list[tuple[Rows, Rows]]) -> Distance:
    value = float(np.mean([measure(*pair) for pair in apart]))
    null = np.array([measure(*pair) for pair in alike])
    mean, spread = float(null.mean()), float(null.std(ddof=1)) if len(null) > 1 else 0.0
    z = (value - mean) / spread if spread > 0.0 else 0.0 if value == mean else float(np.copysign(np.inf, value - mean))
    return Distance(name, value, mean, spread, z)
