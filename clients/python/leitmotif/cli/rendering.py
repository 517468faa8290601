"""Profiles, rankings and explanations as tables for a person; legible without colour and in a narrow terminal."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from leitmotif.cli.console import stdout

if TYPE_CHECKING:
    from leitmotif.types import Contribution, Profile, PrototypeWeight, ScoredTrack

NARROW_COLUMNS = 70
"""Below this width, columns that can be spared are left out."""


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


def weights_table(profile: "Profile", top: int = 0, emphasised: Iterable[str] = ()) -> Table:
    """The weights of a profile with a bar each. `top` keeps that many and every edited or muted one; 0 keeps all."""
    shown = [weight for place, weight in enumerate(profile.weights) if not top or place < top or weight.muted or weight.edit]
    largest = max((abs(weight.weight) for weight in shown), default=0.0)
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
        numbers = [f"{weight.weight:+.2f}"]
        if not narrow:
            numbers += [f"{weight.history:+.2f}", f"{weight.edit:+.2f}" if weight.edit else ""]
        bar = signed_bar(weight.weight, largest, half_columns)
        table.add_row(plain(weight.label or weight.prototype_id, style), bar, *numbers, _marks(weight, narrow))
    return table


def _marks(weight: "PrototypeWeight", narrow: bool) -> Text:
    marks = ["muted"] if weight.muted else []
    if narrow and weight.edit:
        marks.append(f"edit {weight.edit:+.2f}")
    if weight.weak:
        marks.append("weak")
    return Text(", ".join(marks), "yellow")


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
        title = plain(scored.track.title or scored.track.track_id, "bold")
        if scored.track.artist:
            title.append_text(plain(f" – {scored.track.artist}", "dim"))
        score = [] if narrow else [f"{scored.score:.3f}"]
        table.add_row(str(scored.rank), title, *score, plain(scored.reason or _strongest(scored.contributions)))
    return table


def _strongest(contributions: Sequence["Contribution"]) -> str:
    return ", ".join(f"{each.label or each.prototype_id} {each.contribution:+.2f}" for each in contributions)


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
    """An empty table of text columns."""
    table = _table()
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _table() -> Table:
    return Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
