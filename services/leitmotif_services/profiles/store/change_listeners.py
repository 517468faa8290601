"""Who listens for changes, by what they listen to."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager


class ChangeListeners:
    """The events of those who listen, by channel. A channel is there as long as somebody listens to it."""

    def __init__(self) -> None:
        self._events: dict[str, list[asyncio.Event]] = {}

    @contextmanager
    def listening(self, channel: str) -> Iterator[asyncio.Event]:
        """An event that `wake` sets, for as long as the context lasts."""
        event = asyncio.Event()
        self._events.setdefault(channel, []).append(event)
        try:
            yield event
        finally:
            events = self._events[channel]
            events.remove(event)
            if not events:
                del self._events[channel]

    def wake(self, channel: str) -> None:
        """Set the event of everybody who listens to a channel."""
        for event in self._events.get(channel, ()):
            event.set()

    def wake_each(self, channels: Iterable[str]) -> None:
        """As `wake`, for several channels."""
        for channel in channels:
            self.wake(channel)

    @property
    def channels(self) -> Sequence[str]:
        """What somebody listens to."""
        return tuple(self._events)

    def __contains__(self, channel: object) -> bool:
        return channel in self._events

    def __len__(self) -> int:
        return len(self._events)
