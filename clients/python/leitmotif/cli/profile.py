"""`leitmotif profile`: read a user's taste and change it."""

import json
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leitmotif.cli.connection import DEFAULT_ADDRESS, AddressOption, JsonOption, UserArgument, connected
from leitmotif.cli.console import fail, print_json, stderr, stdout
from leitmotif.cli.json_values import json_value
from leitmotif.cli.prototype_names import created_among, prototype_named
from leitmotif.cli.rendering import listing, plain, weights_table

if TYPE_CHECKING:
    from leitmotif._sync.profiles import UserProfile
    from leitmotif.types import AppliedEdit, ControlChange, Edit, Event

app = typer.Typer(help="Read a user's taste, and change it.", no_args_is_help=True)

PrototypeArgument = Annotated[str, typer.Argument(help="Id or label of the prototype.", metavar="PROTOTYPE", show_default=False)]
AmountOption = Annotated[float, typer.Option("--amount", "-a", help="How much, more than 0, at most 4. Edits add up.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why, for the history.")]
CreateOption = Annotated[bool, typer.Option("--create", help="Make an empty profile first when the user has none.")]

ACTOR = "cli"
"""Who makes the edits, in the edit log."""


@app.command()
def show(
    user: UserArgument,
    top: Annotated[int, typer.Option("--top", help="Strongest prototypes to show, 0 for all.", min=0)] = 20,
    address: AddressOption = DEFAULT_ADDRESS,
    as_json: JsonOption = False,
) -> None:
    """Show a profile: what listening says, what was asked for, and what comes of both.

    Every edited or muted prototype is shown, however weak.

    Examples:

        leitmotif profile show ada

        leitmotif profile show ada --top 0 --json
    """
    with connected(address) as client:
        if as_json:
            print_json(json_value(client.profiles(user).get(top)))
            return
        # All of them: the strongest by weight need not be those that weigh most.
        profile = client.profiles(user).get()
        edit_only = created_among(client.prototypes.list(show_hidden=True))
    stdout.print(plain(f"{profile.user_id}: {profile.event_count} events heard"))
    stdout.print(weights_table(profile, top, edit_only=edit_only))
    if any(weight.prototype_id in edit_only for weight in profile.weights):
        stdout.print("edit only: created after the model was trained; what was heard does not weigh, an edit does.", style="dim")
    if any(weight.weak for weight in profile.weights):
        stdout.print("weak: the sound says little about this tag; trust it less.", style="dim")


@app.command()
def boost(
    user: UserArgument,
    prototype: PrototypeArgument,
    amount: AmountOption = 1.0,
    reason: ReasonOption = "",
    create: CreateOption = False,
    address: AddressOption = DEFAULT_ADDRESS,
    as_json: JsonOption = False,
) -> None:
    """Ask for more of a prototype.

    Examples:

        leitmotif profile boost ada piano

        leitmotif profile boost ada "dark, slow" --amount 2
    """
    _edit(user, prototype, lambda profile, found: profile.boost(found, amount, reason, allow_missing=create), address, as_json)


@app.command()
def reduce(
    user: UserArgument,
    prototype: PrototypeArgument,
    amount: AmountOption = 1.0,
    reason: ReasonOption = "",
    create: CreateOption = False,
    address: AddressOption = DEFAULT_ADDRESS,
    as_json: JsonOption = False,
) -> None:
    """Ask for less of a prototype.

    Examples:

        leitmotif profile reduce ada drums --amount 0.5
    """
    _edit(user, prototype, lambda profile, found: profile.reduce(found, amount, reason, allow_missing=create), address, as_json)


@app.command("set", context_settings={"ignore_unknown_options": True})  # so that -1.5 is a value, not an option
def set_(
    user: UserArgument,
    prototype: PrototypeArgument,
    value: Annotated[float, typer.Argument(help="The edit, -4 to 4.", metavar="VALUE", show_default=False)],
    reason: ReasonOption = "",
    create: CreateOption = False,
    address: AddressOption = DEFAULT_ADDRESS,
    as_json: JsonOption = False,
) -> None:
    """Set the edit of a prototype, whatever it was.

    Examples:

        leitmotif profile set ada piano 1.5

        leitmotif profile set ada drums -2
    """
    _edit(user, prototype, lambda profile, found: profile.set(found, value, reason, allow_missing=create), address, as_json)


@app.command()
def mute(
    user: UserArgument,
    prototype: PrototypeArgument,
    reason: ReasonOption = "",
    create: CreateOption = False,
    address: AddressOption = DEFAULT_ADDRESS,
    as_json: JsonOption = False,
) -> None:
    """Keep tracks that express a prototype out of recommendations.

    Examples:

        leitmotif profile mute ada christmas --reason "not in July"
    """
    _edit(user, prototype, lambda profile, found: profile.mute(found, reason, allow_missing=create), address, as_json)


@app.command()
def unmute(
    user: UserArgument,
    prototype: PrototypeArgument,
    reason: ReasonOption = "",
    address: AddressOption = DEFAULT_ADDRESS,
    as_json: JsonOption = False,
) -> None:
    """End a mute.

    Examples:

        leitmotif profile unmute ada christmas
    """
    _edit(user, prototype, lambda profile, found: profile.unmute(found, reason), address, as_json)


@app.command()
def reset(
    user: UserArgument,
    prototype: PrototypeArgument,
    reason: ReasonOption = "",
    address: AddressOption = DEFAULT_ADDRESS,
    as_json: JsonOption = False,
) -> None:
    """Forget what was asked for of a prototype: no edit, no mute.

    Examples:

        leitmotif profile reset ada piano
    """
    _edit(user, prototype, lambda profile, found: profile.reset(found, reason), address, as_json)


