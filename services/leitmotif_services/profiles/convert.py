"""Profiles as messages, in the form that a person reads and in the one that scores are computed from."""

from functools import lru_cache

import numpy as np

from leitmotif.api.common.v1 import vectors_pb2
from leitmotif.api.profiles.v1 import profiles_pb2
from leitmotif_services.profiles.taste.control import Control
from leitmotif_services.profiles.taste.profile import Profile
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace
from leitmotif_services.profiles.use_cases.outcomes import Viewed

_FLOAT32 = np.dtype("<f4")


def profile_message(viewed: Viewed, *, top: int = 0) -> profiles_pb2.Profile:
    """By position; with `top`, the strongest by magnitude of weight first, then whatever else is edited or muted."""
    profile, ids = viewed.profile, viewed.space.prototype_ids
    controls = profile.controls
    history = profile.history.weights().tolist()
    weights = history
    if controls:
        weights = history.copy()
        for position, control in controls.items():
            weights[position] = 0.0 if control.muted else history[position] + control.edit
    message = profiles_pb2.Profile()
    if top:
        strongest = sorted(range(len(ids)), key=lambda position: -abs(weights[position]))
        for position in strongest[:top] + [position for position in strongest[top:] if position in controls]:
            message.weights.add(prototype_id=ids[position], history=history[position], weight=weights[position])
            _add_control(message.weights[-1], controls.get(position))
    else:
        message.CopyFrom(_named_weights(viewed.space))
        for entry, history_weight, weight in zip(message.weights, history, weights, strict=True):
            entry.history = history_weight
            entry.weight = weight
        for position, control in controls.items():
            _add_control(message.weights[position], control)
    message.user_id = profile.user_id
    message.model_version = profile.model_version
    message.event_count = profile.history.event_count
    message.etag = profile.version.etag
    message.updated_at.FromMicroseconds(profile.updated_at_us)
    message.can_undo = bool(profile.undoable)
    message.can_redo = bool(profile.redoable)
    return message


@lru_cache(maxsize=16)
def _named_weights(space: PrototypeSpace) -> profiles_pb2.Profile:
    # Copying messages that have their ids takes a third of the time of making them, and this runs with every edit.
    return profiles_pb2.Profile(weights=[profiles_pb2.PrototypeWeight(prototype_id=name) for name in space.prototype_ids])


def _add_control(entry: profiles_pb2.PrototypeWeight, control: Control | None) -> None:
    if control is not None:
        entry.edit, entry.muted, _ = control


def vector_message(profile: Profile) -> vectors_pb2.ProfileVector:
    """The profile in the form that scores are computed from."""
    edits = b""
    muted: list[int] = []
    if profile.controls:
        values = np.zeros(len(profile.history.weighted_sum), _FLOAT32)
        for position, (edit, is_muted, _) in profile.controls.items():
            values[position] = edit
            if is_muted:
                muted.append(position)
        if values.any():
            edits = values.tobytes()
    return vectors_pb2.ProfileVector(
        model_version=profile.model_version,
        history=profile.history.weights().astype(_FLOAT32).tobytes(),
        edits=edits,
        muted=sorted(muted),
    )
