"""The trained models, and which of them answers whom."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Arm(StrEnum):
    """Who answers a user while a trial is under way."""

    NONE = ""
    """No trial is under way, or no user was named."""
    CONTROL = "control"
    """The active model."""
    TRIAL = "trial"
    """The model on trial."""


@dataclass(frozen=True, slots=True)
class Model:
    """A trained model."""

    model_version: str
    kind: str
    encoder_id: str
    prototype_count: int
    track_count: int
    created_at: datetime | None
    metrics: Mapping[str, float]
    """Figures measured in training, by name."""
    active: bool
    """True for the model that answers."""
    prototype_ids: tuple[str, ...] = field(default=(), repr=False)
    """In the order of their positions; set by `models.active()` only."""
    profile_version: str = ""
    """Model version that profiles for it carry: its own, or that of the model whose prototypes it took over unchanged."""
    loaded: bool = False
    """True while it is in the server's memory."""
    catalogue_revision: int = 0
    """Changes of the catalogue that its bundle holds."""
    arm: Arm = Arm.NONE
    """The trial's arm of the user that `models.active(user_id)` was asked for."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Two models side by side: users are divided by a hash of their ids, and stay where they are."""

    model_version: str
    """The model on trial; the active one is the control."""
    share: float
    """Share of the users that it answers, above 0, at most 1."""
    name: str
    """Another name draws other users."""
    started_at: datetime | None
