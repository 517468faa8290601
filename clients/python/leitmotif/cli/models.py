"""`leitmotif models`: which model answers."""

from typing import TYPE_CHECKING, Annotated

import typer

from leitmotif.cli.connection import DEFAULT_ADDRESS, AddressOption, JsonOption, connected
from leitmotif.cli.console import print_json, stdout
from leitmotif.cli.json_values import json_value
from leitmotif.cli.rendering import listing, plain

if TYPE_CHECKING:
    from leitmotif.types import Model

VersionArgument = Annotated[str, typer.Argument(help="Version of the model.", metavar="VERSION", show_default=False)]

app = typer.Typer(help="See which model answers, and change it.", no_args_is_help=True)


@app.command("list")
def list_(address: AddressOption = DEFAULT_ADDRESS, as_json: JsonOption = False) -> None:
    """List the models that the server could activate, newest first.

    Examples:

        leitmotif models list
    """
    with connected(address) as client:
        models, trial = client.models.list(), client.models.trial()
    if as_json:
        print_json({"models": json_value(models), "trial": json_value(trial)})
        return
    if not models:
        stdout.print("No models yet: `leitmotif ingest DIR --out MODEL_FOLDER` builds one from music.")
        return
    table = listing("", "Version", "Kind", "Tracks", "Prototypes", "Trained (UTC)")
    for model in models:
        created_at = model.created_at.strftime("%Y-%m-%d %H:%M") if model.created_at else ""
        counts = (str(model.track_count), str(model.prototype_count))
        on_trial = trial is not None and model.model_version == trial.model_version
        state = "active" if model.active else "on trial" if on_trial else "loaded" if model.loaded else ""
        table.add_row(state, *map(plain, (model.model_version, model.kind)), *counts, created_at)
    stdout.print(table)


@app.command()
def load(version: VersionArgument, address: AddressOption = DEFAULT_ADDRESS, as_json: JsonOption = False) -> None:
    """Verify a model and load it beside the one that answers, so that activating it takes no time.

    Examples:

        leitmotif models load 3f9ac2d1
    """
    with connected(address) as client:
        model = client.models.load(version)
    _report("is loaded", model, as_json)


@app.command()
def activate(version: VersionArgument, address: AddressOption = DEFAULT_ADDRESS, as_json: JsonOption = False) -> None:
    """Make a model answer, at once and under traffic. One that does not verify changes nothing. Ends a trial.

    Examples:

        leitmotif models activate 3f9ac2d1
    """
    with connected(address) as client:
        model = client.models.activate(version)
    _report("answers", model, as_json)


@app.command()
def rollback(address: AddressOption = DEFAULT_ADDRESS, as_json: JsonOption = False) -> None:
    """Make the model answer that was active before.

    Examples:

        leitmotif models rollback
    """
    with connected(address) as client:
        model = client.models.roll_back()
    _report("answers again", model, as_json)


@app.command()
def trial(
    version: Annotated[
        str | None, typer.Argument(help="Version of the model to try.", metavar="[VERSION]", show_default=False)
    ] = None,
    share: Annotated[float, typer.Option("--share", help="Share of the users that it answers, above 0.", max=1.0)] = 0.1,
    name: Annotated[str, typer.Option("--name", help="Name of the trial; another name draws other users.")] = "trial",
    end: Annotated[bool, typer.Option("--end", help="End the trial: the active model answers everybody.")] = False,
    address: AddressOption = DEFAULT_ADDRESS,
    as_json: JsonOption = False,
) -> None:
    """Try a second model on a share of the users, beside the active one; without VERSION, say what is under way.

    Users are drawn by a hash of their ids: a user stays with one model, and a larger share keeps those of a smaller one.

    Examples:

        leitmotif models trial 3f9ac2d1 --share 0.1 --name autumn

        leitmotif models trial

        leitmotif models trial --end
    """
    if end and version is not None:
        raise typer.BadParameter("give either VERSION or --end")
    if not share > 0:
        raise typer.BadParameter("must be above 0, at most 1", param_hint="--share")
    with connected(address) as client:
        if end:
            ended = client.models.end_trial()
            if as_json:
                print_json({"ended": ended})
            else:
                stdout.print("The trial has ended." if ended else "There was no trial.")
            return
        found = client.models.trial() if version is None else client.models.start_trial(version, share, name)
    if as_json:
        print_json({"trial": json_value(found)})
    elif found is None:
        stdout.print("No trial is under way.")
    else:
        text = f"Trial {found.name}: {found.model_version} answers {found.share:.1%} of the users."
        stdout.print(plain(text))


def _report(done: str, model: "Model", as_json: bool) -> None:
    if as_json:
        print_json(json_value(model))
    else:
        stdout.print(plain(f"{model.model_version} {done}: {model.track_count} tracks, {model.prototype_count} prototypes."))
