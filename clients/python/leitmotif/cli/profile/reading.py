"""`leitmotif profile show`, `watch` and `history`."""

import json
import sys
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from leitmotif.cli.connection import DEFAULT_ADDRESS, AddressOption, JsonOption, UserArgument, connected
from leitmotif.cli.console import print_json, stderr, stdout
from leitmotif.cli.json_values import json_value
from leitmotif.cli.profile.change_texts import changes_text
from leitmotif.cli.prototype_names import created_among
from leitmotif.cli.rendering import listing, plain, weights_table

if TYPE_CHECKING:
    from leitmotif.types import ActivePreset, Edit, Event, Profile


def show(
    user: UserArgument,
    top: Annotated[int, typer.Option("--top", help="Strongest prototypes to show, 0 for all.", min=0)] = 20,
    address: AddressOption = DEFAULT_ADDRESS,
    as_json: JsonOption = False,
) -> None:
    """Show a profile: what listening says, what was asked for, and what comes of both.

    Every edited, muted or pinned prototype is shown, however weak.

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
    stdout.print(plain(f"{profile.user_id}: {profile.event_count} events count"))
    if profile.active_preset is not None:
        stdout.print(plain(_preset_line(profile.active_preset)))
    stdout.print(weights_table(profile, top, edit_only=edit_only))
    if any(weight.prototype_id in edit_only for weight in profile.weights):
        stdout.print("edit only: created after the model was trained; what was heard does not weigh, an edit does.", style="dim")
    if profile.controls_moved is not None:
        for each in profile.controls_moved.carried:
            moved = f"What was asked for {each.from_prototype_id}, which this model lacks, went to {each.to_prototype_id}."
            stdout.print(plain(moved, "yellow"))
        if profile.controls_moved.dropped_prototype_ids:
            lost = ", ".join(profile.controls_moved.dropped_prototype_ids)
            stdout.print(plain(f"Without a place in this model, what was asked for: {lost}", "yellow"))
    if profile.exclusion_count:
        stdout.print(plain(f"{profile.exclusion_count} exclusions: leitmotif profile exclusions {user}", "dim"))
    if any(weight.weak for weight in profile.weights):
        stdout.print("weak: the sound says little about this tag; trust it less.", style="dim")


def watch(
    user: UserArgument,
    top: Annotated[int, typer.Option("--top", help="Strongest prototypes to show, 0 for all.", min=0)] = 10,
    address: AddressOption = DEFAULT_ADDRESS,
    as_json: JsonOption = False,
) -> None:
    """Show a profile now and after every change, whoever makes it, until Ctrl-C.

    With --json, one object a line.

    Examples:

        leitmotif profile watch ada

        leitmotif profile watch ada --json | jq .etag
    """
    with connected(address) as client:
        try:
            for profile in client.profiles(user).watch():
                if as_json:
                    value = {"user_id": user, "deleted": profile is None, **(json_value(profile) if profile else {})}
                    sys.stdout.write(json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n")
                    sys.stdout.flush()
                else:
                    _print_state(user, profile, top)
        except KeyboardInterrupt:
            stderr.print()


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


def _print_state(user: str, profile: "Profile | None", top: int) -> None:
    if profile is None:
        stdout.print(plain(f"{user}: no profile"))
        return
    when = profile.updated_at.strftime("%Y-%m-%d %H:%M:%S") if profile.updated_at else ""
    stdout.print(plain(f"{user}: {profile.event_count} events count, changed {when} UTC"))
    if profile.active_preset is not None:
        stdout.print(plain(_preset_line(profile.active_preset)))
    stdout.print(weights_table(profile, top))


def _preset_line(active: "ActivePreset") -> str:
    until = f" until {active.expires_at:%Y-%m-%d %H:%M:%S} UTC" if active.expires_at else ""
    return f"preset {active.preset_id} at {active.share:.0%}{until}"


def _print_edits(edits: list["Edit"]) -> None:
    if not edits:
        stdout.print("No edits yet.")
        return
    table = listing("#", "When (UTC)", "What", "By", "Why", "")
    for edit in edits:
        made_at = edit.made_at.strftime("%Y-%m-%d %H:%M") if edit.made_at else ""
        cells = (
            str(edit.sequence),
            made_at,
            changes_text(edit.changes),
            edit.actor,
            edit.reason,
            "undone" if edit.undone else "",
        )
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
