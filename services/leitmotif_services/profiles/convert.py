"""Profiles as messages, in the form that a person reads and in the one that scores are computed from."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from leitmotif.api.common.v1 import vectors_pb2
from leitmotif.api.profiles.v1 import profiles_pb2
from leitmotif_services.profiles.presets_convert import active_preset_message, share_of
from leitmotif_services.profiles.taste.carry_over import ControlsMoved
from leitmotif_services.profiles.use_cases.outcomes import PresetChoice, Viewed
from leitmotif_services.profiles.use_cases.scoring_view import ScoringView
from leitmotif_services.runtime.validation import checked_id

_FLOAT32 = np.dtype("<f4")


def profile_message(viewed: Viewed, *, top: int = 0) -> profiles_pb2.Profile:
    """By position; with `top`, the strongest by magnitude of weight first, then whatever else the person asked something for."""
    profile, space = viewed.profile, viewed.space
    effective = profile.effective(space)
    controls = profile.controls
    history = effective.listened.tolist()
    weights = effective.weights()
    message = profiles_pb2.Profile()
    if top:
        strongest = sorted(range(space.size), key=lambda position: -abs(weights[position]))
        shown = strongest[:top] + [position for position in strongest[top:] if position in controls]
        labels = space.labels or ("",) * space.size
        for position in shown:
            message.weights.add(
                prototype_id=space.prototype_ids[position],
                label=labels[position],
                history=history[position],
                weight=weights[position],
            )
        entry_at: Callable[[int], profiles_pb2.PrototypeWeight | None] = dict(zip(shown, message.weights, strict=True)).get
    else:
        message.CopyFrom(_named_weights(space.prototype_ids, space.labels))
        entry_at = message.weights.__getitem__
        for entry, history_weight, weight in zip(message.weights, history, weights, strict=True):
            entry.history = history_weight
            entry.weight = weight
    for position, control in controls.items():
        if (edited := entry_at(position)) is not None:
            edited.edit, edited.muted = control.edit, control.muted
            if control.pinned is not None:
                edited.pinned_history = control.pinned
    if profile.active_preset is not None:
        message.active_preset.CopyFrom(active_preset_message(profile.active_preset))
        for position, overlay in effective.overlay.items():
            if (overlaid := entry_at(position)) is not None:
                overlaid.overlay = overlay
        for position in effective.muted_by_preset:
            if (muted := entry_at(position)) is not None:
                muted.muted_by_preset = True
    message.user_id = profile.user_id
    message.model_version = profile.model_version
    message.event_count = profile.history.event_count
    message.etag = profile.version.etag
    message.updated_at.FromMicroseconds(profile.updated_at_us)
    message.can_undo = bool(profile.undoable)
    message.can_redo = bool(profile.redoable)
    message.exclusion_count = profile.exclusion_count
    if profile.controls_moved is not None:
        message.controls_moved.CopyFrom(_moved_message(profile.controls_moved))
    return message


def _moved_message(moved: ControlsMoved) -> profiles_pb2.ControlsMoved:
    return profiles_pb2.ControlsMoved(
        from_model_version=moved.from_model_version,
        carried=[profiles_pb2.CarriedControl(**takeover._asdict()) for takeover in moved.takeovers],
        dropped_prototype_ids=moved.dropped_prototype_ids,
    )


@lru_cache(maxsize=16)
def _named_weights(prototype_ids: tuple[str, ...], labels: tuple[str, ...]) -> profiles_pb2.Profile:
    # Copying messages that have their ids takes a third of the time of making them, and this runs with every edit.
    names = zip(prototype_ids, labels or ("",) * len(prototype_ids), strict=True)
    return profiles_pb2.Profile(weights=[profiles_pb2.PrototypeWeight(prototype_id=each, label=label) for each, label in names])


def vector_message(viewed: Viewed) -> vectors_pb2.ProfileVector:
    """The profile as it counts, in the form that scores are computed from."""
    profile = viewed.profile
    effective = profile.effective(viewed.space)
    edits = b""
    if effective.edits:
        values = np.zeros(len(effective.history), _FLOAT32)
        for position, edit in effective.edits.items():
            values[position] = edit
        if values.any():
            edits = values.tobytes()
    return vectors_pb2.ProfileVector(
        model_version=profile.model_version,
        history=effective.history.astype(_FLOAT32).tobytes(),
        edits=edits,
        muted=sorted(effective.muted),
    )


def scoring_view_of(request: profiles_pb2.GetProfileVectorRequest | profiles_pb2.PreviewEditRequest) -> ScoringView:
    """What to read beside the profile, and the preset that is to lie over it for this request."""
    choice = None
    if request.HasField("preset"):
        preset_id = checked_id("preset.preset_id", request.preset.preset_id) if request.preset.preset_id else ""
        choice = PresetChoice(preset_id, share_of("preset.share", request.preset))
    return ScoringView(heard=request.include_heard, hidden=request.include_hidden, preset=choice)
