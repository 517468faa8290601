"""`leitmotif profile presets`: named overlays over a profile."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from leitmotif.cli.connection import DEFAULT_ADDRESS, AddressOption, JsonOption, UserArgument, connected
from leitmotif.cli.console import print_json, stdout
from leitmotif.cli.json_values import json_value
from leitmotif.cli.prototype_names import prototype_named
from leitmotif.cli.rendering import listing, plain, print_listing, weights_table

if TYPE_CHECKING:
    from leitmotif.types import PresetControl, Profile

app = typer.Typer(help="Named overlays, such as focus or sleep, that never change the profile itself.", no_args_is_help=True)

MOST_MINUTES = 366 * 24 * 60.0
"""A preset may be active for a year at most."""

MinutesOption = Annotated[
    float | None, typer.Option("--minutes", help="How long; else until it is deactivated.", min=0.0, max=MOST_MINUTES)
]
PresetArgument = Annotated[str, typer.Argument(help="Id of the preset.", metavar="PRESET", show_default=False)]


@app.command("list")
def list_(user: UserArgument, address: AddressOption = DEFAULT_ADDRESS, as_json: JsonOption = False) -> None:
    """List a user's presets.

    Examples:

        leitmotif profile presets list ada
    """
    with connected(address) as client:
        saved = client.profiles(user).presets.list()
    if as_json:
        print_json({"user_id": user, **json_value(saved)})
        return
    if not saved.presets:
        stdout.print("No presets yet.")
        return
    table = listing("Id", "Name", "Asks for", "")
    for preset in saved.presets:
        active = saved.active is not None and saved.active.preset_id == preset.preset_id
        cells = (preset.preset_id, preset.label, ", ".join(map(_control_text, preset.controls)), "active" if active else "")
        table.add_row(*map(plain, cells))
    print_listing(table)


@app.command()
def save(
    user: UserArgument,
    preset: PresetArgument,
    edit: Annotated[list[str] | None, typer.Option("--edit", help="PROTOTYPE=EDIT, -4 to 4; may be repeated.")] = None,
    mute: Annotated[list[str] | None, typer.Option("--mute", help="Prototype to mute; may be repeated.")] = None,
    present: Annotated[bool, typer.Option("--present", help="Take the person's present edits and mutes instead.")] = False,
    name: Annotated[str, typer.Option("--name", help="Name for people.")] = "",
    address: AddressOption = DEFAULT_ADDRESS,
    as_json: JsonOption = False,
) -> None:
    """Make a preset, or replace the one of that id. Prototypes are named by id or label.

    Examples:

        leitmotif profile presets save ada focus --edit piano=2 --edit drums=-1 --mute vocals

        leitmotif profile presets save ada now --present --name "As I like it"
    """
    if present == bool(edit or mute):
        raise typer.BadParameter("give either --edit and --mute, or --present")
    wanted = dict(_edit_of(text) for text in edit or ())
    with connected(address) as client:
        presets = client.profiles(user).presets
        if present:
            saved = presets.save_present(preset, label=name)
        else:
            from leitmotif.types import PresetControl

            known = list(client.prototypes.list(show_hidden=True))
            edits = {prototype_named(each, known).prototype_id: value for each, value in wanted.items()}
            mutes = [prototype_named(each, known).prototype_id for each in mute or ()]
            controls = [PresetControl(each, edits.get(each, 0.0), each in mutes) for each in dict.fromkeys([*edits, *mutes])]
            saved = presets.save(preset, controls, label=name)
    if as_json:
        print_json({"user_id": user, **json_value(saved)})
    else:
        stdout.print(plain(f"Saved {saved.preset_id}: {', '.join(map(_control_text, saved.controls))}"))


@app.command()
def activate(
    user: UserArgument,
    preset: PresetArgument,
    share: Annotated[float, typer.Option("--share", help="Share of its edits, above 0, at most 1.", min=0.0, max=1.0)] = 1.0,
    minutes: Annotated[
        float | None, typer.Option("--minutes", help="How long; else until it is deactivated.", min=0.0, max=MOST_MINUTES)
    ] = None,
    address: AddressOption = DEFAULT_ADDRESS,
    as_json: JsonOption = False,
) -> None:
    """Lay a preset over a profile.

    Examples:

        leitmotif profile presets activate ada focus --minutes 90 --share 0.5
    """
    with connected(address) as client:
        duration = None if minutes is None else timedelta(minutes=minutes)
        profile = client.profiles(user).presets.activate(preset, share=share, duration=duration)
    _report(profile, as_json)


@app.command()
def deactivate(user: UserArgument, address: AddressOption = DEFAULT_ADDRESS, as_json: JsonOption = False) -> None:
    """End the active preset.

    Examples:

        leitmotif profile presets deactivate ada
    """
    with connected(address) as client:
        profile = client.profiles(user).presets.deactivate()
    _report(profile, as_json)


@app.command()
def delete(
    user: UserArgument, preset: PresetArgument, address: AddressOption = DEFAULT_ADDRESS, as_json: JsonOption = False
) -> None:
    """Delete a preset; ends it first where it is active.

    Examples:

        leitmotif profile presets delete ada focus
    """
    with connected(address) as client:
        client.profiles(user).presets.delete(preset)
    if as_json:
        print_json({"user_id": user, "preset_id": preset})
    else:
        stdout.print(plain(f"Deleted {preset}."))


def _report(profile: "Profile", as_json: bool) -> None:
    if as_json:
        print_json(json_value(profile))
    else:
        stdout.print(weights_table(profile, 10))


def _control_text(control: "PresetControl") -> str:
    edit = f"{control.prototype_id} {control.edit:+g}" if control.edit or not control.muted else ""
    return " and ".join(part for part in (edit, f"{control.prototype_id} muted" if control.muted else "") if part)


def _edit_of(text: str) -> tuple[str, float]:
    name, _, value = text.rpartition("=")
    try:
        edit = float(value)
    except ValueError:
        edit = float("nan")
    if not name or not -4.0 <= edit <= 4.0:
        raise typer.BadParameter(f"{text!r} is not PROTOTYPE=EDIT with an edit of -4 to 4", param_hint="--edit")
    return name, edit
