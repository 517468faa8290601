"""What counts in the end: history with pins, edits with the preset that lies over the profile, and mutes of both.

The effective weight of prototype k is 0 where it is muted, by the person or by the preset, and elsewhere
history weight (the pinned one where there is one) + (edit + share × preset's edit, kept within -4 to 4).
"""

from collections.abc import Mapping, Set
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.profiles.taste.control import NEUTRAL, Controls, clamped
from leitmotif_services.profiles.taste.edit_replay import position_of
from leitmotif_services.profiles.taste.presets import ActivePreset
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace


class EffectiveWeights(NamedTuple):
    """The parts that effective weights are made of; what is sparse goes by position, and what is absent is 0 or not so."""

    listened: NDArray[np.float64]
    """History weights as listening makes them, (K,)."""
    history: NDArray[np.float64]
    """The same with the pinned ones in place."""
    edits: Mapping[int, float]
    """Edits, what the preset adds included, -4 to 4; also of muted prototypes."""
    muted: Set[int]
    """Positions that count as 0."""
    overlay: Mapping[int, float]
    """What the preset adds, share × its edit, before the sum is kept within bounds."""
    muted_by_preset: Set[int]
    """Those of `muted` that the preset asks for, whether or not the person does too."""

    def weights(self) -> list[float]:
        """Effective weights by position."""
        weights: list[float] = self.history.tolist()
        for position, edit in self.edits.items():
            weights[position] += edit
        for position in self.muted:
            weights[position] = 0.0
        return weights


_NOTHING: Mapping[int, float] = {}
_NONE: Set[int] = frozenset()


def effective_weights(
    listened: NDArray[np.float64],
    controls: Controls,
    preset: ActivePreset | None,
    space: PrototypeSpace,
    carried: Mapping[str, str],
) -> EffectiveWeights:
    """What history weights (K,) make under controls, and under a preset that is in force.

    Prototypes of the preset that the model lacks are looked up in `carried`, and passed over where that knows none either,
    or where the preset asks something for the one that took over itself.
    """
    if not controls and preset is None:
        return EffectiveWeights(listened, listened, _NOTHING, _NONE, _NOTHING, _NONE)
    edits: dict[int, float] = {}
    muted: set[int] = set()
    pinned: dict[int, float] = {}
    for position, (edit, is_muted, pin) in controls.items():
        if edit != 0.0:
            edits[position] = edit
        if is_muted:
            muted.add(position)
        if pin is not None:
            pinned[position] = pin
    overlay: dict[int, float] = {}
    muted_by_preset: set[int] = set()
    if preset is not None:
        for prototype_id, asked in preset.controls.items():
            at = position_of(prototype_id, space, carried)
            if at is None or (space.prototype_ids[at] != prototype_id and space.prototype_ids[at] in preset.controls):
                continue
            if asked.muted:
                muted_by_preset.add(at)
            if asked.edit != 0.0:
                overlay[at] = preset.share * asked.edit
                edits[at] = clamped(controls.get(at, NEUTRAL).edit + overlay[at])
        muted |= muted_by_preset
    history = listened
    if pinned:
        history = listened.copy()
        history[list(pinned)] = list(pinned.values())
    return EffectiveWeights(listened, history, edits, muted, overlay, muted_by_preset)
