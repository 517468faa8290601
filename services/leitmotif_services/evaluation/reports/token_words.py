"""What an analysis of tokens found, in words."""

import math

from leitmotif_services.evaluation.comparison.token_analysis import ClassContribution, TokenAnalysis
from leitmotif_services.evaluation.comparison.token_classes import TokenClass
from leitmotif_services.evaluation.reports.number_text import decimal_text, figure_text, percent_text

CLASS_NAMES = {
    TokenClass.NEWLINE: "line ends",
    TokenClass.WHITESPACE: "other white space",
    TokenClass.PUNCTUATION: "punctuation",
    TokenClass.DIGITS: "digits",
    TokenClass.FUNCTION_WORD: "function words",
    TokenClass.DOMAIN_TERM: "domain terms",
    TokenClass.OTHER: "other words",
}
NATS = "nats a token of the text"


def relative_change(tokens: TokenAnalysis) -> float:
    """Of the perplexity, adapted against base: 0.1 for a tenth higher; infinite beyond the range of a double."""
    try:
        return math.expm1(tokens.mean_change)
    except OverflowError:
        return math.inf


def change_in_words(tokens: TokenAnalysis) -> str:
    """Without a full stop."""
    if tokens.mean_change == 0.0:
        return "Both models fare alike on this text"
    word = "rose" if tokens.mean_change > 0 else "fell"
    return f"Adapted, the perplexity of this text {word} by {percent_text(abs(relative_change(tokens)))}"


def source_in_words(tokens: TokenAnalysis) -> str:
    """Which classes add most."""
    best, worst = extremes(tokens)
    parts = []
    if best.contribution < 0:
        parts.append(f"For the better, {CLASS_NAMES[best.token_class]} add most ({nats(best.contribution)}).")
    if worst.contribution > 0:
        parts.append(f"For the worse, {CLASS_NAMES[worst.token_class]} add most ({nats(worst.contribution)}).")
    return " ".join(parts) or "No class of tokens changed."


def without_worst_in_words(tokens: TokenAnalysis) -> str:
    """What a handful of types explains."""
    if not any(each.share_of_worsening > 0 for each in tokens.without_worst):
        return "No token type worsened."
    ten = next((each for each in tokens.without_worst if each.types == 10), tokens.without_worst[-1])
    return (
        f"The {ten.types} types that worsened most explain {percent_text(ten.share_of_worsening)} of all that became worse. "
        f"Without them the perplexity is {figure_text(ten.base_perplexity)} under the base model and "
        f"{figure_text(ten.adapted_perplexity)} under the adapted one."
    )


def terms_in_words(tokens: TokenAnalysis) -> str:
    """What became of the ranks."""
    base, adapted = decimal_text(tokens.base_mrr, places=3), decimal_text(tokens.adapted_mrr, places=3)
    word = "higher" if tokens.adapted_mrr > tokens.base_mrr else "lower" if tokens.adapted_mrr < tokens.base_mrr else "as high"
    return (
        f"The adapted model ranks the tokens of domain terms {word}: mean reciprocal rank {adapted} after {base}, median rank "
        f"{_rank(tokens.adapted_median_rank)} after {_rank(tokens.base_median_rank)}."
    )


def extremes(tokens: TokenAnalysis) -> tuple[ClassContribution, ClassContribution]:
    """The classes that add most for the better and for the worse."""
    return min(tokens.classes, key=lambda each: each.contribution), max(tokens.classes, key=lambda each: each.contribution)


def nats(value: float) -> str:
    """A change, with its unit."""
    return f"{figure_text(value, digits=3, signed=True)} nats a token"


def _rank(value: float) -> str:
    """A median of whole numbers: whole, or a half."""
    return decimal_text(value, places=1).removesuffix(".0")
