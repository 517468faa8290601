"""Keeps profiles in this process: the simple exact implementation that the Redis store is compared with."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from leitmotif_services.profiles.store.profile_store import Answer, Commit, Erased, Include, LoggedEvent, Stored, Verified
from leitmotif_services.profiles.taste.exclusions import NO_EXCLUSIONS, Exclusions
from leitmotif_services.profiles.taste.presets import Preset
from leitmotif_services.profiles.taste.profile import Edit, Profile
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace
from leitmotif_services.runtime.request_context import DEFAULT_TENANT

ANSWER_KEPT_US = 24 * 3600 * 1_000_000


@dataclass
class _Record:
    profile: Profile
    edits: deque[Edit] = field(default_factory=deque)
    events: deque[LoggedEvent] = field(default_factory=deque)
    answers: dict[str, tuple[int, Answer]] = field(default_factory=dict)
    exclusions: Exclusions = NO_EXCLUSIONS
    presets: dict[str, Preset] = field(default_factory=dict)


@dataclass
class _Kept:
    """What the stores of all tenants share."""

    records: dict[tuple[str, str], _Record] = field(default_factory=dict)
    """By tenant and user."""
    spaces: dict[str, PrototypeSpace] = field(default_factory=dict)
    latest: str | None = None
    listeners: list[Callable[[str, str], None]] = field(default_factory=list)


class MemoryStore:
    """A `ProfileStore` without durability: for tests, and to read what the port means."""

    def __init__(self, now_us: Callable[[], int], *, tenant_id: str = DEFAULT_TENANT) -> None:
        self._now_us = now_us
        self._tenant_id = tenant_id
        self._kept = _Kept()

    def of_tenant(self, tenant_id: str) -> "MemoryStore":
        """The store of another tenant, which shares the prototype spaces with this one."""
        store = MemoryStore(self._now_us, tenant_id=tenant_id)
        store._kept = self._kept
        return store

    def on_change(self, listener: Callable[[str, str], None]) -> Callable[[], None]:
        """Call `listener` with tenant and user after every change, of all tenants; returns what ends that."""
        self._kept.listeners.append(listener)
        return lambda: self._kept.listeners.remove(listener)

    async def read(
        self, user_id: str, *, event_ids: Sequence[str] = (), request_id: str = "", include: Include = Include.NOTHING
    ) -> Stored:
        record = self._record(user_id)
        if record is None:
            return Stored(None)
        logged = {entry.event.event_id for entry in record.events}
        kept_until_us, answer = record.answers.get(request_id, (0, None))
        return Stored(
            record.profile,
            seen_event_ids=frozenset(event_ids) & logged,
            answer=answer if kept_until_us > self._now_us() else None,
            heard_track_ids=_heard(record.events) if Include.HEARD in include else (),
            exclusions=record.exclusions if Include.EXCLUSIONS in include else NO_EXCLUSIONS,
            presets=dict(record.presets) if Include.PRESETS in include else {},
        )

    async def commit(self, commit: Commit) -> bool:
        key = (self._tenant_id, commit.profile.user_id)
        record = self._kept.records.get(key)
        current = record.profile.version if record else None
        if current == commit.profile.version:
            return True
        if current != commit.expected:
            return False
        if record is None or commit.replaces:
            record = self._kept.records[key] = _Record(commit.profile)
        record.profile = commit.profile
        record.edits.extend(commit.edits)
        while len(record.edits) > commit.edit_log_length:
            record.edits.popleft()
        first = commit.profile.last_event - len(commit.events) + 1
        record.events.extend(LoggedEvent(sequence, event) for sequence, event in enumerate(commit.events, first))
        if commit.events:
            while len(record.events) > commit.event_log_length:
                record.events.popleft()
        if commit.answer is not None:
            record.answers[commit.request_id] = (self._now_us() + ANSWER_KEPT_US, commit.answer)
        if commit.exclusions is not None:
            record.exclusions = commit.exclusions
        for preset_id, preset in commit.presets.items():
            if preset is None:
                record.presets.pop(preset_id, None)
            else:
                record.presets[preset_id] = preset
        self._tell(commit.profile.user_id)
        return True

    async def read_edits(self, user_id: str, first: int, last: int) -> list[Edit]:
        record = self._record(user_id)
        return [edit for edit in record.edits if first <= edit.sequence <= last] if record else []

    async def read_events(self, user_id: str, first: int, last: int) -> list[LoggedEvent]:
        record = self._record(user_id)
        return [entry for entry in record.events if first <= entry.sequence <= last] if record else []

    async def delete(self, user_id: str) -> Erased:
        if self._kept.records.pop((self._tenant_id, user_id), None) is None:
            return Erased(0)
        self._tell(user_id)
        return Erased(1)

    async def verify_erased(self, user_id: str) -> Verified:
        records = self._kept.records
        return Verified(len(records) + len(self._kept.spaces), int((self._tenant_id, user_id) in records))

    async def register_space(self, space: PrototypeSpace) -> PrototypeSpace:
        kept = self._kept.spaces.get(space.model_version)
        if kept is not None and kept != space:
            return kept
        self._kept.spaces[space.model_version] = space
        self._kept.latest = space.model_version
        return space

    async def read_space(self, model_version: str) -> PrototypeSpace | None:
        return self._kept.spaces.get(model_version)

    async def latest_model_version(self) -> str | None:
        return self._kept.latest

    def _record(self, user_id: str) -> _Record | None:
        return self._kept.records.get((self._tenant_id, user_id))

    def _tell(self, user_id: str) -> None:
        for listener in list(self._kept.listeners):
            listener(self._tenant_id, user_id)


def _heard(events: Sequence[LoggedEvent]) -> tuple[str, ...]:
    latest: dict[str, tuple[int, int]] = {}
    for sequence, event in events:
        latest[event.track_id] = max(latest.get(event.track_id, (event.occurred_at_us, 0)), (event.occurred_at_us, sequence))
    return tuple(sorted(latest, key=lambda track_id: latest[track_id], reverse=True))
