"""What an export is made from, and what an import gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from leitmotif_services.profiles.store.profile_store import LoggedEvent
from leitmotif_services.profiles.taste.exclusions import NO_EXCLUSIONS, Exclusions
from leitmotif_services.profiles.taste.presets import Preset
from leitmotif_services.profiles.taste.profile import Edit, Profile
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace


@dataclass(frozen=True)
class Everything:
    """All that is kept of a user, as of one version of the profile."""

    profile: Profile
    """Its `settled` is known."""
    space: PrototypeSpace
    """What the profile's positions mean."""
    edits: Sequence[Edit] = ()
    """The edit log; its sequences end at `profile.last_edit`."""
    events: Sequence[LoggedEvent] = ()
    """The event log; its sequences end at `profile.last_event`."""
    exclusions: Exclusions = NO_EXCLUSIONS
    presets: Mapping[str, Preset] = field(default_factory=dict)
