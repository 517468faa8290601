"""What an analysis of tokens says: where a change comes from, and what became of the domain's own terms."""

import math
from collections.abc import Iterator

from leitmotif_services.evaluation.comparison.token_analysis import TokenAnalysis, TokenContribution
from leitmotif_services.evaluation.reports.html_parts import Column, Html, key_figures, paragraph, quoted, section, table, text
from leitmotif_services.evaluation.reports.number_text import count_text, decimal_text, figure_text, percent_text
from leitmotif_services.evaluation.reports.page import Body, figure
from leitmotif_services.evaluation.reports.token_pictures import (
    change_picture,
    class_picture,
    term_picture,
    type_picture,
    without_worst_picture,
)
from leitmotif_services.evaluation.reports.token_words import (
    CLASS_NAMES,
    NATS,
    change_in_words,
    relative_change,
    source_in_words,
    terms_in_words,
    without_worst_in_words,
)


def token_analysis_body(tokens: TokenAnalysis) -> Body:
    """The report of an analysis by itself."""
    return Body(
        kind="Which tokens a change comes from",
        headline=f"{change_in_words(tokens)}.",
        certainty=f"{source_in_words(tokens)} This takes the change on this text apart exactly; whether it would be the same on "
        "other texts of the domain, a comparison with its interval tells.",
        parts=[
            key_figures(
                [
                    (
                        figure_text(tokens.mean_change, digits=3, signed=True),
                        "change of the mean",
                        "nats a token; below 0 is better",
                    ),
                    (
                        percent_text(relative_change(tokens), signed=True),
                        "change of the perplexity",
                        "adapted against base",
                    ),
                    (count_text(tokens.tokens), "tokens", "scored under both models"),
                ]
            ),
            *token_sections(tokens),
        ],
        computed=(),
    )


def token_sections(tokens: TokenAnalysis) -> Iterator[Html]:
    """The parts of a page that take a change apart."""
    if drawn := change_picture(tokens):
        yield section("How single tokens changed", figure(drawn))
    classes = class_picture(tokens)
    yield section("Which classes of tokens it comes from", figure(classes), _class_table(tokens))
    if tokens.top_tokens:
        yield section(
            "Which token types add most",
            figure(type_picture(tokens)),
            _type_table(tokens),
        )
    drawn = without_worst_picture(tokens)
    yield section(
        "Without the types that worsened most",
        paragraph(text(without_worst_in_words(tokens))),
        *([figure(drawn)] if drawn else []),
        _without_worst_table(tokens),
    )
    if tokens.domain_terms:
        drawn = term_picture(tokens)
        yield section(
            "How high the domain’s own terms are ranked",
            paragraph(text(terms_in_words(tokens))),
            *([figure(drawn)] if drawn else []),
            _term_table(tokens),
        )


def _class_table(tokens: TokenAnalysis) -> Html:
    columns = [
        Column("class", numeric=False),
        Column("times"),
        Column("share of tokens"),
        Column("adds", NATS),
        Column("mean change", "nats a token of the class"),
    ]
    rows = [
        [
            text(CLASS_NAMES[each.token_class]),
            text(count_text(each.count)),
            text(percent_text(each.count / tokens.tokens)),
            _changed(each.contribution, places=5),
            _changed(each.mean_change, places=3),
        ]
        for each in tokens.classes
    ]
    total = [
        text("all"),
        text(count_text(tokens.tokens)),
        text(percent_text(1.0)),
        _changed(tokens.mean_change, places=5),
        _changed(tokens.mean_change, places=3),
    ]
    return table("Classes of tokens; below 0 is better", columns, [*rows, total])


def _type_table(tokens: TokenAnalysis) -> Html:
    columns = [
        Column("token", numeric=False),
        Column("class", numeric=False),
        Column("times"),
        Column("adds", NATS),
        Column("mean change", "nats a token of the type"),
    ]
    return table("Token types by the magnitude of what they add; below 0 is better", columns, map(_type_row, tokens.top_tokens))


def _type_row(each: TokenContribution) -> list[Html]:
    return [
        quoted(each.text),
        text(CLASS_NAMES[each.token_class]),
        text(count_text(each.count)),
        _changed(each.contribution, places=5),
        _changed(each.mean_change, places=3),
    ]


def _without_worst_table(tokens: TokenAnalysis) -> Html:
    columns = [
        Column("types left out", numeric=False),
        Column("share of all worsening", "that they explain"),
        Column("base", "perplexity"),
        Column("adapted", "perplexity"),
        Column("adapted against base"),
    ]
    rows = [
        [
            text(count_text(each.types)),
            text(percent_text(each.share_of_worsening)),
            text(figure_text(each.base_perplexity)),
            text(figure_text(each.adapted_perplexity)),
            _shifted(each.adapted_perplexity, each.base_perplexity),
        ]
        for each in tokens.without_worst
    ]
    return table("Both perplexities without the types that worsened most", columns, rows)


def _term_table(tokens: TokenAnalysis) -> Html:
    columns = [
        Column("term", numeric=False),
        Column("weight", "TF-IDF"),
        Column("times"),
        Column("base", "mean reciprocal rank"),
        Column("adapted", "mean reciprocal rank"),
    ]
    rows = [
        [
            quoted(each.term),
            text(figure_text(each.weight, digits=3)),
            text(count_text(each.count)),
            text(decimal_text(each.base_mrr, places=3)),
            text(decimal_text(each.adapted_mrr, places=3)),
        ]
        for each in tokens.domain_terms
    ]
    return table("Terms of the domain by falling weight; a higher rank is better", columns, rows)


def _changed(value: float, *, places: int) -> Html:
    shown = decimal_text(value, places=places, signed=True)
    return Html(f'<span class="{"worse" if value > 0 else "better"}">{shown}</span>') if shown[0] in "+−" else text(shown)


def _shifted(adapted: float, base: float) -> Html:
    ratio = adapted / base if math.isfinite(adapted) and math.isfinite(base) else math.nan
    if math.isnan(ratio):
        return text("cannot be told")
    return Html(f'<span class="{"worse" if ratio > 1 else "better"}">{percent_text(ratio - 1, signed=True)}</span>')
