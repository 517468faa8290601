# Generated from leitmotif/_async/exclusions.py by clients/python/generate_sync.py; edit that file instead.
"""What a user keeps out of recommendations, or out of the profile."""

from collections.abc import Iterable

from leitmotif._convert.exclusions import changed_exclusions_of, exclusions_message_of, exclusions_of
from leitmotif._sync.transport import Transport
from leitmotif.api.gateway.v1 import gateway_pb2
from leitmotif.api.profiles.v1 import exclusions_pb2 as pb2
from leitmotif.types import ChangedExclusions, Exclusions, TimeRange

NONE = Exclusions()


class UserExclusions:
    """The exclusions of one user: `client.profiles(user_id).exclusions`.

    Hiding concerns recommendations, counting the profile: a hidden track may still count, and the other way round. What is
    excluded already stays so. They are no edits: undo does not take them back, `unhide` and `count` do.
    """

    def __init__(self, transport: Transport, user_id: str) -> None:
        self._transport = transport
        self.user_id = user_id

    def get(self, *, timeout_s: float | None = None) -> Exclusions:
        """Everything that is excluded, in order."""
        method = self._transport.stubs.exclusions.GetExclusions
        request = pb2.GetExclusionsRequest(user_id=self.user_id)
        response = self._transport.call(method, request, timeout_s=timeout_s, repeatable=True)
        return exclusions_of(response.exclusions)

    def hide(
        self, *, tracks: Iterable[str] = (), artists: Iterable[str] = (), timeout_s: float | None = None
    ) -> ChangedExclusions:
        """Never recommend these track ids, or tracks of these artists, as the catalogue spells them."""
        added = Exclusions(hidden_track_ids=tuple(tracks), hidden_artists=tuple(artists))
        return self.change(add=added, timeout_s=timeout_s)

    def unhide(
        self, *, tracks: Iterable[str] = (), artists: Iterable[str] = (), timeout_s: float | None = None
    ) -> ChangedExclusions:
        """Recommend these track ids and artists again."""
        removed = Exclusions(hidden_track_ids=tuple(tracks), hidden_artists=tuple(artists))
        return self.change(remove=removed, timeout_s=timeout_s)

    def keep_out(
        self,
        *,
        tracks: Iterable[str] = (),
        artists: Iterable[str] = (),
        ranges: Iterable[TimeRange] = (),
        timeout_s: float | None = None,
    ) -> ChangedExclusions:
        """Keep what was heard, and will be, of these track ids and artists or in these times out of the profile."""
        added = Exclusions(uncounted_track_ids=tuple(tracks), uncounted_artists=tuple(artists), uncounted_ranges=tuple(ranges))
        return self.change(add=added, timeout_s=timeout_s)

    def count(
        self,
        *,
        tracks: Iterable[str] = (),
        artists: Iterable[str] = (),
        ranges: Iterable[TimeRange] = (),
        timeout_s: float | None = None,
    ) -> ChangedExclusions:
        """Let what `keep_out` was told count again; a range must be one that was given there."""
        removed = Exclusions(uncounted_track_ids=tuple(tracks), uncounted_artists=tuple(artists), uncounted_ranges=tuple(ranges))
        return self.change(remove=removed, timeout_s=timeout_s)

    def change(
        self,
        *,
        add: Exclusions = NONE,
        remove: Exclusions = NONE,
        etag: str | None = None,
        allow_missing: bool = False,
        timeout_s: float | None = None,
    ) -> ChangedExclusions:
        """Add and remove exclusions, all or none; at most 2000 entries in one call.

        With `etag`, only when the profile has not changed since it was read: ConflictError otherwise. NotFoundError
        (PROFILE_NOT_FOUND) for a user without a profile, unless `allow_missing`, which makes an empty one first.
        """
        request = gateway_pb2.ChangeExclusionsRequest(
            user_id=self.user_id,
            add=exclusions_message_of(add),
            remove=exclusions_message_of(remove),
            etag=etag or "",
            allow_missing=allow_missing,
        )
        method = self._transport.stubs.gateway.ChangeExclusions
        response = self._transport.call(method, request, timeout_s=timeout_s, repeatable=not etag)
        return changed_exclusions_of(response)
