"""The bytes of exclusions."""

from leitmotif_services.profiles.store.msgpack_values import checked, checked_body, packed, readable
from leitmotif_services.profiles.taste.exclusions import Exclusions, TimeRange, sorted_ranges


def encode_exclusions(exclusions: Exclusions) -> bytes:
    """Sets are sorted, so that equal exclusions have equal bytes."""
    return checked(
        packed(
            (
                sorted(exclusions.hidden_track_ids),
                sorted(exclusions.hidden_artists),
                sorted(exclusions.uncounted_track_ids),
                sorted(exclusions.uncounted_artists),
                sorted_ranges(exclusions.uncounted_ranges),
            )
        )
    )


def decode_exclusions(user_id: str, value: bytes) -> Exclusions:
    """The exclusions of `encode_exclusions`."""

    def decode() -> Exclusions:
        *sets, ranges = checked_body(value)
        hidden_track_ids, hidden_artists, uncounted_track_ids, uncounted_artists = map(frozenset, sets)
        uncounted_ranges = frozenset(TimeRange(*each) for each in ranges)
        return Exclusions(hidden_track_ids, hidden_artists, uncounted_track_ids, uncounted_artists, uncounted_ranges)

    return readable(f"the exclusions of user {user_id!r}", decode)
