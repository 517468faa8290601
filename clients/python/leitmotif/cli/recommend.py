"""`leitmotif recommend`, `explain` and `listen`."""

from typing import Annotated

import typer

from leitmotif.cli.connection import DEFAULT_ADDRESS, AddressOption, JsonOption, UserArgument, connected
from leitmotif.cli.console import print_json, stdout
from leitmotif.cli.json_values import json_value
from leitmotif.cli.rendering import contributions_table, plain, ranking_table

TrackArgument = Annotated[str, typer.Argument(help="Id of the track.", metavar="TRACK", show_default=False)]


def recommend(
    user: UserArgument,
    count: Annotated[int, typer.Option("--count", "-n", help="Length of the list.", min=1, max=1000)] = 20,
    exclude: Annotated[list[str] | None, typer.Option("--exclude", help="Id of a track to leave out; may be repeated.")] = None,
    include_heard: Annotated[bool, typer.Option("--include-heard", help="Recommend tracks that were heard, too.")] = False,
    address: AddressOption = DEFAULT_ADDRESS,
    as_json: JsonOption = False,
) -> None:
    """Recommend tracks to a user, and say why each is there.

    Examples:

        leitmotif recommend ada

        leitmotif recommend ada --count 5 --json
    """
    with connected(address) as client:
        ranking = client.recommend(user, count, exclude=exclude or (), include_heard=include_heard)
    if as_json:
        print_json({"user_id": user, **json_value(ranking)})
    elif not ranking.tracks:
        stdout.print("Nothing is left to recommend: every track is heard, excluded or muted.")
    else:
        stdout.print(ranking_table(ranking.tracks))


def explain(
    user: UserArgument,
    track: TrackArgument,
    top: Annotated[int, typer.Option("--top", help="Prototypes to list, 0 for all.", min=0)] = 10,
    address: AddressOption = DEFAULT_ADDRESS,
    as_json: JsonOption = False,
) -> None:
    """Explain how a track scores for a user: what each prototype adds.

    Examples:

        leitmotif explain ada track-0042
    """
    with connected(address) as client:
        explanation = client.explain(user, track)
    if as_json:
        print_json({"user_id": user, **json_value(explanation)})
        return
    scored = explanation.track
    title = plain(scored.track.title or scored.track.track_id, "bold")
    if scored.track.artist:
        title.append_text(plain(f" – {scored.track.artist}", "dim"))
    stdout.print(title)
    if explanation.removed_by:
        stdout.print(plain(f"Kept out of recommendations by muting: {', '.join(explanation.removed_by)}", "yellow"))
    else:
        stdout.print(f"Place {scored.rank} of the catalogue.")
    stdout.print(contributions_table(scored, top))


def listen(
    user: UserArgument,
    tracks: Annotated[list[str], typer.Argument(help="Ids of the tracks.", metavar="TRACK...", show_default=False)],
    event: Annotated[
        str, typer.Option("--event", help="What happened: play, like, save, playlist_add, skip or dislike.")
    ] = "play",
    share: Annotated[float | None, typer.Option("--share", help="Share of each track that was heard.", min=0, max=1)] = None,
    address: AddressOption = DEFAULT_ADDRESS,
    as_json: JsonOption = False,
) -> None:
    """Record that a user listened to tracks; makes the profile when there is none.

    Examples:

        leitmotif listen ada track-0001 track-0007

        leitmotif listen ada track-0003 --event dislike
    """
    from leitmotif import Event, EventType

    allowed = [kind.value for kind in EventType if kind is not EventType.UNKNOWN]
    if event not in allowed:
        raise typer.BadParameter(f"{event!r} is not one of {', '.join(allowed)}", param_hint="--event")
    with connected(address) as client:
        receipt = client.listen(user, [Event(track, EventType(event), share) for track in tracks])
    if as_json:
        print_json({"user_id": user, **json_value(receipt)})
    else:
        noun = "event" if receipt.recorded == 1 else "events"
        stdout.print(plain(f"Recorded {receipt.recorded} {noun} for {user}."))
