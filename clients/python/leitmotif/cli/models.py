"""`leitmotif models`: which model answers."""

from typing import Annotated

import typer

from leitmotif.cli.connection import DEFAULT_ADDRESS, AddressOption, JsonOption, connected
from leitmotif.cli.console import print_json, stdout
from leitmotif.cli.json_values import json_value
from leitmotif.cli.rendering import listing, plain

app = typer.Typer(help="See which model answers, and change it.", no_args_is_help=True)


@app.command("list")
def list_(address: AddressOption = DEFAULT_ADDRESS, as_json: JsonOption = False) -> None:
    """List the models that the server could activate, newest first.

    Examples:

        leitmotif models list
    """
    with connected(address) as client:
        models = client.models.list()
    if as_json:
        print_json({"models": json_value(models)})
        return
    if not models:
        stdout.print("No models yet: `leitmotif ingest DIR --out MODEL_FOLDER` builds one from music.")
        return
    table = listing("", "Version", "Kind", "Tracks", "Prototypes", "Trained (UTC)")
    for model in models:
        created_at = model.created_at.strftime("%Y-%m-%d %H:%M") if model.created_at else ""
        counts = (str(model.track_count), str(model.prototype_count))
        table.add_row("active" if model.active else "", *map(plain, (model.model_version, model.kind)), *counts, created_at)
    stdout.print(table)


@app.command()
def activate(
    version: Annotated[str, typer.Argument(help="Version of the model.", metavar="VERSION", show_default=False)],
    address: AddressOption = DEFAULT_ADDRESS,
    as_json: JsonOption = False,
) -> None:
    """Make a model answer, at once and under traffic. One that does not verify changes nothing.

    Examples:

        leitmotif models activate 3f9ac2d1
    """
    with connected(address) as client:
        model = client.models.activate(version)
    if as_json:
        print_json(json_value(model))
    else:
        stdout.print(plain(f"{model.model_version} answers: {model.track_count} tracks, {model.prototype_count} prototypes."))
