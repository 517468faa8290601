"""`leitmotif recommend`, `explain`, `similar` and `listen`."""

import math
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from leitmotif.cli.connection import DEFAULT_ADDRESS, AddressOption, JsonOption, UserArgument, connected
from leitmotif.cli.console import print_json, stderr, stdout
from leitmotif.cli.json_values import json_value
from leitmotif.cli.ranking_options import (
    ArtistOption,
    CountOption,
    DiversityOption,
    ExcludeOption,
    ExploreOption,
    IncludeHeardOption,
    MaxPerArtistOption,
    PresetOption,
    PresetShareOption,
    RandomSeedOption,
    SeedTrackOption,
    TagOption,
    YearFromOption,
    YearToOption,
    filter_of,
)
from leitmotif.cli.rendering import contributions_table, listing, plain, ranking_table, track_title

if TYPE_CHECKING:
    from leitmotif.types import Explanation

TrackArgument = Annotated[str, typer.Argument(help="Id of the track.", metavar="TRACK", show_default=False)]


def recommend(
    user: UserArgument,
    count: CountOption = 20,
    tag: TagOption = None,
    artist: ArtistOption = None,
    year_from: YearFromOption = None,
    year_to: YearToOption = None,
    exclude: ExcludeOption = None,
    seed_track: SeedTrackOption = None,
    max_per_artist: MaxPerArtistOption = 0,
    diversity: DiversityOption = 0.0,
    explore: ExploreOption = 0.0,
    random_seed: RandomSeedOption = 0,
    pages: Annotated[int, typer.Option("--pages", help="Lists of --count tracks, one behind the other.", min=1)] = 1,
    include_heard: IncludeHeardOption = False,
    preset: PresetOption = None,
    preset_share: PresetShareOption = None,
    address: AddressOption = DEFAULT_ADDRESS,
    as_json: JsonOption = False,
) -> None:
    """Recommend tracks to a user, and say why each is there.

    Examples:

        leitmotif recommend ada

        leitmotif recommend ada --tag jazz --tag blues --year-to 1969 --max-per-artist 1

        leitmotif recommend ada --seed-track track-0042 --diversity 0.3 --count 5 --json
    """
    from leitmotif import Exploration

    if preset_share is not None and preset is None:
        raise typer.BadParameter("--preset-share needs --preset")
    with connected(address) as client:
        ranking = client.recommend_pages(
            user,
            count,
            filter=filter_of(tag, artist, year_from, year_to),
            exclude=tuple(exclude or ()),
            seeds=tuple(seed_track or ()),
            max_per_artist=max_per_artist,
            diversity=diversity,
            exploration=Exploration(explore, random_seed) if explore else None,
            include_heard=include_heard,
            preset=preset,
            preset_share=preset_share,
        )
        whole = list(islice(ranking, pages))
    tracks = tuple(scored for page in whole for scored in page)
    partial = any(page.partial for page in whole)
    if partial:
        stderr.print("A part of the catalogue did not answer: tracks may be missing.", soft_wrap=True)
    if as_json:
        ranked = replace(whole[-1], tracks=tracks, user_id=user, partial=partial)
        print_json({"user_id": user, **json_value(ranked), "pages": len(whole)})
    elif not tracks:
        stdout.print("Nothing is left to recommend: every track is heard, hidden, excluded, filtered out or muted.")
    else:
        stdout.print(ranking_table(tracks))


def explain(
    user: UserArgument,
    track: TrackArgument,
    top: Annotated[int, typer.Option("--top", help="Prototypes to list, 0 for all.", min=0)] = 10,
    into_top: Annotated[
        int, typer.Option("--into-top", help="Say which edits would put it among so many; 0 does not.", min=0, max=1000)
    ] = 0,
    address: AddressOption = DEFAULT_ADDRESS,
    as_json: JsonOption = False,
) -> None:
    """Explain how a track scores for a user: what each prototype adds, and what would bring it up.

    Examples:

        leitmotif explain ada track-0042

        leitmotif explain ada track-0042 --into-top 10
    """
    with connected(address) as client:
        explanation = client.explain(user, track, target_rank=into_top)
    if as_json:
        print_json({"user_id": user, **json_value(explanation)})
        return
    scored = explanation.track
    stdout.print(track_title(scored.track))
    if explanation.removed_by:
        stdout.print(plain(f"Kept out of recommendations by muting: {', '.join(explanation.removed_by)}", "yellow"))
    else:
        stdout.print(f"Place {scored.rank} of the catalogue.")
    stdout.print(contributions_table(scored, top))
    if into_top:
        _print_lifting_edits(user, into_top, explanation)


def _print_lifting_edits(user: str, into_top: int, explanation: "Explanation") -> None:
    edits = explanation.lifting_edits
    there = "first" if into_top == 1 else f"among the first {into_top}"
    if explanation.removed_by:
        stdout.print(f"To bring it up, end the mute: leitmotif profile unmute {user} {explanation.removed_by[0]}", soft_wrap=True)
    elif explanation.track.rank <= into_top:
        stdout.print(f"It is {there} already.")
    elif not edits:
        stdout.print(f"No edit of a single prototype puts it {there}.")
    else:
        stdout.print(f"Each of these alone puts it {there}:")
        table = listing("Prototype", "Edit", "Place", "Command")
        for edit in edits:
            verb = "boost" if edit.amount > 0 else "reduce"
            # Rounded up: an edit that is a little smaller would fall short.
            amount = f"{math.ceil(abs(edit.amount) * 1000) / 1000:g}"
            command = f"profile {verb} {user} {edit.prototype_id} --amount {amount}"
            table.add_row(plain(edit.label or edit.prototype_id), f"{edit.amount:+.3f}", str(edit.rank), plain(command))
        stdout.print(table)


def similar(
    track: TrackArgument,
    count: CountOption = 20,
    by: Annotated[str, typer.Option("--by", help="What makes tracks alike: sound or affinity.")] = "sound",
    tag: TagOption = None,
    artist: ArtistOption = None,
    year_from: YearFromOption = None,
    year_to: YearToOption = None,
    exclude: ExcludeOption = None,
    address: AddressOption = DEFAULT_ADDRESS,
    as_json: JsonOption = False,
) -> None:
    """Find the tracks that are most like one: by how they sound, or by the prototypes they express.

    Examples:

        leitmotif similar track-0042

        leitmotif similar track-0042 --by affinity --year-from 1990 --count 5
    """
    from leitmotif import Likeness

    if by not in list(Likeness):
        raise typer.BadParameter(f"{by!r} is not one of {', '.join(Likeness)}", param_hint="--by")
    with connected(address) as client:
        kept = filter_of(tag, artist, year_from, year_to)
        found = client.tracks.similar(track, count, by=by, filter=kept, exclude=exclude or ())
    if as_json:
        print_json({"track_id": track, "by": by, **json_value(found)})
    elif not found.tracks:
        stdout.print("No other track is left to compare with.")
    else:
        table = listing("Track", "Alike", "Both express")
        for each in found:
            table.add_row(track_title(each.track), f"{each.similarity:.3f}", plain(", ".join(each.shared_labels)))
        stdout.print(table)


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
