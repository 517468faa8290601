"""Changes of controls in words."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leitmotif.types import ControlChange


def changes_text(changes: Iterable["ControlChange"]) -> str:
    """One after the other, such as "boost piano 1, mute drums"."""
    return ", ".join(
        f"{change.action} {change.prototype_id}" + ("" if change.amount is None else f" {change.amount:g}") for change in changes
    )
