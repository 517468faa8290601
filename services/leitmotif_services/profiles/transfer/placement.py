"""Where what a document holds goes among the prototypes that are registered here."""

from dataclasses import dataclass, replace

from leitmotif_services.profiles.taste.control import Controls
from leitmotif_services.profiles.taste.edit_replay import position_of, replayed
from leitmotif_services.profiles.taste.history import History
from leitmotif_services.profiles.taste.profile import Profile
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace
from leitmotif_services.profiles.transfer.everything import Everything
from leitmotif_services.runtime.errors import invalid_field


@dataclass(frozen=True)
class Placed:
    """A profile under a space that is registered here, and what had no place in it."""

    profile: Profile
    dropped_prototype_ids: tuple[str, ...] = ()
    """Prototypes with a control of which something has no place."""


def placed_under_its_model(everything: Everything, space: PrototypeSpace) -> Placed:
    """Exactly what it was, under the space of its own model version; FIELD_INVALID where the prototypes are others."""
    profile, own = everything.profile, everything.space
    if own.prototype_ids == space.prototype_ids:
        return Placed(profile)
    if len(own.prototype_ids) != space.size or set(own.prototype_ids) != set(space.prototype_ids):
        raise invalid_field("json.history.prototypes", f"are not those that model version {space.model_version!r} has here")
    weighted_sum = profile.history.weighted_sum[[own.positions[prototype_id] for prototype_id in space.prototype_ids]]
    weighted_sum.flags.writeable = False
    return Placed(
        replace(
            profile,
            history=replace(profile.history, weighted_sum=weighted_sum),
            controls=_moved(profile.controls, own, space),
            settled=_moved(profile.settled or {}, own, space),
        )
    )


def placed_under_another_model(everything: Everything, space: PrototypeSpace) -> Placed:
    """Without a history, and with what was asked for prototypes that `space` has too, by their ids."""
    profile, own = everything.profile, everything.space
    settled = _moved(profile.settled or {}, own, space)
    carried = {
        source: target
        for source, target in profile.carried.items()
        if target in space.positions and source not in space.positions
    }
    in_force = frozenset(profile.undoable)
    changes = [edit.changes for edit in everything.edits if edit.sequence in in_force]
    lost = {position for position in profile.settled or {} if own.prototype_ids[position] not in space.positions}
    for change in (change for steps in changes for change in steps):
        position = position_of(change.prototype_id, own, profile.carried)
        if position is not None and position_of(change.prototype_id, space, carried) is None:
            lost.add(position)
    return Placed(
        replace(
            profile,
            model_version=space.model_version,
            history=History.empty(space.size),
            # Replayed rather than moved: undo and redo take their start from what a replay makes.
            controls=replayed(settled, changes, space, carried),
            settled=settled,
            carried=carried,
        ),
        tuple(own.prototype_ids[position] for position in sorted(profile.controls) if position in lost),
    )


def _moved(controls: Controls, own: PrototypeSpace, space: PrototypeSpace) -> Controls:
    named = ((own.prototype_ids[position], control) for position, control in sorted(controls.items()))
    return {space.positions[prototype_id]: control for prototype_id, control in named if prototype_id in space.positions}
