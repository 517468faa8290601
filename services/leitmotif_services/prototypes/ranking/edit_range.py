"""Edits of one prototype in one direction, in whole steps."""

import math
from dataclasses import dataclass

import numpy as np

from leitmotif_services.prototypes.profile import Profile

STEPS_PER_UNIT = 1000
"""Amounts are whole thousandths: finer than anybody edits, and told in three decimals."""

BOUND = 4.0
"""Largest magnitude of an edit, what people may set."""


@dataclass(frozen=True, slots=True)
class EditRange:
    """Amounts that may be added to a person's edit of one prototype: `direction` times `first` to `last` thousandths."""

    prototype: int
    direction: int
    """1 or -1."""
    first: int
    """At least 1."""
    last: int
    """Less than `first` where no amount keeps the edit in its bounds."""

    def amount(self, steps: int) -> float:
        """What so many steps add."""
        return self.direction * steps / STEPS_PER_UNIT

    def edited(self, profile: Profile, steps: int) -> Profile:
        """The profile with that added to the edit."""
        edits = profile.edits.copy()
        edits[self.prototype] = np.float32(float(edits[self.prototype]) + self.amount(steps))
        return Profile(profile.history, edits, profile.muted)


def edit_range(profile: Profile, prototype: int, direction: int) -> EditRange:
    """The amounts in that direction that end within -BOUND to BOUND."""
    edit = direction * float(profile.edits[prototype])
    first = math.ceil((-BOUND - edit) * STEPS_PER_UNIT)
    last = math.floor((BOUND - edit) * STEPS_PER_UNIT)
    return EditRange(prototype, direction, max(first, 1), last)
