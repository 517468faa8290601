"""Keeps profiles in this process: the simple exact implementation that the Redis store is compared with."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from leitmotif_services.profiles.store.profile_store import Answer, Commit, Erased, Include, LoggedEvent, Stored, Verified
from leitmotif_services.profiles.taste.profile import Edit, Profile
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace

ANSWER_KEPT_US = 24 * 3600 * 1_000_000


@dataclass
class _Record:
    profile: Profile
    edits: deque[Edit] = field(default_factory=deque)
    events: deque[LoggedEvent] = field(default_factory=deque)
    answers: dict[str, tuple[int, Answer]] = field(default_factory=dict)
    latest_time_us: dict[str, int] = field(default_factory=dict)


class MemoryStore:
    """A `ProfileStore` without durability: for tests, and to read what the port means."""

    def __init__(self, now_us: Callable[[], int]) -> None:
        self._now_us = now_us
        self._records: dict[str, _Record] = {}
        self._spaces: dict[str, PrototypeSpace] = {}
        self._latest: str | None = None

    async def read(
        self, user_id: str, *, event_ids: Sequence[str] = (), request_id: str = "", include: Include = Include.NOTHING
    ) -> Stored:
        record = self._records.get(user_id)
        if record is None:
            return Stored(None)
        logged = {entry.event.event_id for entry in record.events}
        kept_until_us, answer = record.answers.get(request_id, (0, None))
        return Stored(
            record.profile,
            seen_event_ids=frozenset(event_ids) & logged,
            answer=answer if kept_until_us > self._now_us() else None,
            heard_track_ids=_heard(record) if Include.HEARD in include else (),
        )

    async def commit(self, commit: Commit) -> bool:
        user_id = commit.profile.user_id
        record = self._records.get(user_id)
        current = record.profile.version if record else None
        if current == commit.profile.version:
            return True
        if current != commit.expected:
            return False
        if record is None:
            record = self._records[user_id] = _Record(commit.profile)
        record.profile = commit.profile
        if commit.edits:
            record.edits.extend(commit.edits)
            while len(record.edits) > commit.edit_log_length:
                record.edits.popleft()
        first = commit.profile.last_event - len(commit.events) + 1
        for sequence, event in enumerate(commit.events, first):
            record.events.append(LoggedEvent(sequence, event))
            known_us = record.latest_time_us.get(event.track_id, event.occurred_at_us)
            record.latest_time_us[event.track_id] = max(known_us, event.occurred_at_us)
        while len(record.events) > commit.event_log_length:
            forgotten = record.events.popleft().event.track_id
            if all(entry.event.track_id != forgotten for entry in record.events):
                del record.latest_time_us[forgotten]
        if commit.answer is not None:
            record.answers[commit.request_id] = (self._now_us() + ANSWER_KEPT_US, commit.answer)
        return True

    async def read_edits(self, user_id: str, first: int, last: int) -> list[Edit]:
        record = self._records.get(user_id)
        return [edit for edit in record.edits if first <= edit.sequence <= last] if record else []

    async def read_events(self, user_id: str, first: int, last: int) -> list[LoggedEvent]:
        record = self._records.get(user_id)
        return [entry for entry in record.events if first <= entry.sequence <= last] if record else []

    async def delete(self, user_id: str) -> Erased:
        return Erased(int(self._records.pop(user_id, None) is not None))

    async def verify_erased(self, user_id: str) -> Verified:
        return Verified(len(self._records), int(user_id in self._records))

    async def register_space(self, space: PrototypeSpace) -> PrototypeSpace:
        self._latest = space.model_version
        return self._spaces.setdefault(space.model_version, space)

    async def read_space(self, model_version: str) -> PrototypeSpace | None:
        return self._spaces.get(model_version)

    async def latest_model_version(self) -> str | None:
        return self._latest


def _heard(record: _Record) -> tuple[str, ...]:
    newest = {entry.event.track_id: entry.sequence for entry in record.events}
    return tuple(sorted(newest, key=lambda track_id: (record.latest_time_us[track_id], newest[track_id]), reverse=True))
