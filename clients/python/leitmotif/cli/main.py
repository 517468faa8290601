"""`leitmotif`: the SDK from a shell, and the commands that installed extras bring."""

from typing import Annotated, Any

import typer
import typer.core

from leitmotif.cli import extension_commands, models, profile, prototypes, recommend, tracks, what_if
from leitmotif.cli.console import whole_output

HELP = "Music recommendation that a person can read, steer and have explained."


class CommandGroup(typer.core.TyperGroup):
    """Adds the commands of other packages: named in `--help`, imported when they are run."""

    # The types of click's own classes differ between the releases of Typer, which carries a click of its own now.
    def list_commands(self, ctx: Any) -> list[str]:
        own = super().list_commands(ctx)
        return [*own, *(name for name in extension_commands.extension_commands() if name not in own)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if own := super().get_command(ctx, cmd_name):
            return own
        found = extension_commands.extension_commands().get(cmd_name)
        return found and typer.core.TyperCommand(cmd_name, help=extension_commands.short_help(found))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in self.commands:
            found = extension_commands.extension_commands().get(args[0])
            if found is not None:
                return args[0], extension_commands.load(found), args[1:]
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=CommandGroup,
    help=HELP,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from leitmotif import __version__

        typer.echo(f"leitmotif {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and end.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """What stands before a command."""


app.command()(recommend.recommend)
app.command()(recommend.explain)
app.command("what-if")(what_if.what_if)
app.command()(recommend.similar)
app.command()(recommend.listen)
app.add_typer(profile.app, name="profile")
app.add_typer(prototypes.app, name="prototypes")
app.add_typer(tracks.app, name="tracks")
app.add_typer(models.app, name="models")


def run() -> None:
    """The console script."""
    with whole_output():
        app(prog_name="leitmotif")
