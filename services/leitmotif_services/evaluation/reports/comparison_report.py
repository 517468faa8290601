"""What a comparison of two models says."""

import math

from leitmotif_services.evaluation.comparison.model_comparison import ModelComparison
from leitmotif_services.evaluation.comparison.paired_comparison import PairedComparison
from leitmotif_services.evaluation.reports.html_parts import key_figures, section
from leitmotif_services.evaluation.reports.number_text import count_text, decimal_text, figure_text, p_text, percent_text
from leitmotif_services.evaluation.reports.page import Body
from leitmotif_services.evaluation.reports.perplexity_report import computed_of, perplexity_table
from leitmotif_services.evaluation.reports.token_analysis_report import token_sections

_LEVEL = 0.05


def comparison_body(compared: ModelComparison) -> Body:
    """The report of a base and an adapted model on the same text."""
    paired = compared.paired
    low, high = paired.ratio_ci95
    drawn = f"{count_text(paired.unit_count)} {paired.units if paired.unit_count != 1 else paired.units.removesuffix('s')}"
    return Body(
        kind="A base and an adapted language model on the same text",
        headline=_headline(paired),
        certainty=_certainty(paired, drawn),
        parts=[
            key_figures(
                [
                    (decimal_text(paired.ratio, places=4), "ratio of perplexities", f"95 % from {_bound(low)} to {_bound(high)}"),
                    (figure_text(compared.base.perplexity), "base perplexity", "a token"),
                    (figure_text(compared.adapted.perplexity), "adapted perplexity", "a token"),
                    (p_text(paired.p_value), "p-value", f"two-sided, over {drawn}"),
                ]
            ),
            *token_sections(compared.tokens),
            section("Both models alone", perplexity_table([("base", compared.base), ("adapted", compared.adapted)])),
        ],
        computed=[*computed_of(compared.base, of="base"), *computed_of(compared.adapted, of="adapted")],
    )


def _headline(paired: PairedComparison) -> str:
    low, high = paired.ratio_ci95
    size = percent_text(abs(paired.ratio - 1))
    if high < 1:
        return f"Adapting helped on this text: perplexity is {size} lower."
    if low > 1:
        return f"Adapting made it worse on this text: perplexity is {size} higher."
    if paired.ratio == 1:
        return "Both models fare alike on this text."
    way = "lower" if paired.ratio < 1 else "higher"
    return f"Whether adapting helped cannot be told: perplexity is {size} {way}, which may be chance."


def _certainty(paired: PairedComparison, drawn: str) -> str:
    low, high = paired.ratio_ci95
    if not (math.isfinite(high) and low > 0):
        said = f"There is no interval: too little spread to draw from in {drawn}."
    else:
        interval = f"from {_as_change(low)} to {_as_change(high)}"
        said = f"The 95 % interval reaches {interval}, over {drawn}; p is {p_text(paired.p_value)}."
    if paired.units != "documents":
        said += " The text has too few documents to draw from, so blocks of 256 tokens were drawn instead."
    if (low > 1 or high < 1) != (paired.p_value < _LEVEL):
        said += " Interval and p-value do not agree: take the case as open."
    return said


def _as_change(ratio: float) -> str:
    return "no change" if ratio == 1 else f"{percent_text(abs(ratio - 1))} {'lower' if ratio < 1 else 'higher'}"


def _bound(value: float) -> str:
    return decimal_text(value, places=4)
