"""Results as the computations give them, from scores that are drawn by a seed, and texts that mean harm."""

import numpy as np

from leitmotif_services.evaluation.comparison.domain_terms import WeightedTerm
from leitmotif_services.evaluation.comparison.model_comparison import ModelComparison
from leitmotif_services.evaluation.comparison.paired_comparison import Sampling, compare
from leitmotif_services.evaluation.comparison.token_analysis import TokenAnalysis, analyse
from leitmotif_services.evaluation.distance.distances import Distance
from leitmotif_services.evaluation.scoring.perplexity import PerplexityResult
from leitmotif_services.evaluation.scoring.token_scores import TokenScores

TEXTS = ["\n", " the", ",", " fugue", " 12", "  ", " counterpoint", " played", "ing", " key", " naïve", ".", "and", "A"]
TERMS = (WeightedTerm("fugue", 31.5, 60), WeightedTerm("counterpoint", 22.25, 55))
DISTANCES = (
    Distance("l2", 1.25, 0.31, 0.04, 23.5),
    Distance("mmd2", 0.0812, 0.0001, 0.003, 27.03),
    Distance("frechet", 14.5, 9.75, 1.1, 4.318),
    Distance("jsd", 0.41, 0.352, 0.03, 1.933),
)
SHA = "0123456789abcdef" * 4


def token_scores(*, tokens: int = 4000, documents: int = 40, shift: float = -0.1) -> tuple[TokenScores, TokenScores]:
    """Base and adapted, which is better by `shift` but on line ends, where it is worse by one nat."""
    rng = np.random.default_rng(7)
    ids = rng.integers(0, len(TEXTS), tokens)
    of = np.sort(rng.integers(0, documents, tokens))
    nll = rng.gamma(2.0, 1.6, tokens)
    changed = np.maximum(nll + rng.normal(shift, 0.3, tokens) + (ids == 0), 0.0)
    ranks = 1 + rng.integers(0, 400, tokens)
    return TokenScores(ids, nll, of, ranks), TokenScores(ids, changed, of, np.maximum(ranks // 2, 1))


def analysed(*, shift: float = -0.1, texts: list[str] | None = None, terms: tuple[WeightedTerm, ...] = TERMS) -> TokenAnalysis:
    """`texts`: those of the token ids 0, 1, …"""
    base, adapted = token_scores(shift=shift)
    shown = texts or TEXTS
    return analyse(base, adapted, lambda ids: [shown[each % len(shown)] for each in ids.tolist()], terms=terms)


def perplexity(*, nll_sum: float = 12_800.0, tokens: int = 4000) -> PerplexityResult:
    return PerplexityResult(nll_sum, tokens, 2900, 16_421, 1024, 512, True, "float32", 611.7, SHA, 40)


def compared(*, shift: float = -0.1, texts: list[str] | None = None, documents: int = 40) -> ModelComparison:
    base, adapted = token_scores(shift=shift, documents=documents)
    return ModelComparison(
        base=perplexity(nll_sum=float(base.nll.sum())),
        adapted=perplexity(nll_sum=float(adapted.nll.sum())),
        paired=compare(base, adapted, Sampling(500, 500)),
        tokens=analysed(shift=shift, texts=texts),
    )
