"""`leitmotif tracks add` and `delete`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leitmotif.cli.connection import DEFAULT_ADDRESS, AddressOption, JsonOption, advice, connected
from leitmotif.cli.console import fail, print_json, progress, stderr, stdout
from leitmotif.cli.json_values import json_value
from leitmotif.cli.rendering import listing, plain, print_listing, track_title

if TYPE_CHECKING:
    from leitmotif import Client
    from leitmotif.types import IngestedTrack, Track


def add(
    files: Annotated[list[Path], typer.Argument(help="Audio files.", metavar="FILE...", show_default=False)],
    track_id: Annotated[str | None, typer.Option("--id", help="Id of the track; made of the file's name when not given.")] = None,
    title: Annotated[str | None, typer.Option("--title", help="Title; the file's name when not given.")] = None,
    artist: Annotated[str, typer.Option("--artist", help="Artist.")] = "",
    tag: Annotated[list[str] | None, typer.Option("--tag", help="A tag; may be repeated.")] = None,
    year: Annotated[int | None, typer.Option("--year", help="Year of release.")] = None,
    address: AddressOption = DEFAULT_ADDRESS,
    as_json: JsonOption = False,
) -> None:
    """Add tracks to the catalogue from their audio, or replace those of the same id; says what each expresses.

    One that cannot be added does not stop the others; the exit code is 1 then.

    Examples:

        leitmotif tracks add nocturne.ogg --artist Chopin --tag piano --tag calm

        leitmotif tracks add new/*.flac --json
    """
    if len(files) > 1 and (track_id is not None or title is not None):
        raise typer.BadParameter("--id and --title are for a single file")
    added: list[IngestedTrack] = []
    failed: list[dict[str, str]] = []
    with connected(address) as client:
        for file in files:
            described = _described(file, track_id, title, artist, tuple(tag or ()), year)
            outcome = _added(client, file, described)
            if isinstance(outcome, str):
                failed.append({"path": str(file), "reason": outcome})
            else:
                added.append(outcome)
    if as_json:
        print_json({"tracks": json_value(added), "failed": failed})
    elif added:
        table = listing("Id", "Track", "Length", "Expresses")
        for each in added:
            length = f"{int(each.track.duration_s // 60)}:{int(each.track.duration_s % 60):02d}"
            labels = ", ".join(prototype.label for prototype in each.prototypes if prototype.expressed)
            table.add_row(plain(each.track.track_id), track_title(each.track), length, plain(labels))
        print_listing(table)
    for failure in failed:
        stderr.print(plain(f"leitmotif: {failure['path']}: {failure['reason']}"), soft_wrap=True)
    if failed:
        raise typer.Exit(1)


def delete(
    tracks: Annotated[list[str], typer.Argument(help="Ids of the tracks.", metavar="TRACK...", show_default=False)],
    address: AddressOption = DEFAULT_ADDRESS,
    as_json: JsonOption = False,
) -> None:
    """Take tracks out of the catalogue. Unknown ones do not stop the others; the exit code is 1 then.

    Examples:

        leitmotif tracks delete track-0042 track-0107
    """
    with connected(address) as client:
        done = client.tracks.delete(list(dict.fromkeys(tracks)))
    deleted = len(done.deleted_track_ids)
    if as_json:
        print_json(json_value(done))
    elif deleted:
        stdout.print(f"Deleted {deleted} {'track' if deleted == 1 else 'tracks'}.")
    if done.unknown_track_ids:
        fail(f"not in the catalogue: {plain(', '.join(done.unknown_track_ids))}")


def _described(
    file: Path, track_id: str | None, title: str | None, artist: str, tags: tuple[str, ...], year: int | None
) -> "Track":
    from leitmotif import Track
    from leitmotif._ingest_messages import track_named

    named = track_named(file.name)
    return Track(
        named.track_id if track_id is None else track_id,
        title=named.title if title is None else title,
        artist=artist or named.artist,
        tags=tags,
        year=year,
    )


def _added(client: "Client", file: Path, track: "Track") -> "IngestedTrack | str":
    """What became of one file; the reason where it was refused. What is no fault of the file ends the command."""
    from leitmotif import DeadlineExceededError, InvalidArgumentError

    sent_bytes = 0

    def show(sent: int, _total: int) -> None:
        nonlocal sent_bytes
        advance(sent - sent_bytes)
        sent_bytes = sent

    try:
        with progress(f"sending {file.name}", file.stat().st_size) as advance:
            return client.tracks.ingest(file, track, progress=show)
    except OSError as error:
        return f"cannot read it: {error.strerror}"
    except (InvalidArgumentError, DeadlineExceededError) as error:
        return advice(error, client.address)
