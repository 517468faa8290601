"""`leitmotif profile boost` and the other edits, and what takes them back."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from leitmotif.cli.connection import DEFAULT_ADDRESS, AddressOption, JsonOption, UserArgument, connected
from leitmotif.cli.console import print_json, stderr, stdout
from leitmotif.cli.json_values import json_value
from leitmotif.cli.profile.change_texts import changes_text
from leitmotif.cli.prototype_names import created_among, prototype_named
from leitmotif.cli.rendering import plain, weights_table

if TYPE_CHECKING:
    from leitmotif._sync.profiles import UserProfile
    from leitmotif.types import AppliedEdit

PrototypeArgument = Annotated[str, typer.Argument(help="Id or label of the prototype.", metavar="PROTOTYPE", show_default=False)]
AmountOption = Annotated[float, typer.Option("--amount", "-a", help="How much, more than 0, at most 4. Edits add up.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why, for the history.")]
CreateOption = Annotated[bool, typer.Option("--create", help="Make an empty profile first when the user has none.")]
EditOption = Annotated[int, typer.Option("--edit", help="Number of the edit, as `history` shows it; 0 for the last.", min=0)]

ACTOR = "cli"
"""Who makes the edits, in the edit log."""


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


def pin(
    user: UserArgument,
    prototype: PrototypeArgument,
    reason: ReasonOption = "",
    create: CreateOption = False,
    address: AddressOption = DEFAULT_ADDRESS,
    as_json: JsonOption = False,
) -> None:
    """Keep what listening says of a prototype as it is now, whatever is listened to; edits still add to it.

    Examples:

        leitmotif profile pin ada piano --reason "the children listen too"
    """
    _edit(user, prototype, lambda profile, found: profile.pin(found, reason, allow_missing=create), address, as_json)


def unpin(
    user: UserArgument,
    prototype: PrototypeArgument,
    reason: ReasonOption = "",
    address: AddressOption = DEFAULT_ADDRESS,
    as_json: JsonOption = False,
) -> None:
    """End a pin.

    Examples:

        leitmotif profile unpin ada piano
    """
    _edit(user, prototype, lambda profile, found: profile.unpin(found, reason), address, as_json)


def reset(
    user: UserArgument,
    prototype: PrototypeArgument,
    reason: ReasonOption = "",
    address: AddressOption = DEFAULT_ADDRESS,
    as_json: JsonOption = False,
) -> None:
    """Forget what was asked for of a prototype: no edit, no mute, no pin.

    Examples:

        leitmotif profile reset ada piano
    """
    _edit(user, prototype, lambda profile, found: profile.reset(found, reason), address, as_json)


def undo(user: UserArgument, edit: EditOption = 0, address: AddressOption = DEFAULT_ADDRESS, as_json: JsonOption = False) -> None:
    """Take back the last edit, or one that is named.

    Examples:

        leitmotif profile undo ada

        leitmotif profile undo ada --edit 7
    """
    with connected(address) as client:
        applied = client.profiles(user, actor=ACTOR).undo(edit)
    _report("Undone", applied, as_json)


def redo(user: UserArgument, edit: EditOption = 0, address: AddressOption = DEFAULT_ADDRESS, as_json: JsonOption = False) -> None:
    """Apply the edit that was undone last again, or one that is named.

    Examples:

        leitmotif profile redo ada
    """
    with connected(address) as client:
        applied = client.profiles(user, actor=ACTOR).redo(edit)
    _report("Done again", applied, as_json)


def _edit(user: str, name: str, change: Callable[["UserProfile", str], "AppliedEdit"], address: str, as_json: bool) -> None:
    with connected(address) as client:
        known = list(client.prototypes.list(show_hidden=True))
        prototype = prototype_named(name, known)
        applied = change(client.profiles(user, actor=ACTOR), prototype.prototype_id)
        if as_json:
            print_json(json_value(applied))
            return
        edited = client.profiles(user).get()
    stdout.print(plain(f"{user}: {changes_text(applied.edit.changes)}"))
    stdout.print(weights_table(edited, 10, emphasised=[prototype.prototype_id], edit_only=created_among(known)))
    stderr.print(plain(f"Take it back: leitmotif profile undo {user}", "dim"))


def _report(done: str, applied: "AppliedEdit", as_json: bool) -> None:
    if as_json:
        print_json(json_value(applied))
    else:
        stdout.print(plain(f"{done}: {changes_text(applied.edit.changes)} (edit {applied.edit.sequence})"))
