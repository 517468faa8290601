"""What every use case stands on: the store, the spaces, the clock, and changes by compare-and-set."""

import secrets
import time
from collections.abc import Callable, Mapping

from leitmotif_services.profiles.store.profile_store import Commit, ProfileStore, Stored
from leitmotif_services.profiles.taste.exclusions import Exclusions
from leitmotif_services.profiles.taste.history import Counting, Event, History
from leitmotif_services.profiles.taste.known_tracks import KnownTracks
from leitmotif_services.profiles.taste.presets import Preset
from leitmotif_services.profiles.taste.profile import EDIT_LOG_LENGTH, EVENT_LOG_LENGTH, Edit, Profile, profile_not_found
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace
from leitmotif_services.profiles.use_cases.known_spaces import KnownSpaces
from leitmotif_services.profiles.use_cases.optimistic_update import OptimisticUpdate
from leitmotif_services.runtime.admission import Admission
from leitmotif_services.runtime.errors import Reason, ServiceError


def wall_clock_us() -> int:
    """Microseconds since 1970, UTC."""
    return time.time_ns() // 1000


class ProfileUpdates:
    """One tenant's profiles. `heavy` runs what is long for the event loop; clock and nonces can be replaced by tests."""

    def __init__(
        self,
        store: ProfileStore,
        spaces: KnownSpaces,
        heavy: Admission,
        *,
        counting: Counting | None = None,
        edit_log_length: int = EDIT_LOG_LENGTH,
        event_log_length: int = EVENT_LOG_LENGTH,
        now_us: Callable[[], int] = wall_clock_us,
        new_nonce: Callable[[], bytes] = lambda: secrets.token_bytes(8),
    ) -> None:
        self.store = store
        self.spaces = spaces
        self.heavy = heavy
        self.counting = counting or Counting()
        self.edit_log_length = edit_log_length
        self.event_log_length = event_log_length
        self.now_us = now_us
        self.update = OptimisticUpdate(store)
        self._new_nonce = new_nonce

    async def recomputed_history(self, profile: Profile, known: KnownTracks, exclusions: Exclusions, prototypes: int) -> History:
        """The history that the whole event log of a profile makes with known tracks and exclusions."""
        # Log entries never change, so that what the log held at that version can be read after it.
        log = await self.store.read_events(profile.user_id, 1, profile.last_event)
        events = [entry.event for entry in log]
        return await self.heavy.run(known.history, events, exclusions, self.counting, prototypes)

    async def space_of_new(self, model_version: str) -> PrototypeSpace:
        """What a profile is made under: a model version, or the one registered last; PROTOTYPE_SPACE_UNKNOWN."""
        return await (self.spaces.of(model_version) if model_version else self.spaces.latest())

    def stamped(self, profile: Profile) -> Profile:
        """The profile as the next version."""
        return profile.stamped(self._new_nonce(), self.now_us())

    def commit(
        self,
        stored: Stored,
        profile: Profile,
        *,
        edits: tuple[Edit, ...] = (),
        events: tuple[Event, ...] = (),
        exclusions: Exclusions | None = None,
        presets: Mapping[str, Preset | None] | None = None,
    ) -> Commit:
        """A change from what was stored to a stamped profile."""
        return Commit(
            stored.profile.version if stored.profile else None,
            profile,
            edits=edits,
            events=events,
            exclusions=exclusions,
            presets=presets or {},
            edit_log_length=self.edit_log_length,
            event_log_length=self.event_log_length,
        )


def present(user_id: str, stored: Stored) -> Profile:
    """The profile that was read; PROFILE_NOT_FOUND."""
    if stored.profile is None:
        raise profile_not_found(user_id)
    return stored.profile


def check_model(profile: Profile, model_version: str) -> None:
    """MODEL_VERSION_MISMATCH for a change that is meant for a profile of another model."""
    if profile.model_version != model_version:
        raise ServiceError(
            Reason.MODEL_VERSION_MISMATCH,
            f"the change is for model version {model_version!r}, the profile is of {profile.model_version!r}",
            expected=profile.model_version,
            actual=model_version,
        )


def check_etag(user_id: str, current: str, asked: str) -> None:
    """ETAG_MISMATCH when an etag is asked for that is not the current one."""
    if asked and asked != current:
        raise ServiceError(
            Reason.ETAG_MISMATCH,
            f"the profile of user {user_id!r} has changed since that etag was read",
            current_etag=current,
        )
