"""Which tokens the change between two models comes from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from leitmotif_services.evaluation.comparison.domain_terms import WeightedTerm, occurrences
from leitmotif_services.evaluation.comparison.paired_units import check_same_tokens
from leitmotif_services.evaluation.comparison.token_classes import TokenClass, class_of
from leitmotif_services.evaluation.models.language_model import TokenIds
from leitmotif_services.evaluation.scoring.token_scores import TokenScores

LEFT_OUT = (1, 5, 10, 20, 50)
"""Numbers of types that are left out, those first that worsened most."""

HISTOGRAM_BINS = 40
HISTOGRAM_TAIL = 0.005
"""Share of the tokens, at each end, that may lie beyond the histogram's inner edges."""


@dataclass(frozen=True)
class TokenContribution:
    """What one token type adds to the change."""

    token_id: int
    text: str
    token_class: TokenClass
    """By its text alone."""
    count: int
    contribution: float
    """Σ of its changes / N: nats a token of the text, above 0 where adapting made it worse."""
    mean_change: float
    """Σ of its changes / count."""


@dataclass(frozen=True)
class ClassContribution:
    """What all tokens of a class add to the change."""

    token_class: TokenClass
    count: int
    contribution: float
    mean_change: float
    """0 for a class without a token."""


@dataclass(frozen=True)
class WithoutWorst:
    """Both perplexities without the types that worsened most."""

    types: int
    share_of_worsening: float
    """Of the sum over all types that worsened; 0 where none did."""
    base_perplexity: float
    """1 where no token is left."""
    adapted_perplexity: float


@dataclass(frozen=True)
class TermRanks:
    """How high the models rank the tokens of a term."""

    term: str
    weight: float
    count: int
    """Occurrences."""
    base_mrr: float
    """Mean reciprocal rank of its tokens, 0 to 1."""
    adapted_mrr: float


@dataclass(frozen=True)
class TokenAnalysis:
    """Where a change comes from."""

    mean_change: float
    """Mean of adapted less base, in nats a token."""
    tokens: int
    top_tokens: tuple[TokenContribution, ...]
    """By falling magnitude of the contribution."""
    classes: tuple[ClassContribution, ...]
    """Every class, in the order of `TokenClass`; contributions sum to `mean_change`."""
    without_worst: tuple[WithoutWorst, ...]
    domain_terms: tuple[TermRanks, ...] = ()
    base_mrr: float = 0.0
    """Over all tokens of domain terms; 0 where there is none, or ranks were not asked for."""
    adapted_mrr: float = 0.0
    base_median_rank: float = 0.0
    adapted_median_rank: float = 0.0
    change_edges: tuple[float, ...] = field(default=())
    """Edges of the histogram's bins, in nats."""
    change_counts: tuple[int, ...] = field(default=())
    """Tokens in each; the outermost hold all that lies beyond."""


def analyse(
    base: TokenScores,
    adapted: TokenScores,
    token_texts: Callable[[TokenIds], list[str]],
    *,
    terms: Sequence[WeightedTerm] = (),
    top: int = 20,
) -> TokenAnalysis:
    """Take the change apart, by type, by class and by what the domain is about.

    `token_texts` gives the text of each id. Terms are ranked where both scorings hold ranks. FIELD_INVALID unless both are of
    the very same tokens. Contributions are as of Öncel et al. 2024 (arXiv:2410.05581), section 5: c_t = Σ_{i: x_i = t} d_i / N.
    """
    check_same_tokens(base, adapted)
    changes = adapted.nll - base.nll
    types, type_of_token, counts = np.unique(base.token_ids, return_inverse=True, return_counts=True)
    texts = token_texts(types)
    sums = np.bincount(type_of_token, changes, minlength=len(types)).astype(np.float64, copy=False)
    classes = [class_of(text) for text in texts]
    places = _places(base, [texts[each] for each in type_of_token], terms)
    in_term = np.zeros(len(changes), bool)
    for tokens in places.values():
        in_term[tokens] = True
    edges, histogram = _histogram(changes)
    ranks = None if base.ranks is None or adapted.ranks is None else (base.ranks, adapted.ranks)
    overall = _ranks_of(ranks, np.flatnonzero(in_term))
    return TokenAnalysis(
        mean_change=float(changes.mean()),
        tokens=len(changes),
        top_tokens=tuple(
            TokenContribution(
                token_id=int(types[each]),
                text=texts[each],
                token_class=classes[each],
                count=int(counts[each]),
                contribution=float(sums[each] / len(changes)),
                mean_change=float(sums[each] / counts[each]),
            )
            for each in np.argsort(-np.abs(sums), kind="stable")[:top]
        ),
        classes=_class_contributions(changes, type_of_token, classes, in_term),
        without_worst=tuple(_without_worst(base, adapted, type_of_token, sums, left_out) for left_out in LEFT_OUT),
        domain_terms=tuple(
            TermRanks(each.term, each.weight, each.count, *_ranks_of(ranks, places[each.term])[:2]) for each in terms
        ),
        base_mrr=overall[0],
        adapted_mrr=overall[1],
        base_median_rank=overall[2],
        adapted_median_rank=overall[3],
        change_edges=tuple(edges.tolist()),
        change_counts=tuple(histogram.tolist()),
    )