@app.command()
def undo(user: UserArgument, address: AddressOption = DEFAULT_ADDRESS, as_json: JsonOption = False) -> None:
    """Take back the last edit.

    Examples:

        leitmotif profile undo ada
    """
    with connected(address) as client:
        applied = client.profiles(user, actor=ACTOR).undo()
    _report("Undone", applied, as_json)


@app.command()
def redo(user: UserArgument, address: AddressOption = DEFAULT_ADDRESS, as_json: JsonOption = False) -> None:
    """Apply the edit that was undone last again.

    Examples:

        leitmotif profile redo ada
    """
    with connected(address) as client:
        applied = client.profiles(user, actor=ACTOR).redo()
    _report("Done again", applied, as_json)


@app.command()
def history(
    user: UserArgument,
    limit: Annotated[int, typer.Option("--limit", "-n", help="Entries to list.", min=1)] = 50,
    events: Annotated[bool, typer.Option("--events", help="List what was heard instead of the edits.")] = False,
    address: AddressOption = DEFAULT_ADDRESS,
    as_json: JsonOption = False,
) -> None:
    """List the edits of a profile, newest first, or what was heard, oldest first.

    Examples:

        leitmotif profile history ada

        leitmotif profile history ada --events --limit 10
    """
    with connected(address) as client:
        profile = client.profiles(user)
        heard = list(islice(profile.events(), limit)) if events else []
        edits = [] if events else list(islice(profile.edits(), limit))
    if as_json:
        print_json({"user_id": user, "events" if events else "edits": json_value(heard if events else edits)})
    elif events:
        _print_events(heard)
    else:
        _print_edits(edits)


@app.command()
def export(
    user: UserArgument,
    out: Annotated[Path | None, typer.Option("--out", help="File to write; stdout when not given.")] = None,
    address: AddressOption = DEFAULT_ADDRESS,
    as_json: JsonOption = False,
) -> None:
    """Write everything that is kept of a user, as JSON.

    Examples:

        leitmotif profile export ada --out ada.json
    """
    with connected(address) as client:
        document = client.profiles(user).export()
    if out is None:
        print_json(document)
        return
    try:
        out.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        fail(f"cannot write {out}: {error.strerror}")
    if as_json:
        print_json({"user_id": user, "file": str(out)})
    else:
        stdout.print(plain(f"Wrote {out}."))


@app.command()
def delete(
    user: UserArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    address: AddressOption = DEFAULT_ADDRESS,
    as_json: JsonOption = False,
) -> None:
    """Erase everything that is kept of a user.

    Examples:

        leitmotif profile export ada --out ada.json && leitmotif profile delete ada --yes
    """
    if not yes:
        if not sys.stdin.isatty():
            raise typer.BadParameter("give --yes where nobody can be asked", param_hint="--yes")
        typer.confirm(f"Erase everything that is kept of {user}?", abort=True, err=True)
    with connected(address) as client:
        existed = client.profiles(user).delete()
    if as_json:
        print_json({"user_id": user, "existed": existed})
    else:
        stdout.print(plain(f"Erased {user}." if existed else f"There was nothing to erase of {user}."))


def _edit(user: str, name: str, change: Callable[["UserProfile", str], "AppliedEdit"], address: str, as_json: bool) -> None:
    with connected(address) as client:
        known = list(client.prototypes.list(show_hidden=True))
        prototype = prototype_named(name, known)
        applied = change(client.profiles(user, actor=ACTOR), prototype.prototype_id)
        if as_json:
            print_json(json_value(applied))
            return
        edited = client.profiles(user).get()
    stdout.print(plain(f"{user}: {_changes(applied.edit.changes)}"))
    stdout.print(weights_table(edited, 10, emphasised=[prototype.prototype_id], edit_only=created_among(known)))
    stderr.print(plain(f"Take it back: leitmotif profile undo {user}", "dim"))


def _report(done: str, applied: "AppliedEdit", as_json: bool) -> None:
    if as_json:
        print_json(json_value(applied))
    else:
        stdout.print(plain(f"{done}: {_changes(applied.edit.changes)} (edit {applied.edit.sequence})"))


def _changes(changes: tuple["ControlChange", ...]) -> str:
    return ", ".join(
        f"{change.action} {change.prototype_id}" + ("" if change.amount is None else f" {change.amount:g}") for change in changes
    )


def _print_edits(edits: list["Edit"]) -> None:
    if not edits:
        stdout.print("No edits yet.")
        return
    table = listing("#", "When (UTC)", "What", "By", "Why", "")
    for edit in edits:
        made_at = edit.made_at.strftime("%Y-%m-%d %H:%M") if edit.made_at else ""
        cells = (str(edit.sequence), made_at, _changes(edit.changes), edit.actor, edit.reason, "undone" if edit.undone else "")
        table.add_row(*(plain(cell, "dim" if edit.undone else "") for cell in cells))
    stdout.print(table)


def _print_events(events: list["Event"]) -> None:
    if not events:
        stdout.print("Nothing heard yet.")
        return
    table = listing("When (UTC)", "What", "Track", "Heard")
    for event in events:
        occurred_at = event.occurred_at.strftime("%Y-%m-%d %H:%M") if event.occurred_at else ""
        heard = "" if event.share_heard is None else f"{event.share_heard:.0%}"
        table.add_row(*map(plain, (occurred_at, event.type.value, event.track_id, heard)))
    stdout.print(table)
