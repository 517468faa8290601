"""What a profile is to be, in the most obvious form: dictionaries, lists, and everything computed anew."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from leitmotif_services.profiles.taste.control import ControlChange
from leitmotif_services.profiles.taste.exclusions import NO_EXCLUSIONS, Exclusions
from leitmotif_services.profiles.taste.history import Event, EventType

SPACES: dict[str, tuple[str, ...]] = {"m1": ("calm", "loud", "fast"), "m2": ("new", "fast", "calm", "warm")}
TRACKS = ("t1", "t2", "t3")
ARTISTS = {"t1": "Aria", "t2": "Brio", "t3": ""}
AFFINITIES: dict[str, dict[str, tuple[float, ...]]] = {
    "m1": {"t1": (1.0, 0.0, 0.5), "t2": (0.0, 2.0, 0.25), "t3": (0.125, 0.75, 0.0)},
    "m2": {"t1": (0.5, 0.5, 0.0, 1.0), "t2": (0.0, 0.25, 3.0, 0.0)},  # t3 is unknown to this model
}
WEIGHTS = {
    EventType.PLAY: 1.0,
    EventType.LIKE: 3.0,
    EventType.SAVE: 3.0,
    EventType.PLAYLIST_ADD: 2.0,
    EventType.SKIP: -0.25,
    EventType.DISLIKE: -3.0,
}
EVENT_LOG_LENGTH = 5
EDIT_LOG_LENGTH = 4
HALF_LIFE_US = 40

Asked = tuple[float, bool, float | None]
"""Edit, mute and pinned history weight."""
UNASKED: Asked = (0.0, False, None)


Overlay = dict[str, tuple[float, bool]]
"""Edit and mute of a preset, by prototype id."""


@dataclass
class Laid:
    """A preset that lies over a profile."""

    preset_id: str
    share: float
    expires_at_us: int | None
    overlay: Overlay


@dataclass
class ProfileModel:
    """Everything that is kept of a user."""

    model_version: str
    settled: dict[str, Asked] = field(default_factory=dict)
    edits: dict[int, tuple[ControlChange, ...]] = field(default_factory=dict)
    """All there ever were, by sequence."""
    in_force: list[int] = field(default_factory=list)
    redo: list[int] = field(default_factory=list)
    log: list[Event] = field(default_factory=list)
    counted: list[Event] = field(default_factory=list)
    """Those that the history weights are made of, also when the log has forgotten them."""
    exclusions: Exclusions = NO_EXCLUSIONS
    presets: dict[str, tuple[str, Overlay]] = field(default_factory=dict)
    """Label and overlay, by id."""
    active: Laid | None = None
    edit_log_length: int = EDIT_LOG_LENGTH

    @property
    def logged(self) -> range:
        return range(max(1, len(self.edits) - self.edit_log_length + 1), len(self.edits) + 1)

    def controls(self) -> dict[str, Asked]:
        asked = self._replay(self.settled, self.in_force)
        return {name: control for name, control in asked.items() if control != UNASKED}

    def _replay(self, asked: dict[str, Asked], sequences: list[int]) -> dict[str, Asked]:
        asked = dict(asked)
        for sequence in sequences:
            for step in self.edits[sequence]:
                if step.prototype_id in SPACES[self.model_version]:
                    asked[step.prototype_id] = changed(asked.get(step.prototype_id, UNASKED), step)
        return asked

    def edit(self, steps: tuple[ControlChange, ...]) -> None:
        self.edits[len(self.edits) + 1] = steps
        self.in_force.append(len(self.edits))
        self.redo = []
        forgotten = [sequence for sequence in self.in_force if sequence not in self.logged]
        self.settled = self._replay(self.settled, forgotten)
        self.in_force = [sequence for sequence in self.in_force if sequence in self.logged]

    def undo(self, sequence: int) -> None:
        self.in_force.remove(sequence)
        self.redo.append(sequence)

    def redo_edit(self, sequence: int) -> None:
        self.redo.remove(sequence)
        self.in_force = sorted([*self.in_force, sequence])

    def record(self, event: Event) -> bool:
        if any(event.event_id == logged.event_id for logged in self.log):
            return False
        self.log.append(event)
        if self._counts(event):
            self.counted.append(event)
        return True

    def _counts(self, event: Event) -> bool:
        return not (
            event.track_id in self.exclusions.uncounted_track_ids
            or ARTISTS[event.track_id] in self.exclusions.uncounted_artists
            or any(
                (start is None or start <= event.occurred_at_us) and (end is None or event.occurred_at_us < end)
                for start, end in self.exclusions.uncounted_ranges
            )
        )

    def rebuild(self, model_version: str) -> None:
        self.model_version = model_version
        self.settled = {name: control for name, control in self.settled.items() if name in SPACES[model_version]}
        self.recount()

    def recount(self) -> None:
        known = AFFINITIES[self.model_version]
        self.counted = [event for event in self.log if event.track_id in known and self._counts(event)]

    def history(self) -> dict[str, float]:
        names = SPACES[self.model_version]
        newest_us = max((event.occurred_at_us for event in self.counted), default=0)
        sums, magnitude = dict.fromkeys(names, 0.0), 0.0
        for event in self.counted:
            weight = WEIGHTS[event.type] * 0.5 ** ((newest_us - event.occurred_at_us) / HALF_LIFE_US)
            if event.type is EventType.PLAY and event.share_heard is not None:
                weight *= event.share_heard
            magnitude += abs(weight)
            for name, affinity in zip(names, AFFINITIES[self.model_version][event.track_id], strict=True):
                sums[name] += weight * affinity
        return {name: total / (math.sqrt(magnitude) or 1.0) for name, total in sums.items()}

    def active_at(self, now_us: int) -> Laid | None:
        over = self.active is not None and self.active.expires_at_us is not None and self.active.expires_at_us <= now_us
        return None if over else self.active

    def effective(self, laid: Laid | None) -> dict[str, float]:
        """Effective weights under a preset."""
        weights, controls = self.history(), self.controls()
        for name, heard in weights.items():
            edit, muted, pinned = controls.get(name, UNASKED)
            overlay, muted_by_preset = laid.overlay.get(name, (0.0, False)) if laid else (0.0, False)
            added = min(4.0, max(-4.0, edit + (laid.share * overlay if laid else 0.0)))
            weights[name] = 0.0 if muted or muted_by_preset else (heard if pinned is None else pinned) + added
        return weights


def changed(asked: Asked, step: ControlChange) -> Asked:
    edit, muted, pinned = asked
    amount = step.amount or 0.0
    outcome: dict[str, Callable[[], Asked]] = {
        "BOOST": lambda: (min(4.0, edit + amount), muted, pinned),
        "REDUCE": lambda: (max(-4.0, edit - amount), muted, pinned),
        "SET": lambda: (amount, muted, pinned),
        "MUTE": lambda: (edit, True, pinned),
        "UNMUTE": lambda: (edit, False, pinned),
        "RESET": lambda: UNASKED,
        "PIN": lambda: (edit, muted, step.amount),
        "UNPIN": lambda: (edit, muted, None),
    }
    return outcome[step.action.name]()
