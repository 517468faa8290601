"""The use cases of one tenant, and of whichever tenant a call is for."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from leitmotif_services.profiles.store.change_feed import ChangeFeed
from leitmotif_services.profiles.use_cases.custody import Custody
from leitmotif_services.profiles.use_cases.editing import Editing
from leitmotif_services.profiles.use_cases.excluding import Excluding
from leitmotif_services.profiles.use_cases.preset_changes import PresetChanges
from leitmotif_services.profiles.use_cases.profile_updates import ProfileUpdates
from leitmotif_services.profiles.use_cases.reading import Reading
from leitmotif_services.profiles.use_cases.rebuilding import Rebuilding
from leitmotif_services.profiles.use_cases.recording import Recording
from leitmotif_services.profiles.use_cases.watching import Watching, WatchRoom

_TENANTS_KEPT = 1024


@dataclass(frozen=True)
class TenantProfiles:
    """Everything that can be done with the profiles of one tenant."""

    reading: Reading
    recording: Recording
    editing: Editing
    rebuilding: Rebuilding
    excluding: Excluding
    custody: Custody
    presets: PresetChanges
    watching: Watching

    @classmethod
    def of(cls, updates: ProfileUpdates, feed: ChangeFeed, room: WatchRoom) -> "TenantProfiles":
        """The use cases over one tenant's store and the news of its changes; the room is for the watches of all tenants."""
        return cls(
            reading=Reading(updates),
            recording=Recording(updates),
            editing=Editing(updates),
            rebuilding=Rebuilding(updates),
            excluding=Excluding(updates),
            custody=Custody(updates),
            presets=PresetChanges(updates),
            watching=Watching(updates, feed, room),
        )


class Tenants:
    """The use cases by tenant, made when a tenant first calls; the `most` that called last are kept."""

    def __init__(self, make: Callable[[str], TenantProfiles], *, most: int = _TENANTS_KEPT) -> None:
        self._make = make
        self._most = most
        self._kept: OrderedDict[str, TenantProfiles] = OrderedDict()

    def of(self, tenant_id: str) -> TenantProfiles:
        """The use cases of a tenant, whose id must be well-formed."""
        profiles = self._kept.get(tenant_id)
        if profiles is None:
            profiles = self._kept[tenant_id] = self._make(tenant_id)
        self._kept.move_to_end(tenant_id)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return profiles
