"""Collects audio items into calls that stay below the service's bounds."""

from dataclasses import dataclass, field

from leitmotif._settings import MAX_MESSAGE_BYTES
from leitmotif.errors import InvalidArgumentError, Reason
from leitmotif.types import AudioItem, EmbedFailure, PcmItem, TrackEmbedding

MAX_ITEMS = 16
"""Items of a call: what the service takes by default."""

MAX_BATCH_BYTES = 32 << 20
"""Audio of a call, in bytes. A larger item goes alone."""

MAX_ITEM_BYTES = MAX_MESSAGE_BYTES - (64 << 10)
"""A larger item does not fit into a message; the rest is for its name and the message around it."""


@dataclass
class Batch:
    """Entries in the order they came: items to send, and failures that need no sending."""

    max_items: int = MAX_ITEMS
    max_bytes: int = MAX_BATCH_BYTES
    entries: list[AudioItem | PcmItem | EmbedFailure] = field(default_factory=list)
    item_bytes: int = 0

    def fits(self, entry: AudioItem | PcmItem | EmbedFailure) -> bool:
        """True when `entry` may be added before the batch is sent."""
        if len(self.entries) >= self.max_items:
            return False
        return isinstance(entry, EmbedFailure) or not self.item_bytes or self.item_bytes + _size(entry) <= self.max_bytes

    def add(self, entry: AudioItem | PcmItem | EmbedFailure) -> None:
        self.entries.append(entry)
        if not isinstance(entry, EmbedFailure):
            self.item_bytes += _size(entry)

    @property
    def items(self) -> list[AudioItem | PcmItem]:
        """What is to be sent."""
        return [entry for entry in self.entries if not isinstance(entry, EmbedFailure)]

    def merged(self, results: list[TrackEmbedding | EmbedFailure]) -> list[TrackEmbedding | EmbedFailure]:
        """One outcome an entry, in order; `results` are those of `items`."""
        remaining = iter(results)
        return [entry if isinstance(entry, EmbedFailure) else next(remaining) for entry in self.entries]


def _size(item: AudioItem | PcmItem) -> int:
    return len(item.content if isinstance(item, AudioItem) else item.samples)


def checked_item(item: AudioItem | PcmItem) -> AudioItem | PcmItem | EmbedFailure:
    """The item, or why it cannot be sent."""
    if _size(item) <= MAX_ITEM_BYTES:
        return item
    return EmbedFailure(
        item.track_id,
        InvalidArgumentError(
            f"{item.track_id or 'the item'} has {_size(item)} bytes, {MAX_ITEM_BYTES} are allowed",
            code="INVALID_ARGUMENT",
            reason=Reason.LIMIT_EXCEEDED,
            metadata={"limit": str(MAX_ITEM_BYTES), "actual": str(_size(item))},
        ),
    )


def unreadable_item(track_id: str, error: OSError) -> EmbedFailure:
    """The outcome of a file that cannot be read."""
    return EmbedFailure(track_id, InvalidArgumentError(f"cannot read {error.filename}: {error.strerror}"))
