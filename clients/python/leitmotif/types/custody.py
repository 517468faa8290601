"""What becomes of a profile that is moved or erased."""

from dataclasses import dataclass
from datetime import datetime

from leitmotif.types.profiles import CarriedControl, Profile


@dataclass(frozen=True, slots=True)
class ImportedProfile:
    """A profile that was put in place."""

    profile: Profile
    dropped_prototype_ids: tuple[str, ...]
    """Prototypes whose controls were lost: the model here has none of that id, and none near enough."""
    carried: tuple[CarriedControl, ...]


@dataclass(frozen=True, slots=True)
class Erasure:
    """The receipt of an erasure. False where there was nothing to erase."""

    existed: bool
    receipt_id: str
    user_id: str
    erased_at: datetime | None
    erased_keys: int
    """Keys of the store that were erased."""
    scanned_keys: int | None
    """Keys of the whole store that were looked at afterwards; None unless it was to be verified."""
    remaining_keys: int | None
    """Keys of the user among them: 0, unless somebody made the profile anew meanwhile; None unless it was to be verified."""

    def __bool__(self) -> bool:
        return self.existed
