"""The demo as a person reads it: the prototypes with a bar for their weight, the list before and after, and the reasons."""

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from leitmotif.cli.rendering import plain, signed_bar
from leitmotif.types import Profile, Prototype, PrototypeWeight
from leitmotif_services.embedded.demo_scenario import Outcome, SteeredList

_BAR_COLUMNS = 8
_MOST_WEIGHTS = 12
_MOST_TRACKS = 10


def print_outcome(outcome: Outcome, console: Console) -> None:
    """Print the whole scenario."""
    _print_weights(outcome, console)
    boosted, muted = outcome.boosted, outcome.muted
    _print_step(
        console,
        Text.assemble("Turned up ", (boosted.label, "bold"), f" by {outcome.boost:g}: it is in "),
        (outcome.before, outcome.before.boosted_share),
        (outcome.after_boost, outcome.after_boost.boosted_share),
    )
    _print_step(
        console,
        Text.assemble("Muted ", (muted.label, "bold"), ": it is in "),
        (outcome.after_boost, outcome.after_boost.muted_share),
        (outcome.after_mute, outcome.after_mute.muted_share),
    )
    restored = outcome.after_undo.track_ids == outcome.before.track_ids
    console.print(
        f"Undid all of it: {'the very list from before is back' if restored else 'the list differs from the one before'}.",
        style="bold green" if restored else "bold red",
    )


def _print_weights(outcome: Outcome, console: Console) -> None:
    shown = _worth_showing(outcome)
    before, after = _by_id(outcome.profile_before), _by_id(outcome.profile_after)
    largest = max((abs(weights[name].weight) for weights in (before, after) for name in shown), default=0.0)
    prototypes = {prototype.prototype_id: prototype for prototype in outcome.prototypes}
    console.print()
    console.print(Text.assemble("What the platform takes ", (outcome.user_id, "bold"), " to like, and how it was steered"))
    table = _table()
    table.add_column("Prototype", overflow="fold")
    table.add_column("From listening", no_wrap=True)
    table.add_column("Steered", no_wrap=True)
    table.add_column("Sounds like", overflow="fold")
    for name in shown:
        table.add_row(
            plain(prototypes[name].label),
            _bar(before[name], largest),
            _bar(after[name], largest) if after[name].edit or after[name].muted else "",
            _exemplar(prototypes[name]),
        )
    console.print(table)


def _worth_showing(outcome: Outcome) -> list[str]:
    """Ids of the strongest prototypes before, and of the two that were steered."""
    strongest = sorted(outcome.profile_before.weights, key=lambda weight: -abs(weight.weight))[:_MOST_WEIGHTS]
    names = [weight.prototype_id for weight in strongest]
    return names + [steered.prototype_id for steered in (outcome.boosted, outcome.muted) if steered.prototype_id not in names]


def _by_id(profile: Profile) -> dict[str, PrototypeWeight]:
    return {weight.prototype_id: weight for weight in profile.weights}


def _bar(weight: PrototypeWeight, largest: float) -> Text:
    if weight.muted:
        return Text("muted", "yellow")
    return Text.assemble(signed_bar(weight.weight, largest, _BAR_COLUMNS), f" {weight.weight:+.2f}")


def _exemplar(prototype: Prototype) -> Text:
    if not prototype.exemplars:
        return Text()
    first = prototype.exemplars[0]
    return plain(f"{first.title}, from {first.start_s:.0f} s", "dim")


def _print_step(console: Console, title: Text, before: tuple[SteeredList, float], after: tuple[SteeredList, float]) -> None:
    earlier, later = before[0], after[0]
    console.print()
    console.print(title + Text(f"{before[1]:.0%} of the list before, {after[1]:.0%} after"))
    table = _table()
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("Before", overflow="fold", ratio=3)
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("After", overflow="fold", ratio=3)
    table.add_column("Why", overflow="fold", ratio=4)
    places = {track_id: place for place, track_id in enumerate(earlier.track_ids, start=1)}
    titles = [scored.track.title for scored in earlier.ranking]
    for place, scored in enumerate(later.ranking.tracks[:_MOST_TRACKS], start=1):
        table.add_row(
            str(place),
            plain(titles[place - 1] if place <= len(titles) else "", "dim"),
            _movement(places.get(scored.track.track_id), place),
            plain(scored.track.title),
            plain(scored.reason),
        )
    console.print(table)
    if len(later.ranking) > _MOST_TRACKS:
        console.print(f"and {len(later.ranking) - _MOST_TRACKS} more", style="dim")


def _movement(earlier: int | None, place: int) -> Text:
    if earlier is None:
        return Text("new", "green")
    if earlier == place:
        return Text("=", "dim")
    return Text(f"▲{earlier - place}", "green") if earlier > place else Text(f"▼{place - earlier}", "red")


def _table() -> Table:
    return Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
