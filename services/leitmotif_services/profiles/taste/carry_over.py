"""Where the things that were asked for a model's prototypes go under another model.

By identity first: what is asked for a prototype that the new model has too stays with it. Then to the nearest: by the cosine of
the directions of both, where one encoder made them; the nearest pairs first, and only to prototypes for which nothing is asked.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.profiles.taste.control import Controls
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace

LEAST_SIMILARITY = 0.8
"""Cosine from which on a prototype can take over from another."""

_THRESHOLD = LEAST_SIMILARITY - 1e-6
"""Less by what float32 directions may lack of it."""

_NEAREST_TRIED = 1024
"""Most prototypes that are tried for each that is gone. Only where more than these are gone can one be missed that is free."""

_ROWS_AT_ONCE = 256


class Takeover(NamedTuple):
    """A prototype that is gone, and the one that took over."""

    from_prototype_id: str
    to_prototype_id: str
    similarity: float
    """Cosine of their directions, 0.8 to 1."""


class ControlsMoved(NamedTuple):
    """What a change of model did to a profile's controls, for the person to be told."""

    from_model_version: str
    takeovers: tuple[Takeover, ...]
    dropped_prototype_ids: tuple[str, ...]


@dataclass(frozen=True)
class CarryOver:
    """Where each prototype that something was asked for goes."""

    old: PrototypeSpace
    new: PrototypeSpace
    takeovers: Mapping[str, Takeover]
    """By the id of the prototype that is gone."""
    carried: Mapping[str, str]
    """See `Profile.carried`, for the new model."""

    def position(self, prototype_id: str) -> int | None:
        """Where in the new model a prototype of the old one goes; None for nowhere."""
        position = self.new.positions.get(prototype_id)
        if position is None and prototype_id in self.takeovers:
            return self.new.positions[self.takeovers[prototype_id].to_prototype_id]
        return position

    def moved(self, controls: Controls) -> Controls:
        """Controls at the positions of the new model; those without a place there are left out."""
        targets = {position: self.position(self.old.prototype_ids[position]) for position in controls}
        return {target: controls[position] for position, target in targets.items() if target is not None}


def carry_over(
    asked: Iterable[str],
    old: PrototypeSpace,
    new: PrototypeSpace,
    carried: Mapping[str, str],
    decided: Mapping[str, Takeover] | None = None,
) -> CarryOver:
    """Find a place for every prototype that something is asked for.

    `asked` are ids as whoever asked named them: of `old`, or of a model before it that `carried` leads on from. Those that lead
    to one prototype of `old` go on together, back to one of them where the new model has it again. `decided` has takeovers that
    stand already, by the id of the prototype that is gone.
    """
    names = set(asked)
    names.update(carried[name] for name in tuple(names) if name not in old.positions and name in carried)
    here = {name: name if name in old.positions else carried.get(name) for name in names}
    gone = sorted(
        (name for name in names if name in old.positions and name not in new.positions), key=lambda name: old.positions[name]
    )
    holders = {new.positions[name]: here[name] for name in names if name in new.positions}
    takeovers = {name: decided[name] for name in gone if name in decided} if decided else {}
    holders |= {new.positions[takeover.to_prototype_id]: name for name, takeover in takeovers.items()}
    takeovers |= _takeovers([name for name in gone if name not in takeovers], holders, old, new)
    leads: dict[str, str] = {}
    for name, current in here.items():
        if name in new.positions or current is None:
            continue
        if current in new.positions:
            leads[name] = current
        elif current in takeovers:
            leads[name] = takeovers[current].to_prototype_id
    return CarryOver(old, new, takeovers, leads)


def _takeovers(
    gone: Sequence[str], holders: Mapping[int, str | None], old: PrototypeSpace, new: PrototypeSpace
) -> Mapping[str, Takeover]:
    """Its own first, then the nearest pairs. `holders` has the positions of `new` that are not free, and for whom of `old`."""
    takeovers: dict[str, Takeover] = {}

    def take_over(name: str, position: int, cosine: float) -> None:
        takeovers[name] = Takeover(name, new.prototype_ids[position], min(1.0, max(LEAST_SIMILARITY, cosine)))

    free = np.ones(new.size, np.bool_)
    free[list(holders)] = False
    kept_for: dict[str, list[int]] = {}
    for position, holder in holders.items():
        if holder is not None:
            kept_for.setdefault(holder, []).append(position)
    indices: list[NDArray[np.intp]] = []
    positions: list[NDArray[np.intp]] = []
    cosines: list[NDArray[np.float32]] = []
    for index, similarities in enumerate(_similarities([old.positions[name] for name in gone], old, new)):
        own = max(kept_for.get(gone[index], ()), key=lambda position: similarities[position], default=None)
        if own is not None and similarities[own] >= _THRESHOLD:
            take_over(gone[index], own, float(similarities[own]))
            continue
        near = np.flatnonzero(free & (similarities >= _THRESHOLD))
        near = near[np.argsort(-similarities[near], kind="stable")[: min(len(gone), _NEAREST_TRIED)]]
        indices.append(np.full(len(near), index))
        positions.append(near)
        cosines.append(similarities[near])
    if not indices:
        return takeovers
    pairs = np.concatenate(indices), np.concatenate(positions), np.concatenate(cosines)
    nearest_first = np.lexsort((pairs[1], pairs[0], -pairs[2]))
    for index, position, cosine in zip(*(part[nearest_first].tolist() for part in pairs), strict=True):
        if free[position] and gone[index] not in takeovers:
            free[position] = False
            take_over(gone[index], position, cosine)
    return takeovers


def _similarities(rows: Sequence[int], old: PrototypeSpace, new: PrototypeSpace) -> Iterator[NDArray[np.float32]]:
    """Cosines of each of the old rows with all new ones, (K,); few rows at a time, since a model may have 10,000.

    None where they cannot be compared.
    """
    if not rows or old.directions is None or new.directions is None:
        return
    if old.encoder_id != new.encoder_id or old.directions.shape[1] != new.directions.shape[1]:
        return
    targets = _unit(new.directions).T
    for first in range(0, len(rows), _ROWS_AT_ONCE):
        yield from _unit(old.directions[list(rows[first : first + _ROWS_AT_ONCE])]) @ targets


def _unit(directions: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows of exactly unit length, or zeros."""
    lengths = np.linalg.norm(directions, axis=1, keepdims=True)
    lengths[lengths == 0.0] = 1.0
    unit: NDArray[np.float32] = directions / lengths
    return unit
