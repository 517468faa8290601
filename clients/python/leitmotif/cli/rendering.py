"""Profiles, rankings and explanations as tables for a person; legible without colour and in a narrow terminal."""

from collections.abc import Container, Iterable, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from leitmotif.cli.console import stdout

if TYPE_CHECKING:
    from leitmotif.types import Contribution, Profile, PrototypeWeight, RankingChange, ScoredTrack, Track, WhatIf

NARROW_COLUMNS = 70
"""Below this width, columns that can be spared are left out."""


ID_COLUMN = "Id"


def plain(text: str, style: str = "") -> Text:
    """Text of unknown origin as it may be printed: no markup, no control characters."""
    return Text("".join(character if character.isprintable() else " " for character in text), style)


def signed_bar(value: float, largest: float, half_columns: int) -> Text:
    """A bar to the right of its axis for a positive value, to the left for a negative one.

    `largest` is the magnitude that fills `half_columns`. A value that is not zero shows at least one block.
    """
    block, axis = ("█", "│") if stdout.encoding.lower().startswith("utf") else ("#", "|")
    length = 0
    if value and largest > 0:
        length = min(half_columns, max(1, round(abs(value) / largest * half_columns)))
    blocks = block * length
    left, right = (blocks, "") if value < 0 else ("", blocks)
    return Text.assemble((left.rjust(half_columns), "red"), (axis, "dim"), (right.ljust(half_columns), "green"))


def weights_table(
    profile: "Profile", top: int = 0, emphasised: Iterable[str] = (), edit_only: Container[str] = frozenset()
) -> Table:
    """The weights of a profile with a bar each, by what weighs. `top` keeps that many and every edited, muted or
    pinned one; 0 keeps all.

    `edit_only`: ids of prototypes on which listening has no weight, so that the edit alone weighs.
    """

    def weighing(weight: "PrototypeWeight") -> float:
        if weight.prototype_id not in edit_only or weight.muted or weight.muted_by_preset:
            return weight.weight
        return weight.edit + weight.overlay

    ordered = sorted(profile.weights, key=lambda weight: -abs(weighing(weight)))
    shown = [weight for place, weight in enumerate(ordered) if not top or place < top or _is_special(weight)]
    largest = max((abs(weighing(weight)) for weight in shown), default=0.0)
    marked = frozenset(emphasised)
    narrow = stdout.width < NARROW_COLUMNS
    half_columns = 4 if narrow else 10
    table = _table()
    table.add_column("Prototype", overflow="fold", min_width=9)
    table.add_column("", no_wrap=True, min_width=2 * half_columns + 1)
    table.add_column("Weight", justify="right", no_wrap=True)
    if not narrow:
        table.add_column("Heard", justify="right", no_wrap=True)
        table.add_column("Edit", justify="right", no_wrap=True)
    table.add_column("", overflow="fold")
    for weight in shown:
        style = "bold" if weight.prototype_id in marked else "dim" if weight.muted else ""
        numbers = [f"{weighing(weight):+.2f}"]
        if not narrow:
            numbers += [f"{weight.history:+.2f}", f"{weight.edit:+.2f}" if weight.edit else ""]
        bar = signed_bar(weighing(weight), largest, half_columns)
        table.add_row(
            plain(weight.label or weight.prototype_id, style),
            bar,
            *numbers,
            _marks(weight, narrow, weight.prototype_id in edit_only),
        )
    return table


def _is_special(weight: "PrototypeWeight") -> bool:
    """Whether anything but listening sets it apart."""
    return (
        weight.muted or bool(weight.edit) or weight.pinned_history is not None or bool(weight.overlay) or weight.muted_by_preset
    )


def _marks(weight: "PrototypeWeight", narrow: bool, edit_only: bool) -> Text:
    marks = ["muted"] if weight.muted else ["muted by preset"] if weight.muted_by_preset else []
    if weight.pinned_history is not None:
        marks.append(f"pinned at {weight.pinned_history:+.2f}")
    if weight.overlay:
        marks.append(f"preset {weight.overlay:+.2f}")
    if narrow and weight.edit:
        marks.append(f"edit {weight.edit:+.2f}")
    if edit_only:
        marks.append("edit only")
    if weight.weak:
        marks.append("weak")
    return Text(", ".join(marks), "yellow")


def track_title(track: "Track", style: str = "bold") -> Text:
    """Title and artist of a track; its id where it has no title."""
    title = plain(track.title or track.track_id, style)
    return title.append_text(plain(f" – {track.artist}", "dim")) if track.artist else title


