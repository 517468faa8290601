"""`leitmotif lm distance`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from leitmotif.cli.console import fail, needs_extra, print_json, progress, stdout
from leitmotif_services.evaluation.commands.local_models import (
    MAX_TEXT_BYTES,
    Division,
    DocumentsOption,
    JsonOption,
    MemoryOption,
    SeedOption,
    ThreadsOption,
    json_figures,
    loader,
)
from leitmotif_services.evaluation.commands.written_reports import Outputs, PlotOption, ReportOption

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    import numpy.typing as npt

_EMBEDDED_TOGETHER = 16


def distance(
    domain: Annotated[Path, typer.Option(help="UTF-8 text file of the domain.")],
    reference: Annotated[Path, typer.Option(help="UTF-8 text file to measure from, such as what the model was trained on.")],
    model: Annotated[
        Path | None,
        typer.Option(help="Folder of a language model whose mean states embed; without it, words alone are compared."),
    ] = None,
    documents: DocumentsOption = Division.WHOLE,
    passage_words: Annotated[int, typer.Option(min=16, max=1024, help="Words of a passage.")] = 100,
    max_passages: Annotated[int, typer.Option(min=20, max=20_000, help="Passages of each side at most.")] = 500,
    null_samples: Annotated[int, typer.Option(min=20, max=10_000, help="Draws for the null.")] = 200,
    seed: SeedOption = 0,
    threads: ThreadsOption = 0,
    memory_limit_gb: MemoryOption = 0,
    report: ReportOption = None,
    plot: PlotOption = None,
    json: JsonOption = False,
) -> None:
    """How far a domain is from a reference: each measure beside its null, the reference against itself, as a z-score.

    No absolute number says what is far; z says how far beyond the reference's own scatter it is.

    Examples:

        leitmotif lm distance --domain law.txt --reference web.txt

        leitmotif lm distance --domain law.txt --reference web.txt --model models/gpt2 --json

        leitmotif lm distance --domain law.txt --reference web.txt --report distance.html --plot distance.png
    """
    settings_given = dict(locals())
    outputs = Outputs(report=report, plot=plot)
    with needs_extra("evaluation"):
        import numpy as np

        from leitmotif_services.evaluation.distance.distances import DistanceSettings, distances
        from leitmotif_services.evaluation.distance.passages import drawn, passages_of
        from leitmotif_services.evaluation.inputs.documents import Documents, documents_of
        from leitmotif_services.evaluation.inputs.text import read_text
        from leitmotif_services.runtime.errors import ServiceError
    settings = DistanceSettings(passage_words, max_passages, null_samples, seed)
    rng = np.random.default_rng(seed)
    try:
        domain_passages, reference_passages = (
            drawn(
                passages_of(
                    documents_of(read_text(file, limit_bytes=MAX_TEXT_BYTES), Documents(documents.value)), words=passage_words
                ),
                max_passages,
                rng,
            )
            for file in (domain, reference)
        )
        embed = None if model is None else _embedder(model, threads, memory_limit_gb)
        found = distances(domain_passages, reference_passages, embed, settings)
    except ServiceError as error:
        fail(error.message)
    if json:
        figures = {each.name: each.value for each in found}
        zs = {each.name: each.z for each in found}
        nulls = {each.name: {"mean": each.null_mean, "sd": each.null_sd} for each in found}
        counts = {
            "domain_passages": len(domain_passages),
            "reference_passages": len(reference_passages),
            "null_samples": null_samples,
        }
        print_json(json_figures({**figures, "z": zs, "null": nulls, **counts}))
    else:
        table = Table("measure", "value", "null", "z", title=f"{len(domain_passages)} passages against {len(reference_passages)}")
        for each in found:
            table.add_row(each.name, f"{each.value:.5g}", f"{each.null_mean:.4g} ± {each.null_sd:.2g}", f"{each.z:+.1f}")
        stdout.print(table)
    outputs.write(f"{domain.name} from {reference.name}", found, settings_given)


def _embedder(model: Path, threads: int, memory_limit_gb: float) -> "Callable[[Sequence[str]], npt.NDArray[np.float32]]":
    import numpy as np

    loaded = loader(model, threads=threads, memory_limit_gb=memory_limit_gb)()

    def embed(passages: "Sequence[str]") -> "npt.NDArray[np.float32]":
        with progress("embedding", len(passages)) as advance:
            parts = []
            for first in range(0, len(passages), _EMBEDDED_TOGETHER):
                parts.append(loaded.mean_states(passages[first : first + _EMBEDDED_TOGETHER]))
                advance(len(parts[-1]))
        return np.concatenate(parts)

    return embed
