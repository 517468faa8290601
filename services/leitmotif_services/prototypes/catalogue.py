"""The tracks that a model ranks."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Track:
    """A track of the catalogue."""

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