def ranking_table(tracks: Iterable["ScoredTrack"]) -> Table:
    """Tracks with why each is there."""
    narrow = stdout.width < NARROW_COLUMNS
    table = _table()
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("Track", overflow="fold", ratio=3)
    if not narrow:
        table.add_column("Score", justify="right", no_wrap=True)
    table.add_column("Why", overflow="fold", ratio=4)
    for scored in tracks:
        title = track_title(scored.track)
        score = [] if narrow else [f"{scored.score:.3f}"]
        table.add_row(str(scored.rank), title, *score, plain(scored.reason or _strongest(scored.contributions)))
    return table


def _strongest(contributions: Sequence["Contribution"]) -> str:
    return ", ".join(f"{each.label or each.prototype_id} {each.contribution:+.2f}" for each in contributions)


def comparison_table(compared: "WhatIf") -> Table:
    """The two lists of a what-if side by side; what leaves is marked on the left, what enters on the right."""
    leaving = {change.track.track.track_id for change in compared.left}
    entering = {change.track.track.track_id for change in compared.entered}
    table = _table()
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("Now", overflow="fold", ratio=1)
    table.add_column("With the change", overflow="fold", ratio=1)
    for place, (before, after) in enumerate(zip_longest(compared.before, compared.after), 1):
        table.add_row(str(place), _marked(before, leaving, "- ", "red"), _marked(after, entering, "+ ", "green"))
    return table


def _marked(scored: "ScoredTrack | None", marked: Container[str], mark: str, style: str) -> Text:
    if scored is None:
        return Text()
    title = track_title(scored.track, "")
    return Text.assemble((mark, style), title) if scored.track.track_id in marked else Text("  ").append_text(title)


def changes_table(changes: Iterable["RankingChange"], heading: str) -> Table:
    """Tracks that enter or leave a list, with their places before and after, and why."""
    table = _table()
    table.add_column(heading, overflow="fold", ratio=3)
    table.add_column("Place", no_wrap=True)
    table.add_column("Why", overflow="fold", ratio=4)
    for change in changes:
        places = f"{change.rank_before or 'muted'} → {change.rank_after or 'muted'}"
        table.add_row(track_title(change.track.track), places, plain(change.reason))
    return table


def contributions_table(scored: "ScoredTrack", top: int) -> Table:
    """What each prototype adds to a score; the last rows make the sum complete."""
    shown = [each for each in scored.contributions if each.contribution][: top or None]
    rest = scored.score - scored.bias - sum(each.contribution for each in shown)
    largest = max((abs(each.contribution) for each in shown), default=0.0)
    narrow = stdout.width < NARROW_COLUMNS
    half_columns = 4 if narrow else 10
    table = _table()
    table.add_column("Prototype", overflow="fold", min_width=9)
    table.add_column("", no_wrap=True, min_width=2 * half_columns + 1)
    table.add_column("Adds", justify="right", no_wrap=True)
    if not narrow:
        table.add_column("By edit", justify="right", no_wrap=True)
        table.add_column("Affinity", justify="right", no_wrap=True)
    for each in shown:
        numbers = [f"{each.contribution:+.3f}"]
        if not narrow:
            numbers += [f"{each.edit_contribution:+.3f}" if each.edit_contribution else "", f"{each.affinity:.3f}"]
        bar = signed_bar(each.contribution, largest, half_columns)
        table.add_row(plain(each.label or each.prototype_id), bar, *numbers)
    blank = [] if narrow else ["", ""]
    table.add_row(Text("all others", "dim"), "", f"{rest:+.3f}", *blank)
    table.add_row(Text("whatever the profile", "dim"), "", f"{scored.bias:+.3f}", *blank)
    table.add_row(Text("score", "bold"), "", f"{scored.score:+.3f}", *blank)
    return table


def listing(*columns: str) -> Table:
    """An empty table of text columns. `print_listing` keeps those called "Id" whole."""
    table = _table()
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column == ID_COLUMN)
    return table


def print_listing(table: Table) -> None:
    """Print a table whose ids can be copied: the other columns give way, and lines are longer than the terminal where need be."""
    for column in table.columns:
        if column.header == ID_COLUMN:
            column.min_width = max((cell.cell_len for cell in column.cells if isinstance(cell, Text)), default=0)
    stdout.print(table, crop=False)


def _table() -> Table:
    return Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
