"""What becomes of a profile when another model takes the place of its own: everything but the history, which needs affinities."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from leitmotif_services.profiles.taste.carry_over import CarryOver, Takeover, carry_over
from leitmotif_services.profiles.taste.control import ControlChange, Controls
from leitmotif_services.profiles.taste.edit_replay import position_of, replayed
from leitmotif_services.profiles.taste.presets import Preset
from leitmotif_services.profiles.taste.profile import Profile
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace


@dataclass(frozen=True)
class ModelChange:
    """A profile under another model, still with its old history, and what is to be told of its controls."""

    profile: Profile
    takeovers: tuple[Takeover, ...] = ()
    """Of prototypes that had a control."""
    dropped_prototype_ids: tuple[str, ...] = ()
    """Prototypes that had a control of which something has no place in the model."""


def under_model(
    profile: Profile,
    changes: Mapping[int, Sequence[ControlChange]],
    presets: Mapping[str, Preset],
    old: PrototypeSpace,
    new: PrototypeSpace,
) -> ModelChange:
    """Carry over what the person asked for, and what the presets do.

    `changes` has those of all edits that are in force or can be so again, by the edits' sequences; `profile.settled` is known.
    """
    settled: Controls = profile.settled or {}
    asked = {old.prototype_ids[position] for position in (*profile.controls, *settled)}
    asked.update(change.prototype_id for steps in changes.values() for change in steps)
    controls = carry_over(asked, old, new, profile.carried)
    # A preset is laid over whatever the person asked for, so both may be of one prototype.
    overlaid = {prototype_id for preset in presets.values() for prototype_id in preset.controls}
    overlaid.update(profile.active_preset.controls if profile.active_preset else ())
    overlays = carry_over(overlaid, old, new, profile.carried, decided=controls.takeovers)
    carried = {**overlays.carried, **controls.carried}
    in_force = [change for sequence in profile.undoable for change in changes[sequence]]
    moved = controls.moved(settled)
    # Replayed rather than moved: undo and redo take their start from what a replay makes.
    changed = replace(
        profile,
        model_version=new.model_version,
        controls=replayed(moved, [in_force], new, carried),
        settled=moved,
        carried=carried,
    )
    lost = _lost(profile, settled, in_force, controls)
    had_control = [(position, old.prototype_ids[position]) for position in sorted(profile.controls)]
    return ModelChange(
        changed,
        tuple(
            takeover
            for _, prototype_id in had_control
            if (takeover := controls.takeovers.get(prototype_id)) is not None
            and new.positions[takeover.to_prototype_id] in changed.controls
        ),
        tuple(prototype_id for position, prototype_id in had_control if position in lost),
    )


def _lost(profile: Profile, settled: Controls, in_force: Sequence[ControlChange], controls: CarryOver) -> set[int]:
    """Old positions of which something that was asked for has no place in the new model."""
    lost = {position for position in settled if controls.position(controls.old.prototype_ids[position]) is None}
    for change in in_force:
        position = position_of(change.prototype_id, controls.old, profile.carried)
        if position is not None and position_of(change.prototype_id, controls.new, controls.carried) is None:
            lost.add(position)
    return lost
