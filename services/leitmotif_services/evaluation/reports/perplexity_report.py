"""What a perplexity result says."""

from leitmotif_services.evaluation.reports.html_parts import Column, Html, key_figures, section, table, text
from leitmotif_services.evaluation.reports.number_text import count_text, decimal_text, figure_text
from leitmotif_services.evaluation.reports.page import Body
from leitmotif_services.evaluation.scoring.perplexity import PerplexityResult


def perplexity_body(result: PerplexityResult) -> Body:
    """The report of one model on one text."""
    documents = counted(result.documents, "document")
    return Body(
        kind="Perplexity of a language model on a text",
        headline=f"The model’s perplexity on this text is {figure_text(result.perplexity)} a token: "
        f"{figure_text(result.bits_per_byte)} bits per byte.",
        certainty=f"Each token was scored exactly once: {counted(result.tokens, 'token')} in {documents}. The figure is exact "
        "for this text and says nothing of how it would vary on others. Between models of different tokenizers, compare bits "
        "per byte, never the perplexity a token.",
        parts=[
            key_figures(
                [
                    (figure_text(result.perplexity), "perplexity", "a token"),
                    (figure_text(result.bits_per_byte), "bits", "a byte"),
                    (count_text(result.tokens), "tokens scored", f"in {documents}"),
                ]
            ),
            section("All figures", perplexity_table([("this text", result)])),
        ],
        computed=computed_of(result),
    )


def perplexity_table(results: list[tuple[str, PerplexityResult]]) -> Html:
    """The figures of one or several results, a column each."""
    shown = [
        ("perplexity a token", [figure_text(each.perplexity) for _, each in results]),
        ("perplexity a word", [figure_text(each.word_perplexity) for _, each in results]),
        ("perplexity a byte", [figure_text(each.byte_perplexity) for _, each in results]),
        ("bits per byte", [figure_text(each.bits_per_byte) for _, each in results]),
        ("mean negative log likelihood, nats a token", [figure_text(each.nll_sum / each.tokens) for _, each in results]),
        ("sum of the negative log likelihood, nats", [decimal_text(each.nll_sum, places=2) for _, each in results]),
        ("tokens", [count_text(each.tokens) for _, each in results]),
        ("words", [count_text(each.words) for _, each in results]),
        ("bytes", [count_text(each.bytes) for _, each in results]),
    ]
    columns = [Column("figure", numeric=False), *(Column(name) for name, _ in results)]
    rows = [[text(name), *map(text, values)] for name, values in shown]
    return table("The text under the model; logarithms are natural unless bits are named", columns, rows)


def computed_of(result: PerplexityResult, *, of: str = "") -> list[tuple[str, str]]:
    """How a result came about; `of` tells several models apart."""
    suffix = f", {of}" if of else ""
    return [
        (f"context{suffix}", f"{counted(result.context, 'token')}"),
        (f"stride{suffix}", f"{counted(result.stride, 'token')}"),
        (f"token before each document{suffix}", "beginning of sequence" if result.bos_prepended else "none"),
        (f"data type of the weights{suffix}", result.dtype),
        (f"throughput{suffix}", f"{figure_text(result.tokens_per_s, digits=3)} tokens a second"),
        (f"model, SHA-256{suffix}", result.model_sha256),
    ]


def counted(count: int, noun: str) -> str:
    """So many of them in words, such as "2 tokens"."""
    return f"{count_text(count)} {noun}{'' if count == 1 else 's'}"
