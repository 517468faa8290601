"""The demo as a person reads it: the prototypes with a bar for their weight, the list before and after, and the reasons."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from leitmotif.types import Profile, Prototype, PrototypeWeight, ScoredTrack
from leitmotif_services.embedded.demo_scenario import Outcome, SteeredList

_BAR_CELLS = 12
_MOST_WEIGHTS = 12
_MOST_TRACKS = 10


def print_outcome(outcome: Outcome, console: Console) -> None:
    """Print the whole scenario."""
    _print_weights(outcome, console)
    _print_step(
        console,
        f"Turned up [bold]{escape(outcome.boosted.label)}[/] by {outcome.boost:g}: "
        f"{outcome.before.boosted_share:.0%} → {outcome.after_boost.boosted_share:.0%} of the list",
        outcome.before,
        outcome.after_boost,
    )
    _print_step(
        console,
        f"Muted [bold]{escape(outcome.muted.label)}[/]: "
        f"{outcome.after_boost.muted_share:.0%} → {outcome.after_mute.muted_share:.0%} of the list",
        outcome.after_boost,
        outcome.after_mute,
    )
    restored = outcome.after_undo.track_ids == outcome.before.track_ids
    console.print(
        f"Undid all of it: {'the very list from before is back' if restored else 'the list differs from the one before'}.",
        style="bold green" if restored else "bold red",
    )


def _print_weights(outcome: Outcome, console: Console) -> None:
    shown = _worth_showing(outcome)
    before = _by_id(outcome.profile_before)
    after = _by_id(outcome.profile_after)
    longest = max((abs(weights[name].weight) for weights in (before, after) for name in shown), default=0.0) or 1.0
    prototypes = {prototype.prototype_id: prototype for prototype in outcome.prototypes}
    table = Table(title=f"What the platform thinks {outcome.user_id} likes", title_justify="left", box=None, pad_edge=False)
    table.add_column("prototype")
    table.add_column("from listening")
    table.add_column("after steering")
    table.add_column("sounds like", overflow="ellipsis", no_wrap=True)
    for name in shown:
        table.add_row(
            escape(prototypes[name].label),
            _bar(before[name], longest),
            _bar(after[name], longest),
            _exemplar(prototypes[name]),
        )
    console.print()
    console.print(table)


def _worth_showing(outcome: Outcome) -> list[str]:
    """Ids of the strongest prototypes before, and of every one that was steered."""
    strongest = sorted(outcome.profile_before.weights, key=lambda weight: -abs(weight.weight))[:_MOST_WEIGHTS]
    names = [weight.prototype_id for weight in strongest]
    return names + [steered.prototype_id for steered in (outcome.boosted, outcome.muted) if steered.prototype_id not in names]


def _by_id(profile: Profile) -> dict[str, PrototypeWeight]:
    return {weight.prototype_id: weight for weight in profile.weights}


def _bar(weight: PrototypeWeight, longest: float) -> str:
    if weight.muted:
        return "[dim]muted[/]"
    cells = round(abs(weight.weight) / longest * _BAR_CELLS)
    colour = "green" if weight.weight >= 0 else "red"
    return f"[{colour}]{'█' * cells}[/]{' ' * (_BAR_CELLS - cells)} {weight.weight:+.2f}"


def _exemplar(prototype: Prototype) -> str:
    if not prototype.exemplars:
        return ""
    first = prototype.exemplars[0]
    return f"{escape(first.title)} at {first.start_s:.0f} s"


def _print_step(console: Console, title: str, before: SteeredList, after: SteeredList) -> None:
    console.print()
    console.print(title)
    table = Table(box=None, pad_edge=False)
    table.add_column("", justify="right")
    table.add_column("before", overflow="ellipsis", no_wrap=True, ratio=2)
    table.add_column("after", overflow="ellipsis", no_wrap=True, ratio=2)
    table.add_column("why", overflow="fold", ratio=3)
    earlier = {track_id: place for place, track_id in enumerate(before.track_ids, start=1)}
    tracks_before: Sequence[ScoredTrack] = before.ranking.tracks
    for place, scored in enumerate(after.ranking.tracks[:_MOST_TRACKS], start=1):
        table.add_row(
            str(place),
            escape(tracks_before[place - 1].track.title) if place <= len(tracks_before) else "",
            f"{_movement(earlier.get(scored.track.track_id), place)} {escape(scored.track.title)}",
            escape(scored.reason),
        )
    console.print(table)
    hidden = len(after.ranking) - _MOST_TRACKS
    if hidden > 0:
        console.print(f"[dim]and {hidden} more[/]")


def _movement(earlier: int | None, place: int) -> str:
    if earlier is None:
        return "[green]new[/]"
    if earlier > place:
        return f"[green]▲{earlier - place}[/]"
    return f"[red]▼{place - earlier}[/]" if earlier < place else " ="