def _places(base: TokenScores, texts: list[str], terms: Sequence[WeightedTerm]) -> dict[str, npt.NDArray[np.int64]]:
    """The tokens of each term's occurrences, ascending; a term never spans two documents."""
    names = [each.term for each in terms]
    found: dict[str, list[int]] = {name: [] for name in names}
    if names:
        starts = np.flatnonzero(np.diff(base.documents, prepend=-1))
        for start, end in zip(starts.tolist(), [*starts[1:].tolist(), len(texts)], strict=True):
            for name, ranges in occurrences(texts[start:end], names).items():
                found[name] += [start + token for each in ranges for token in each]
    return {name: np.array(sorted(set(tokens)), np.int64) for name, tokens in found.items()}


def _class_contributions(
    changes: npt.NDArray[np.float64],
    type_of_token: npt.NDArray[np.intp],
    classes: list[TokenClass],
    in_term: npt.NDArray[np.bool_],
) -> tuple[ClassContribution, ...]:
    every = list(TokenClass)
    class_of_type = np.array([every.index(each) for each in classes])
    class_of_token = np.where(in_term, every.index(TokenClass.DOMAIN_TERM), class_of_type[type_of_token])
    counts = np.bincount(class_of_token, minlength=len(every))
    sums = np.bincount(class_of_token, changes, minlength=len(every))
    return tuple(
        ClassContribution(each, int(count), float(total / len(changes)), float(total / count) if count else 0.0)
        for each, count, total in zip(every, counts, sums, strict=True)
    )


def _without_worst(
    base: TokenScores,
    adapted: TokenScores,
    type_of_token: npt.NDArray[np.intp],
    sums: npt.NDArray[np.float64],
    left_out: int,
) -> WithoutWorst:
    worst = np.argsort(-sums, kind="stable")[:left_out]
    worst = worst[sums[worst] > 0.0]
    worsening = float(sums[sums > 0.0].sum())
    kept = ~np.isin(type_of_token, worst)
    return WithoutWorst(
        types=left_out,
        share_of_worsening=float(sums[worst].sum()) / worsening if worsening else 0.0,
        base_perplexity=_perplexity(base.nll[kept]),
        adapted_perplexity=_perplexity(adapted.nll[kept]),
    )


def _ranks_of(
    ranks: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]] | None, tokens: npt.NDArray[np.int64]
) -> tuple[float, float, float, float]:
    """Mean reciprocal ranks of base and adapted, then their median ranks; zeros for no token."""
    if ranks is None or not len(tokens):
        return 0.0, 0.0, 0.0, 0.0
    base, adapted = (each[tokens] for each in ranks)
    return float((1 / base).mean()), float((1 / adapted).mean()), float(np.median(base)), float(np.median(adapted))


def _histogram(changes: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Edges (HISTOGRAM_BINS + 1,), symmetric around 0, and counts; what lies beyond is in the outermost bins."""
    reach = float(np.quantile(np.abs(changes), 1 - 2 * HISTOGRAM_TAIL)) or 1.0
    edges = np.linspace(-reach, reach, HISTOGRAM_BINS + 1)
    counts, _ = np.histogram(np.clip(changes, -reach, reach), edges)
    return edges, counts


def _perplexity(nll: npt.NDArray[np.float64]) -> float:
    with np.errstate(over="ignore"):
        return float(np.exp(nll.mean())) if len(nll) else 1.0
