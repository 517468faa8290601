"""`leitmotif lm …`: language-model evaluation in this process, on local folders, without a server."""

import typer

from leitmotif_services.evaluation.commands.adapt import adapt
from leitmotif_services.evaluation.commands.compare import compare
from leitmotif_services.evaluation.commands.distance import distance
from leitmotif_services.evaluation.commands.perplexity import perplexity

lm = typer.Typer(name="lm", help="Evaluate language models: adapt one to a domain, or rely on it as it is?", no_args_is_help=True)

lm.command()(perplexity)
lm.command()(compare)
lm.command()(distance)
lm.command()(adapt)
