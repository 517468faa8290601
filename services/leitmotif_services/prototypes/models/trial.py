"""Two models side by side: which of them answers a user."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Arm = Literal["", "control", "trial"]
"""Who answers a user: the active model ("control"), the one on trial, or "" while no trial is under way or no user was named."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A second model answers a share of the users."""

    model_version: str
    """The model on trial; the active one is the control."""
    share: float
    """Of the users, above 0, at most 1."""
    name: str
    """Of the form of an id; another name draws other users."""
    started_at: datetime
    """UTC."""

    def arm_of(self, user_id: str) -> Arm:
        """The user's arm: the same whenever it is asked, and "trial" at every larger share as well; "" for no user."""
        if not user_id:
            return ""
        return "trial" if draw(self.name, user_id) < self.share else "control"


def draw(name: str, user_id: str) -> float:
    """The user's place in the trial of that name, 0 ≤ place < 1, even over users, independent from name to name."""
    # A line feed is in no id, so that no two pairs are drawn alike; 53 bits are what a float holds.
    digest = hashlib.blake2b(f"{name}\n{user_id}".encode(), digest_size=8, person=b"leitmotif.trial").digest()
    return float((int.from_bytes(digest, "big") >> 11) / 2.0**53)
