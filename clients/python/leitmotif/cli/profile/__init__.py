"""`leitmotif profile`: read a user's taste, change it, keep things out of it, take it along."""

import typer

from leitmotif.cli.profile import custody, edits, exclusions, presets, reading

app = typer.Typer(help="Read a user's taste, and change it.", no_args_is_help=True)

app.command()(reading.show)
app.command()(reading.watch)
app.command()(reading.history)
app.command()(edits.boost)
app.command()(edits.reduce)
app.command("set", context_settings={"ignore_unknown_options": True})(edits.set_)  # so that -1.5 is a value, not an option
app.command()(edits.mute)
app.command()(edits.unmute)
app.command()(edits.pin)
app.command()(edits.unpin)
app.command()(edits.reset)
app.command()(edits.undo)
app.command()(edits.redo)
app.command("exclusions")(exclusions.list_)
app.command()(exclusions.hide)
app.command()(exclusions.unhide)
app.command("keep-out")(exclusions.keep_out)
app.command()(exclusions.count)
app.add_typer(presets.app, name="presets")
app.command()(custody.export)
app.command("import")(custody.import_)
app.command()(custody.delete)
