"""Control changes as a caller says them: by what shall happen, and to which prototypes. No input, no output."""

from collections.abc import Iterable, Mapping

from leitmotif.types import ControlAction, ControlChange

Amounts = str | Iterable[str] | Mapping[str, float]
"""Prototype ids, one or several; as a mapping, each with its amount."""

Names = str | Iterable[str]
"""Prototype ids, one or several."""


def control_changes(*, boost: Amounts, reduce: Amounts, mute: Names, unmute: Names, reset: Names) -> list[ControlChange]:
    """One change a prototype that is named; an amount that is not given stands for 1.

    Resets and unmutes come first, so that what else is asked of a prototype comes on top.
    """
    changes = [ControlChange(name, ControlAction.RESET) for name in _names(reset)]
    changes += [ControlChange(name, ControlAction.UNMUTE) for name in _names(unmute)]
    changes += [ControlChange(name, ControlAction.BOOST, amount) for name, amount in _amounts(boost)]
    changes += [ControlChange(name, ControlAction.REDUCE, amount) for name, amount in _amounts(reduce)]
    changes += [ControlChange(name, ControlAction.MUTE) for name in _names(mute)]
    return changes


def _names(names: Names) -> Iterable[str]:
    return [names] if isinstance(names, str) else names


def _amounts(amounts: Amounts) -> Iterable[tuple[str, float | None]]:
    if isinstance(amounts, Mapping):
        return list(amounts.items())
    return [(name, None) for name in _names(amounts)]
