"""Keeps what a user does not want: hidden from recommendations, or kept out of the profile."""

from dataclasses import dataclass, replace

from leitmotif_services.profiles.store.profile_store import Commit, Include, Stored
from leitmotif_services.profiles.taste.exclusions import Exclusions
from leitmotif_services.profiles.taste.history import History
from leitmotif_services.profiles.taste.known_tracks import KnownTracks
from leitmotif_services.profiles.taste.profile import Profile, Version
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace
from leitmotif_services.profiles.use_cases.outcomes import Viewed
from leitmotif_services.profiles.use_cases.profile_updates import ProfileUpdates, check_etag, check_model, present
from leitmotif_services.runtime.errors import invalid_field


@dataclass(frozen=True)
class ModelTracks:
    """Tracks whose affinities are of a model version."""

    tracks: KnownTracks
    model_version: str


@dataclass(frozen=True)
class Excluded(Viewed):
    """A profile, and what its user excludes."""

    exclusions: Exclusions


class Excluding:
    """Exclusions are no edits: they are taken back by removing them, not by undo."""

    def __init__(self, updates: ProfileUpdates) -> None:
        self._updates = updates

    async def read(self, user_id: str) -> tuple[Exclusions, Version]:
        """What a user excludes, and the version of the profile; PROFILE_NOT_FOUND."""
        stored = await self._updates.store.read(user_id, include=Include.EXCLUSIONS)
        return stored.exclusions, present(user_id, stored).version

    async def change(
        self,
        user_id: str,
        add: Exclusions,
        remove: Exclusions,
        known: ModelTracks | None = None,
        *,
        etag: str = "",
        model_version: str = "",
        allow_missing: bool = False,
    ) -> Excluded:
        """Add entries and remove others, all or none; the history is recomputed where other events count than before.

        What is in both is removed. With `model_version`, only in a profile of it, or a new one. Nothing is written where nothing
        changes. LIMIT_EXCEEDED, ETAG_MISMATCH, MODEL_VERSION_MISMATCH; FIELD_INVALID where `known` is needed and missing, or its
        rows do not have K numbers.
        """

        async def decide(stored: Stored) -> tuple[Commit | None, Excluded]:
            profile, space = await self._profile(
                user_id, stored, etag=etag, model_version=model_version, allow_missing=allow_missing
            )
            if known is not None:
                check_model(profile, known.model_version)
                known.tracks.check_dimension("known.affinities", space.size)
            exclusions = stored.exclusions.changed(add, remove)
            if stored.profile is not None and exclusions == stored.exclusions:
                return None, Excluded(profile, space, exclusions)
            changed = replace(profile, exclusion_count=len(exclusions))
            if profile.last_event and not exclusions.same_counting(stored.exclusions):
                changed = replace(changed, history=await self._recomputed(profile, exclusions, known, space.size))
            changed = self._updates.stamped(changed)
            return self._updates.commit(stored, changed, exclusions=exclusions), Excluded(changed, space, exclusions)

        return await self._updates.update.run(user_id, decide, include=Include.EXCLUSIONS)

    async def _profile(
        self, user_id: str, stored: Stored, *, etag: str, model_version: str, allow_missing: bool
    ) -> tuple[Profile, PrototypeSpace]:
        if stored.profile is None and allow_missing:
            check_etag(user_id, "", etag)
            space = await self._updates.space_of_new(model_version)
            return Profile.empty(user_id, space, self._updates.now_us()), space
        profile = present(user_id, stored)
        check_etag(user_id, profile.version.etag, etag)
        if model_version:
            check_model(profile, model_version)
        return profile, await self._updates.spaces.of(profile.model_version)

    async def _recomputed(self, profile: Profile, exclusions: Exclusions, known: ModelTracks | None, prototypes: int) -> History:
        if known is None:
            raise invalid_field("known", "is required where other events count than before, and there are some")
        return await self._updates.recomputed_history(profile, known.tracks, exclusions, prototypes)
