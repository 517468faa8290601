"""`leitmotif tracks`: the catalogue."""

from itertools import islice
from typing import Annotated

import typer

from leitmotif.cli import tracks_changes
from leitmotif.cli.connection import DEFAULT_ADDRESS, AddressOption, JsonOption, connected
from leitmotif.cli.console import print_json, stderr, stdout
from leitmotif.cli.json_values import json_value
from leitmotif.cli.ranking_options import ArtistOption, TagOption, YearFromOption, YearToOption, filter_of
from leitmotif.cli.rendering import listing, plain, print_listing, signed_bar

app = typer.Typer(help="Look into the catalogue, and change it.", no_args_is_help=True)


@app.command("list")
def list_(
    query: Annotated[str, typer.Argument(help="Text in title, artist or tags.", metavar="[QUERY]", show_default=False)] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", help="Tracks to list.", min=1)] = 50,
    tag: TagOption = None,
    artist: ArtistOption = None,
    year_from: YearFromOption = None,
    year_to: YearToOption = None,
    address: AddressOption = DEFAULT_ADDRESS,
    as_json: JsonOption = False,
) -> None:
    """List tracks by id: all, those whose title, artist or tags contain a text, or those that the options keep.

    Examples:

        leitmotif tracks list

        leitmotif tracks list jazz --limit 10

        leitmotif tracks list --tag jazz --year-from 1960
    """
    with connected(address) as client:
        # One more than wanted, to know whether there are more.
        kept = filter_of(tag, artist, year_from, year_to)
        tracks = list(islice(client.tracks.list(query, filter=kept, page_size=min(limit + 1, 1000)), limit + 1))
    more = len(tracks) > limit
    if as_json:
        print_json({"tracks": json_value(tracks[:limit]), "more": more})
        return
    table = listing("Id", "Title", "Artist", "Length", "Tags")
    for track in tracks[:limit]:
        length = f"{int(track.duration_s // 60)}:{int(track.duration_s % 60):02d}"
        table.add_row(*map(plain, (track.track_id, track.title, track.artist, length, ", ".join(track.tags))))
    print_listing(table)
    if more:
        stderr.print("There are more: see --limit.", style="dim")


@app.command()
def show(
    track: Annotated[str, typer.Argument(help="Id of the track.", metavar="TRACK", show_default=False)],
    top: Annotated[int, typer.Option("--top", help="Prototypes to show, strongest first; 0 for all.", min=0)] = 10,
    address: AddressOption = DEFAULT_ADDRESS,
    as_json: JsonOption = False,
) -> None:
    """Describe a track: how strongly it expresses each prototype.

    Examples:

        leitmotif tracks show track-0042
    """
    with connected(address) as client:
        described = client.tracks.get(track)
        prototypes = {prototype.position: prototype for prototype in client.prototypes.list(show_hidden=True)}
    affinities = [
        (prototypes[position], affinity) for position, affinity in enumerate(described.affinities) if position in prototypes
    ]
    if as_json:
        named = [{"prototype_id": each.prototype_id, "label": each.label, "affinity": affinity} for each, affinity in affinities]
        print_json({**json_value(described.track), "affinities": json_value(named), "model_version": described.model_version})
        return
    stdout.print(plain(f"{described.track.title or track} – {described.track.artist or 'unknown artist'}", "bold"))
    if described.track.tags:
        stdout.print(plain(f"Tags: {', '.join(described.track.tags)}"))
    strongest = sorted(affinities, key=lambda pair: -pair[1])[: top or None]
    largest = max((affinity for _, affinity in strongest), default=0.0)
    table = listing("Prototype", "", "Affinity")
    for prototype, affinity in strongest:
        table.add_row(plain(prototype.label), signed_bar(affinity, largest, 10)[10:], f"{affinity:.3f}")
    stdout.print(table)


app.command()(tracks_changes.add)
app.command()(tracks_changes.delete)
