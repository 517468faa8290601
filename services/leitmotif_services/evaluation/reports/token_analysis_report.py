"""What an analysis of tokens says: where a change comes from, and what became of the domain's own terms."""

import math
from collections.abc import Iterator

from leitmotif_services.evaluation.comparison.token_analysis import ClassContribution, TokenAnalysis, TokenContribution
from leitmotif_services.evaluation.comparison.token_classes import TokenClass
from leitmotif_services.evaluation.reports.charts import Histogram, Pair, Pairs, Picture, SignedBar, SignedBars
from leitmotif_services.evaluation.reports.html_parts import Column, Html, key_figures, paragraph, quoted, section, table, text
from leitmotif_services.evaluation.reports.number_text import count_text, decimal_text, figure_text, percent_text
from leitmotif_services.evaluation.reports.page import Body, figure
from leitmotif_services.evaluation.reports.perplexity_report import counted

CLASS_NAMES = {
    TokenClass.NEWLINE: "line ends",
    TokenClass.WHITESPACE: "other white space",
    TokenClass.PUNCTUATION: "punctuation",
    TokenClass.DIGITS: "digits",
    TokenClass.FUNCTION_WORD: "function words",
    TokenClass.DOMAIN_TERM: "domain terms",
    TokenClass.OTHER: "other words",
}
_DRAWN_TYPES = 15
_DRAWN_TERMS = 15
_NATS = "nats a token of the text"


def token_analysis_body(tokens: TokenAnalysis) -> Body:
    """The report of an analysis by itself."""
    return Body(
        kind="Which tokens a change comes from",
        headline=f"{_change_in_words(tokens)}.",
        certainty=f"{_source_in_words(tokens)} This takes the change on this text apart exactly; whether it would be the same on "
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
                        percent_text(math.expm1(tokens.mean_change), signed=True),
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
        paragraph(text(_without_worst_in_words(tokens))),
        *([figure(drawn)] if drawn else []),
        _without_worst_table(tokens),
    )
    if tokens.domain_terms:
        drawn = term_picture(tokens)
        yield section(
            "How high the domain’s own terms are ranked",
            paragraph(text(_terms_in_words(tokens))),
            *([figure(drawn)] if drawn else []),
            _term_table(tokens),
        )


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
        f"above 0, where the adapted model is worse; the mean is {_nats(tokens.mean_change)}.",
        Histogram(tokens.change_edges, tokens.change_counts, tokens.mean_change, "change of the negative log likelihood, nats"),
        "The outermost bars hold all that lies beyond. Hatched: worse.",
    )


def class_picture(tokens: TokenAnalysis) -> Picture:
    """Bars of the classes."""
    best, worst = _extremes(tokens)
    found = [
        f"{CLASS_NAMES[each.token_class]} add most {way}, {_nats(each.contribution)}"
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
            _NATS,
        ),
        "The bars sum to the change of the mean. Hatched: worse.",
    )


def type_picture(tokens: TokenAnalysis) -> Picture:
    """Bars of the first token types."""
    drawn = tokens.top_tokens[:_DRAWN_TYPES]
    first = drawn[0]
    return Picture(
        f"The {counted(len(drawn), 'token type')} that add most" if len(drawn) > 1 else "The token type that adds most",
        f"Bars of token types: “{first.text}” adds most, {_nats(first.contribution)}, {_way(first.contribution)}.",
        SignedBars(
            tuple(
                SignedBar(
                    each.text,
                    each.contribution,
                    f"{_added(each.contribution)}  ({count_text(each.count)}×)",
                )
                for each in drawn
            ),
            _NATS,
        ),
        "By magnitude; how often each occurs in brackets. ␣ is a space, \\n a line end.",
    )


def without_worst_picture(tokens: TokenAnalysis) -> Picture | None:
    """Both perplexities as more and more types are left out; None where there is no number to draw."""
    rows = [
        each for each in tokens.without_worst if math.isfinite(each.base_perplexity) and math.isfinite(each.adapted_perplexity)
    ]
    if not rows:
        return None
    return Picture(
        "Perplexity without the worst types",
        f"Pairs of perplexities: {_without_worst_in_words(tokens)}",
        Pairs(
            tuple(Pair(f"without the worst {each.types}", each.base_perplexity, each.adapted_perplexity) for each in rows),
            "perplexity a token",
        ),
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
        f"Pairs of mean reciprocal ranks: {_terms_in_words(tokens)}",
        Pairs(pairs, "mean reciprocal rank, 0 to 1"),
        "1 where a model always has the right token first. The terms that weigh most, heaviest first.",
    )


def _class_table(tokens: TokenAnalysis) -> Html:
    columns = [
        Column("class", numeric=False),
        Column("times"),
        Column("share of tokens"),
        Column("adds", _NATS),
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
        Column("adds", _NATS),
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
        Column("types left out"),
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


def _change_in_words(tokens: TokenAnalysis) -> str:
    if tokens.mean_change == 0.0:
        return "Both models fare alike on this text"
    word = "rose" if tokens.mean_change > 0 else "fell"
    return f"Adapted, the perplexity of this text {word} by {percent_text(abs(math.expm1(tokens.mean_change)))}"


def _source_in_words(tokens: TokenAnalysis) -> str:
    best, worst = _extremes(tokens)
    parts = []
    if best.contribution < 0:
        parts.append(f"Most of what became better is in {CLASS_NAMES[best.token_class]} ({_nats(best.contribution)}).")
    if worst.contribution > 0:
        parts.append(f"Most of what became worse is in {CLASS_NAMES[worst.token_class]} ({_nats(worst.contribution)}).")
    return " ".join(parts) or "No class of tokens changed."


def _without_worst_in_words(tokens: TokenAnalysis) -> str:
    if not any(each.share_of_worsening > 0 for each in tokens.without_worst):
        return "No token type worsened."
    ten = next((each for each in tokens.without_worst if each.types == 10), tokens.without_worst[-1])
    return (
        f"The {ten.types} types that worsened most explain {percent_text(ten.share_of_worsening)} of all that became worse. "
        f"Without them the perplexity is {figure_text(ten.base_perplexity)} under the base model and "
        f"{figure_text(ten.adapted_perplexity)} under the adapted one."
    )


def _terms_in_words(tokens: TokenAnalysis) -> str:
    base, adapted = decimal_text(tokens.base_mrr, places=3), decimal_text(tokens.adapted_mrr, places=3)
    word = "higher" if tokens.adapted_mrr > tokens.base_mrr else "lower" if tokens.adapted_mrr < tokens.base_mrr else "as high"
    return (
        f"The adapted model ranks the tokens of domain terms {word}: mean reciprocal rank {adapted} after {base}, median rank "
        f"{figure_text(tokens.adapted_median_rank)} after {figure_text(tokens.base_median_rank)}."
    )


def _extremes(tokens: TokenAnalysis) -> tuple[ClassContribution, ClassContribution]:
    """The classes that add most for the better and for the worse."""
    return min(tokens.classes, key=lambda each: each.contribution), max(tokens.classes, key=lambda each: each.contribution)


def _added(value: float) -> str:
    return decimal_text(value, places=4, signed=True)


def _nats(value: float) -> str:
    return f"{figure_text(value, digits=3, signed=True)} nats a token"


def _way(value: float) -> str:
    return "for the worse" if value > 0 else "for the better"
