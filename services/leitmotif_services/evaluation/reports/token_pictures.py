"""What of an analysis of tokens can be drawn."""

from leitmotif_services.evaluation.comparison.token_analysis import TokenAnalysis
from leitmotif_services.evaluation.reports.charts import Histogram, Pair, Pairs, Picture, SignedBar, SignedBars
from leitmotif_services.evaluation.reports.number_text import count_text, decimal_text, percent_text
from leitmotif_services.evaluation.reports.perplexity_report import counted
from leitmotif_services.evaluation.reports.token_words import (
    CLASS_NAMES,
    NATS,
    extremes,
    nats,
    terms_in_words,
    without_worst_in_words,
)
from leitmotif_services.evaluation.reports.visible_text import visible

_DRAWN_TYPES = 15
_DRAWN_TERMS = 15
_HIGHEST_DRAWN = 1e12
"""Perplexities beyond it are of a model that is broken, and no axis shows them beside others."""


def token_pictures(tokens: TokenAnalysis) -> list[Picture]:
    """All that can be drawn, in the order of the page."""
    every = (
        change_picture(tokens),
        class_picture(tokens),
        type_picture(tokens) if tokens.top_tokens else None,
        without_worst_picture(tokens),
        term_picture(tokens),
    )
    return [each for each in every if each is not None]


def change_picture(tokens: TokenAnalysis) -> Picture | None:
    """The histogram; None without one."""
    if not tokens.change_counts:
        return None
    middle = [(low + high) / 2 for low, high in zip(tokens.change_edges, tokens.change_edges[1:], strict=False)]
    total = sum(tokens.change_counts) or 1
    worse = sum(count for place, count in zip(middle, tokens.change_counts, strict=True) if place > 0) / total
    return Picture(
        "Change of single tokens",
        f"Histogram of the change of {counted(tokens.tokens, 'token')}: about {percent_text(worse, places=0)} lie in bins "
        f"above 0, where the adapted model is worse; the mean is {nats(tokens.mean_change)}.",
        Histogram(tokens.change_edges, tokens.change_counts, tokens.mean_change, "change of the negative log likelihood, nats"),
        "The outermost bars hold all that lies beyond. Hatched: worse.",
    )


def class_picture(tokens: TokenAnalysis) -> Picture:
    """Bars of the classes."""
    best, worst = extremes(tokens)
    found = [
        f"{CLASS_NAMES[each.token_class]} add most {way}, {nats(each.contribution)}"
        for each, way, counts in (
            (best, "for the better", best.contribution < 0),
            (worst, "for the worse", worst.contribution > 0),
        )
        if counts
    ]
    return Picture(
        "What each class adds to the change",
        f"Bars of the classes of tokens: {'; '.join(found) or 'no class changed'}.",
        SignedBars(
            tuple(
                SignedBar(
                    CLASS_NAMES[each.token_class], each.contribution, decimal_text(each.contribution, places=4, signed=True)
                )
                for each in tokens.classes
            ),
            NATS,
        ),
        "The bars sum to the change of the mean. Hatched: worse.",
    )


def type_picture(tokens: TokenAnalysis) -> Picture:
    """Bars of the first token types."""
    drawn = tokens.top_tokens[:_DRAWN_TYPES]
    first = drawn[0]
    return Picture(
        f"The {counted(len(drawn), 'token type')} that add most" if len(drawn) > 1 else "The token type that adds most",
        f"Bars of token types: “{visible(first.text)}” adds most, {nats(first.contribution)}, {_way(first.contribution)}.",
        SignedBars(
            tuple(
                SignedBar(
                    each.text,
                    each.contribution,
                    f"{_added(each.contribution)}  ({count_text(each.count)}×)",
                )
                for each in drawn
            ),
            NATS,
        ),
        "By magnitude; how often each occurs in brackets. ␣ is a space, \\n a line end.",
    )


def without_worst_picture(tokens: TokenAnalysis) -> Picture | None:
    """Both perplexities as more and more types are left out; None where there is no number to draw."""
    rows = [each for each in tokens.without_worst if each.base_perplexity + each.adapted_perplexity < _HIGHEST_DRAWN]
    if not rows:
        return None
    return Picture(
        "Perplexity without the worst types",
        f"Pairs of perplexities: {without_worst_in_words(tokens)}",
        Pairs(
            tuple(Pair(f"without the worst {each.types}", each.base_perplexity, each.adapted_perplexity) for each in rows),
            "perplexity a token",
        ),
        "Ring: base. Disc: adapted.",
    )


def term_picture(tokens: TokenAnalysis) -> Picture | None:
    """Mean reciprocal ranks of the domain's terms; None without terms."""
    if not tokens.domain_terms:
        return None
    first = tokens.domain_terms[:_DRAWN_TERMS]
    pairs = (
        Pair("all terms", tokens.base_mrr, tokens.adapted_mrr),
        *(Pair(each.term, each.base_mrr, each.adapted_mrr) for each in first),
    )
    return Picture(
        "Mean reciprocal rank of the domain’s terms",
        f"Pairs of mean reciprocal ranks: {terms_in_words(tokens)}",
        Pairs(pairs, "mean reciprocal rank, 0 to 1", digits=3),
        "Ring: base. Disc: adapted. 1 where a model always has the right token first; heaviest terms first.",
    )


def _added(value: float) -> str:
    return decimal_text(value, places=4, signed=True)


def _way(value: float) -> str:
    return "for the worse" if value > 0 else "for the better"
