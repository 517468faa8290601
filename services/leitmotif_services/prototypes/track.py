"""A track of the catalogue."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

FIELD_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
"""What a further field may be called."""


@dataclass(frozen=True, slots=True)
class Track:
    """What is known of a track beside how it sounds."""

    track_id: str
    """Unique in the catalogue; of the form of `runtime.validation.ID_PATTERN`."""
    title: str
    """The file's name where nothing better is known."""
    artist: str
    """Empty when unknown."""
    duration_s: float
    """Length, finite and ≥ 0."""
    tags: tuple[str, ...]
    """What people call it, strongest first."""
    year: int | None = None
    """Year of release."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """Further fields that are text, by name."""
    numbers: Mapping[str, float] = field(default_factory=dict)
    """Further fields that are finite numbers, by name; no name is in `texts` as well."""
