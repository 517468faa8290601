"""`leitmotif profile exclusions`, `hide`, `unhide`, `keep-out` and `count`."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from leitmotif.cli.connection import DEFAULT_ADDRESS, AddressOption, JsonOption, UserArgument, connected
from leitmotif.cli.console import print_json, stdout
from leitmotif.cli.json_values import json_value
from leitmotif.cli.rendering import listing, plain, print_listing

if TYPE_CHECKING:
    from leitmotif.types import ChangedExclusions, Exclusions, TimeRange

TracksOption = Annotated[list[str] | None, typer.Option("--track", "-t", help="Id of a track; may be repeated.")]
ArtistsOption = Annotated[
    list[str] | None, typer.Option("--artist", help="An artist, as the catalogue spells the name; may be repeated.")
]
_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
FromOption = Annotated[
    datetime | None, typer.Option("--from", help="What was heard from then on, in UTC.", formats=_FORMATS, show_default=False)
]
ToOption = Annotated[
    datetime | None, typer.Option("--to", help="What was heard before then, in UTC.", formats=_FORMATS, show_default=False)
]


def list_(user: UserArgument, address: AddressOption = DEFAULT_ADDRESS, as_json: JsonOption = False) -> None:
    """List what a user keeps out of recommendations, and out of the profile.

    Examples:

        leitmotif profile exclusions ada
    """
    with connected(address) as client:
        exclusions = client.profiles(user).exclusions.get()
    if as_json:
        print_json({"user_id": user, **json_value(exclusions)})
    else:
        _print(exclusions)


def hide(
    user: UserArgument,
    track: TracksOption = None,
    artist: ArtistsOption = None,
    address: AddressOption = DEFAULT_ADDRESS,
    as_json: JsonOption = False,
) -> None:
    """Never recommend tracks, or tracks of artists.

    Examples:

        leitmotif profile hide ada --track track-0042

        leitmotif profile hide ada --artist "Some Band" --artist Another
    """
    _require(track, artist)
    with connected(address) as client:
        changed = client.profiles(user).exclusions.hide(tracks=track or (), artists=artist or ())
    _report(user, changed, as_json)


def unhide(
    user: UserArgument,
    track: TracksOption = None,
    artist: ArtistsOption = None,
    address: AddressOption = DEFAULT_ADDRESS,
    as_json: JsonOption = False,
) -> None:
    """Recommend hidden tracks and artists again.

    Examples:

        leitmotif profile unhide ada --track track-0042
    """
    _require(track, artist)
    with connected(address) as client:
        changed = client.profiles(user).exclusions.unhide(tracks=track or (), artists=artist or ())
    _report(user, changed, as_json)


def keep_out(
    user: UserArgument,
    track: TracksOption = None,
    artist: ArtistsOption = None,
    begin: FromOption = None,
    end: ToOption = None,
    address: AddressOption = DEFAULT_ADDRESS,
    as_json: JsonOption = False,
) -> None:
    """Keep what was heard, and will be, out of the profile: of tracks, of artists, or in a stretch of time.

    Examples:

        leitmotif profile keep-out ada --track track-0042

        leitmotif profile keep-out ada --from 2026-12-01 --to 2026-12-27
    """
    _require(track, artist, begin, end)
    with connected(address) as client:
        changed = client.profiles(user).exclusions.keep_out(tracks=track or (), artists=artist or (), ranges=_ranges(begin, end))
    _report(user, changed, as_json)


def count(
    user: UserArgument,
    track: TracksOption = None,
    artist: ArtistsOption = None,
    begin: FromOption = None,
    end: ToOption = None,
    address: AddressOption = DEFAULT_ADDRESS,
    as_json: JsonOption = False,
) -> None:
    """Let what was kept out of the profile count again; a stretch of time as it was given.

    Examples:

        leitmotif profile count ada --track track-0042
    """
    _require(track, artist, begin, end)
    with connected(address) as client:
        changed = client.profiles(user).exclusions.count(tracks=track or (), artists=artist or (), ranges=_ranges(begin, end))
    _report(user, changed, as_json)


def _require(*given: object) -> None:
    if not any(given):
        raise typer.BadParameter("name at least one track or artist" + (", or a stretch of time" if len(given) > 2 else ""))


def _ranges(begin: datetime | None, end: datetime | None) -> list["TimeRange"]:
    from leitmotif.types import TimeRange

    if begin is None and end is None:
        return []
    return [TimeRange(begin and begin.replace(tzinfo=UTC), end and end.replace(tzinfo=UTC))]


def _report(user: str, changed: "ChangedExclusions", as_json: bool) -> None:
    if as_json:
        print_json({"user_id": user, **json_value(changed)})
        return
    stdout.print(plain(f"{user}: {changed.profile.event_count} events count."))
    _print(changed.exclusions)


def _print(exclusions: "Exclusions") -> None:
    rows = [("hidden track", track_id) for track_id in exclusions.hidden_track_ids]
    rows += [("hidden artist", artist) for artist in exclusions.hidden_artists]
    rows += [("track kept out", track_id) for track_id in exclusions.uncounted_track_ids]
    rows += [("artist kept out", artist) for artist in exclusions.uncounted_artists]
    rows += [("time kept out", _range_text(stretch)) for stretch in exclusions.uncounted_ranges]
    if not rows:
        stdout.print("Nothing is excluded.")
        return
    table = listing("What", "Id")
    for row in rows:
        table.add_row(*map(plain, row))
    print_listing(table)


def _range_text(stretch: "TimeRange") -> str:
    begin = "…" if stretch.start is None else f"{stretch.start:%Y-%m-%d %H:%M}"
    end = "…" if stretch.end is None else f"{stretch.end:%Y-%m-%d %H:%M}"
    return f"{begin} to {end} UTC"
