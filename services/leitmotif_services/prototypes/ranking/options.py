"""Which tracks a list may hold, and how it is put together."""

from collections.abc import Sequence
from dataclasses import dataclass

from leitmotif_services.prototypes.live_catalogue.filters import Filter


@dataclass(frozen=True, slots=True)
class Exploration:
    """A pinch of chance."""

    strength: float
    """Above 0, at most 1: standard deviation of what chance adds, in standard deviations of the scores at the top."""
    seed: int
    """Signed, 64 bits: the same gives the same list."""


@dataclass(frozen=True, slots=True)
class RankingOptions:
    """The steps that make a list are taken in this order, whichever of them are asked for:

    1. A track is left out when it was deleted, expresses a muted prototype, fails the filter, is excluded or is a seed.
    2. The seeds are blended into the history (`seeding.blended`); what is left is scored.
    3. Chance is added to the scores (`chance.noise`).
    4. The list is filled from the top: each place goes to the best of the next tracks by score (`list_building`), in the
       balance of score and difference that `diversity` says, among artists that have room left.
    """

    filter: Filter | None = None
    """Which tracks to keep; None for all."""
    excluded: Sequence[str] = ()
    """Track ids; unknown ones are ignored."""
    seeds: Sequence[str] = ()
    """Track ids, each known."""
    seed_weight: float = 0.5
    """Above 0, at most 1."""
    max_per_artist: int = 0
    """0 for no limit."""
    diversity: float = 0.0
    """0 to 1."""
    exploration: Exploration | None = None

    @property
    def by_score_alone(self) -> bool:
        """Whether the list is what a search finds, in its order."""
        return self.max_per_artist == 0 and not self.among_several

    @property
    def among_several(self) -> bool:
        """Whether a place may go to another track than the best by score."""
        return self.diversity > 0.0 or self.exploration is not None


PLAIN = RankingOptions()
"""Every track that is not muted, by score."""
