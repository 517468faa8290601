"""`leitmotif lm compare`."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from leitmotif.cli.console import fail, needs_extra, print_json, stdout
from leitmotif_services.evaluation.commands.local_models import (
    MAX_TEXT_BYTES,
    BatchOption,
    BosOption,
    ContextOption,
    Division,
    DocumentsOption,
    JsonOption,
    MemoryOption,
    SeedOption,
    StrideOption,
    ThreadsOption,
    check_stride,
    json_figures,
    loader,
    shown_progress,
)
from leitmotif_services.evaluation.commands.written_reports import Outputs, PlotOption, ReportOption

if TYPE_CHECKING:
    from leitmotif_services.evaluation.comparison.model_comparison import ModelComparison

REFERENCE_WORDS = 100
"""Words of the passages that a reference is cut into."""


def compare(
    base: Annotated[Path, typer.Option(help="Folder of the base model.")],
    adapted: Annotated[Path, typer.Option(help="Folder of the adapted model; its tokenizer must be the same.")],
    text: Annotated[Path, typer.Option(help="UTF-8 text file, which the adapted model did not train on.")],
    reference: Annotated[
        Path | None, typer.Option(help="Text that domain terms stand out against, such as general text; none without it.")
    ] = None,
    context: ContextOption = 0,
    stride: StrideOption = 0,
    batch: BatchOption = 1,
    bos: BosOption = None,
    documents: DocumentsOption = Division.WHOLE,
    top: Annotated[int, typer.Option(min=1, max=1000, help="Token types to list.")] = 20,
    samples: Annotated[int, typer.Option(min=100, max=100_000, help="Draws for the interval, and for the p-value.")] = 2000,
    seed: SeedOption = 0,
    threads: ThreadsOption = 0,
    memory_limit_gb: MemoryOption = 0,
    report: ReportOption = None,
    plot: PlotOption = None,
    json: JsonOption = False,
) -> None:
    """Compare a base and an adapted model on the same text, token by token: how sure the change is, and where it comes from.

    Intervals are over documents, or over blocks of 256 tokens where there are fewer than 20 documents.

    Examples:

        leitmotif lm compare --base models/gpt2 --adapted models/gpt2-law --text law-test.txt --reference web.txt

        leitmotif lm compare --base a --adapted b --text test.txt --documents paragraphs --json

        leitmotif lm compare --base a --adapted b --text test.txt --report compared.html
    """
    settings_given = dict(locals())
    check_stride(context, stride)
    outputs = Outputs(report=report, plot=plot)
    with needs_extra("evaluation"):
        from leitmotif_services.evaluation.comparison.model_comparison import compare_models
        from leitmotif_services.evaluation.comparison.paired_comparison import Sampling
        from leitmotif_services.evaluation.distance.passages import passages_of
        from leitmotif_services.evaluation.inputs.documents import Documents
        from leitmotif_services.evaluation.inputs.text import read_text
        from leitmotif_services.evaluation.scoring.scoring_settings import BosPolicy, ScoringSettings
        from leitmotif_services.runtime.errors import ServiceError
    try:
        content = read_text(text, limit_bytes=MAX_TEXT_BYTES)
        passages = passages_of([read_text(reference, limit_bytes=MAX_TEXT_BYTES)], words=REFERENCE_WORDS) if reference else []
        load_base, load_adapted = (loader(folder, threads=threads, memory_limit_gb=memory_limit_gb) for folder in (base, adapted))
        settings = ScoringSettings(context, stride, BosPolicy(bos.value if bos else "auto"), batch, Documents(documents.value))
        with shown_progress() as on_progress:
            compared = compare_models(
                load_base,
                load_adapted,
                content,
                settings,
                sampling=Sampling(samples, samples, seed),
                reference=passages,
                top=top,
                on_progress=on_progress,
            )
    except ServiceError as error:
        fail(error.message)
    if json:
        print_json(json_figures(_figures(compared)))
    else:
        _print(compared)
    outputs.write(f"{adapted.name} against {base.name} on {text.name}", compared, settings_given)


def _figures(compared: "ModelComparison") -> dict[str, object]:
    tokens = asdict(compared.tokens)
    return {
        "base_perplexity": compared.base.perplexity,
        "adapted_perplexity": compared.adapted.perplexity,
        "ratio": compared.paired.ratio,
        "ratio_ci95": list(compared.paired.ratio_ci95),
        "p_value": compared.paired.p_value,
        "units": compared.paired.units,
        "unit_count": compared.paired.unit_count,
        **tokens,
        "base": asdict(compared.base),
        "adapted": asdict(compared.adapted),
    }


def _print(compared: "ModelComparison") -> None:
    paired, tokens = compared.paired, compared.tokens
    low, high = paired.ratio_ci95
    stdout.print(f"base      {compared.base.perplexity:.6g}")
    stdout.print(f"adapted   {compared.adapted.perplexity:.6g}")
    drawn = f"{paired.unit_count} {paired.units}"
    stdout.print(f"ratio     {paired.ratio:.4f}  95 % [{low:.4f}, {high:.4f}]  p {paired.p_value:.4f}  over {drawn}")
    told = "worse" if low > 1 else "better" if high < 1 else "not surely other"
    stdout.print(f"The adapted model is {told} on this text; {tokens.tokens} tokens.")
    types = Table("token", "class", "times", "adds (nats a token)", "mean change", title="types that add most")
    for each in tokens.top_tokens:
        cells = (
            repr(each.text),
            each.token_class.value,
            str(each.count),
            f"{each.contribution:+.5f}",
            f"{each.mean_change:+.3f}",
        )
        types.add_row(*cells)
    stdout.print(types)
    classes = Table("class", "times", "adds (nats a token)", "mean change")
    for part in tokens.classes:
        classes.add_row(part.token_class.value, str(part.count), f"{part.contribution:+.5f}", f"{part.mean_change:+.3f}")
    stdout.print(classes)
    without = Table("without the worst", "share of the worsening", "base", "adapted")
    for left in tokens.without_worst:
        without.add_row(
            str(left.types), f"{left.share_of_worsening:.1%}", f"{left.base_perplexity:.5g}", f"{left.adapted_perplexity:.5g}"
        )
    stdout.print(without)
    if tokens.domain_terms:
        terms = Table("term", "times", "mean reciprocal rank, base", "adapted", title="what the domain is about")
        for term in tokens.domain_terms:
            terms.add_row(term.term, str(term.count), f"{term.base_mrr:.3f}", f"{term.adapted_mrr:.3f}")
        overall = (f"{tokens.base_mrr:.3f}", f"{tokens.adapted_mrr:.3f}")
        terms.add_row("all", str(sum(term.count for term in tokens.domain_terms)), *overall)
        stdout.print(terms)
        stdout.print(f"median rank: base {tokens.base_median_rank:g}, adapted {tokens.adapted_median_rank:g}")
