"""Reads what undo, redo and a change of model need of the edit log."""

from collections.abc import Sequence

from leitmotif_services.profiles.store.profile_store import ProfileStore
from leitmotif_services.profiles.taste.profile import Edit, Profile
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace
from leitmotif_services.profiles.use_cases.optimistic_update import StaleReadError
from leitmotif_services.runtime.errors import Reason, ServiceError


async def logged_edits(store: ProfileStore, profile: Profile, sequences: Sequence[int]) -> dict[int, Edit]:
    """Edits that the log keeps as of the version of `profile`, by sequence, in one read.

    StaleReadError when the profile has changed meanwhile; STORED_VALUE_UNREADABLE when one is missing from the log.
    """
    if not sequences:
        return {}
    wanted = frozenset(sequences)
    user_id = profile.user_id
    read = await store.read_edits(user_id, min(wanted), max(wanted))
    edits = {edit.sequence: edit for edit in read if edit.sequence in wanted}
    if len(edits) < len(wanted):
        current = (await store.read(user_id)).profile
        if current is None or current.version != profile.version:
            raise StaleReadError
        missing = min(wanted - edits.keys())
        raise ServiceError(Reason.STORED_VALUE_UNREADABLE, f"edit {missing} of user {user_id!r} is missing from its log")
    return edits


async def settled(store: ProfileStore, profile: Profile, space: PrototypeSpace) -> Profile:
    """The profile with `settled` known: one of schema 1 has it worked out from its log. StaleReadError as above."""
    if profile.settled is not None:
        return profile
    log = await store.read_edits(profile.user_id, 1, profile.last_edit)
    # An edit made meanwhile may have pushed the oldest entry out of the log.
    current = (await store.read(profile.user_id)).profile
    if current is None or current.version != profile.version:
        raise StaleReadError
    return profile.settled_by(log, space)
