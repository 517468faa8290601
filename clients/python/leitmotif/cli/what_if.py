"""`leitmotif what-if`: what edits would do, before anybody makes them."""

from collections.abc import Iterable
from typing import Annotated

import typer

from leitmotif.cli.connection import DEFAULT_ADDRESS, AddressOption, JsonOption, UserArgument, connected
from leitmotif.cli.console import print_json, stderr, stdout
from leitmotif.cli.json_values import json_value
from leitmotif.cli.prototype_names import prototype_named
from leitmotif.cli.ranking_options import (
    ArtistOption,
    CountOption,
    ExcludeOption,
    IncludeHeardOption,
    TagOption,
    YearFromOption,
    YearToOption,
    filter_of,
)
from leitmotif.cli.rendering import changes_table, comparison_table

AmountsOption = list[str] | None


def what_if(
    user: UserArgument,
    boost: Annotated[AmountsOption, typer.Option("--boost", help="Prototype to ask more of, as NAME or NAME=AMOUNT.")] = None,
    reduce: Annotated[AmountsOption, typer.Option("--reduce", help="Prototype to ask less of, as NAME or NAME=AMOUNT.")] = None,
    mute: Annotated[list[str] | None, typer.Option("--mute", help="Prototype to mute.")] = None,
    unmute: Annotated[list[str] | None, typer.Option("--unmute", help="Prototype to end a mute of.")] = None,
    reset: Annotated[list[str] | None, typer.Option("--reset", help="Prototype to forget all edits of.")] = None,
    count: CountOption = 10,
    tag: TagOption = None,
    artist: ArtistOption = None,
    year_from: YearFromOption = None,
    year_to: YearToOption = None,
    exclude: ExcludeOption = None,
    include_heard: IncludeHeardOption = False,
    create: Annotated[bool, typer.Option("--create", help="Take an empty profile when the user has none.")] = False,
    address: AddressOption = DEFAULT_ADDRESS,
    as_json: JsonOption = False,
) -> None:
    """Show what edits would do to a user's list: before and after, what enters and leaves, and why. Nothing is changed.

    Prototypes are named by id or label; each option may be repeated.

    Examples:

        leitmotif what-if ada --boost piano --mute christmas

        leitmotif what-if ada --boost "dark, slow=2" --reduce drums=0.5 --count 5
    """
    wanted = {
        "boost": [_amount_of(text, "--boost") for text in boost or ()],
        "reduce": [_amount_of(text, "--reduce") for text in reduce or ()],
    }
    if not (boost or reduce or mute or unmute or reset):
        raise typer.BadParameter("name at least one edit: --boost, --reduce, --mute, --unmute or --reset")
    with connected(address) as client:
        known = list(client.prototypes.list(show_hidden=True))

        def ids(names: Iterable[str] | None) -> list[str]:
            return [prototype_named(name, known).prototype_id for name in names or ()]

        compared = client.what_if(
            user,
            boost={prototype_named(name, known).prototype_id: amount for name, amount in wanted["boost"]},
            reduce={prototype_named(name, known).prototype_id: amount for name, amount in wanted["reduce"]},
            mute=ids(mute),
            unmute=ids(unmute),
            reset=ids(reset),
            count=count,
            allow_missing=create,
            filter=filter_of(tag, artist, year_from, year_to),
            exclude=tuple(exclude or ()),
            include_heard=include_heard,
        )
    if as_json:
        print_json({"user_id": user, **json_value(compared)})
        return
    stdout.print(comparison_table(compared))
    if compared.entered:
        stdout.print(changes_table(compared.entered, "Enters"))
    if compared.left:
        stdout.print(changes_table(compared.left, "Leaves"))
    if not (compared.entered or compared.left):
        stdout.print("The same tracks are on both lists.")
    stderr.print("Nothing was changed: `leitmotif profile` makes edits.", style="dim")


def _amount_of(text: str, option: str) -> tuple[str, float]:
    """NAME or NAME=AMOUNT; a label may hold an equals sign where no number follows."""
    name, equals, amount = text.rpartition("=")
    if not equals:
        return text, 1.0
    try:
        value = float(amount)
    except ValueError:
        return text, 1.0
    if not 0.0 < value <= 4.0:
        raise typer.BadParameter(f"the amount of {text!r} must be more than 0 and at most 4", param_hint=option)
    return name, value
