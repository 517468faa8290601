"""Keeps profiles in Redis. Of a user, whose keys begin as `redis_keys` says:

    profile         string   the profile, see `msgpack_profiles`
    edits           list     the edit log, oldest first, see `msgpack_logs`
    events          list     the event log, oldest first, in blocks
    event_ids       hash     marks of the event ids in sealed blocks by bucket, and the oldest sequence that the log still has;
                             the ids themselves of events that were logged under schema 1
    request_ids     sorted set   request ids by the time their answers are forgotten (ms)
    requests:<id>   string   a kept answer, expires after 24 hours
    exclusions      string   what the user does not want; absent for nothing
    presets         hash     presets by id
    heard           hash     of schema 1 only; goes with the next event
    changed         a channel: the new etag after each change, nothing after an erasure

Prototype spaces are in `redis_spaces`.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from leitmotif_services.profiles.store.msgpack_exclusions import decode_exclusions, encode_exclusions
from leitmotif_services.profiles.store.msgpack_logs import (
    decode_edit,
    decode_events,
    encode_edit,
    event_blocks,
    heard_tracks,
    id_bucket,
    id_marks,
    is_marked,
    open_events,
)
from leitmotif_services.profiles.store.msgpack_presets import decode_preset, encode_preset
from leitmotif_services.profiles.store.msgpack_profiles import (
    VERSION_FIRST,
    VERSION_LAST,
    decode_answer,
    decode_profile,
    encode_answer,
    encode_profile,
    version_bytes,
)
from leitmotif_services.profiles.store.profile_store import Commit, Erased, Include, LoggedEvent, Stored, Verified
from leitmotif_services.profiles.store.redis_client import RedisClient
from leitmotif_services.profiles.store.redis_failures import RETRY_AFTER_S
from leitmotif_services.profiles.store.redis_keys import TenantKeys
from leitmotif_services.profiles.store.redis_scripts import COMMIT, DELETE, READ_EDITS, READ_EVENTS
from leitmotif_services.profiles.store.redis_socket import Argument
from leitmotif_services.profiles.store.redis_spaces import RedisSpaces
from leitmotif_services.profiles.taste.exclusions import NO_EXCLUSIONS
from leitmotif_services.profiles.taste.profile import Edit, Version
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace
from leitmotif_services.runtime.admission import Admission
from leitmotif_services.runtime.errors import Reason, ServiceError
from leitmotif_services.runtime.request_context import DEFAULT_TENANT

ANSWER_KEPT_MS = 24 * 3600 * 1000

MOST_ANSWERS = 10_000
"""Answers kept of one user at once; with more, the oldest are forgotten before their 24 hours are over."""

# What takes longer than about a millisecond is encoded and decoded in a thread.
_EVENTS_ON_LOOP = 500
_BYTES_ON_LOOP = 8192

_TAILS_KEPT = 256

_OLDEST = b"\0"
"""The field of `event_ids` that holds the oldest sequence."""


T = TypeVar("T")
V = TypeVar("V")


class RedisStore:
    """A `ProfileStore` of one tenant. `decoding` runs what would hold up the event loop.

    With `inactive_ttl_s`, a user expires as a whole so long after the last change; 0 keeps users for ever, and also those, from
    their next change on, that an earlier setting would have let expire.
    """

    def __init__(
        self,
        client: RedisClient,
        *,
        key_prefix: str,
        tenant_id: str = DEFAULT_TENANT,
        decoding: Admission,
        answer_kept_ms: int = ANSWER_KEPT_MS,
        inactive_ttl_s: int = 0,
    ) -> None:
        self._client = client
        self._keys = TenantKeys(key_prefix, tenant_id)
        self._heavy = decoding
        self._spaces = RedisSpaces(client, self._keys, decoding)
        self._inactive_ttl_ms = inactive_ttl_s * 1000
        # No answer outlives its profile.
        self._answer_kept_ms = min(answer_kept_ms, self._inactive_ttl_ms or answer_kept_ms)
        self._tails: OrderedDict[str, tuple[Version, list[LoggedEvent]]] = OrderedDict()
        """The open blocks that were read last, which a commit needs from the very version that it was made from."""

    async def read(
        self, user_id: str, *, event_ids: Sequence[str] = (), request_id: str = "", include: Include = Include.NOTHING
    ) -> Stored:
        if event_ids or request_id or include:
            return await self._read_with_more(user_id, event_ids, request_id, include)
        value = await self._client.command("GET", self._keys.base(user_id) + "profile")
        return Stored(None if value is None else decode_profile(user_id, value))

    async def _read_with_more(self, user_id: str, event_ids: Sequence[str], request_id: str, include: Include) -> Stored:
        base = self._keys.base(user_id)
        commands: list[Sequence[Argument]] = [("GET", base + "profile")]
        if request_id:
            commands.append(("GET", self._keys.answer(user_id, request_id)))
        if event_ids:
            buckets = sorted({id_bucket(event_id) for event_id in event_ids})
            fields: list[Argument] = [_OLDEST, *buckets, *event_ids]
            commands += (("LINDEX", base + "events", -1), ("HMGET", base + "event_ids", *fields))
        if Include.HEARD in include:
            commands.append(("LRANGE", base + "events", 0, -1))
        if Include.EXCLUSIONS in include:
            commands.append(("GET", base + "exclusions"))
        if Include.PRESETS in include:
            commands.append(("HVALS", base + "presets"))
        # The profile is read first, and a commit refuses when it has changed since.
        value, *rest = await self._client.commands(*commands)
        if value is None:
            return Stored(None)
        more = iter(rest)
        profile = decode_profile(user_id, value)
        answer = next(more) if request_id else None
        seen: frozenset[str] = frozenset()
        if event_ids:
            tail = open_events(next(more))
            self._remember_tail(user_id, profile.version, tail)
            oldest, *marks = next(more)
            known = _Known(tail, int(oldest or 0), dict(zip(buckets, marks, strict=False)), marks[len(buckets) :])
            seen = known.of(event_ids)
        if answer is not None or seen:
            # Who repeats a request may do so because replicas did not tell in time that they have it.
            await self._client.confirm(base + "profile")
        heard = await self._decoded(_heard, next(more)) if Include.HEARD in include else ()
        exclusions = next(more) if Include.EXCLUSIONS in include else None
        presets = [decode_preset(value) for value in next(more)] if Include.PRESETS in include else []
        return Stored(
            profile,
            seen_event_ids=seen,
            answer=None if answer is None else decode_answer(user_id, answer),
            heard_track_ids=heard,
            exclusions=NO_EXCLUSIONS if exclusions is None else decode_exclusions(user_id, exclusions),
            presets={preset.preset_id: preset for preset in presets},
        )

    async def commit(self, commit: Commit) -> bool:
        user_id = commit.profile.user_id
        tail = await self._tail(commit)
        first = commit.profile.last_event - len(commit.events) + 1
        entries = [*tail, *(LoggedEvent(sequence, event) for sequence, event in enumerate(commit.events, first))]
        blocks, marks = await self._run(_blocks_and_marks, entries, heavy=len(entries) > _EVENTS_ON_LOOP)
        exclusions = commit.exclusions
        kept = {preset_id: preset for preset_id, preset in commit.presets.items() if preset is not None}
        forgotten = [preset_id for preset_id, preset in commit.presets.items() if preset is None]
        arguments: list[Argument] = [
            b"" if commit.expected is None else version_bytes(commit.expected),
            encode_profile(commit.profile),
            VERSION_FIRST,
            VERSION_LAST,
            commit.profile.version.etag,
            self._keys.base(user_id),
            int(commit.replaces),
            self._inactive_ttl_ms,
            commit.request_id if commit.answer is not None else b"",
            b"" if commit.answer is None else encode_answer(commit.answer),
            time.time_ns() // 1_000_000,
            self._answer_kept_ms,
            MOST_ANSWERS,
            b"" if exclusions is None else encode_exclusions(exclusions) if exclusions else b"0",
            len(commit.edits),
            commit.edit_log_length,
            len(blocks),
            int(bool(tail)),
            commit.profile.last_event - commit.event_log_length + 1,
            len(marks),
            len(kept),
            len(forgotten),
        ]
        arguments += [encode_edit(edit) for edit in commit.edits]
        arguments += blocks
        for bucket, marked in marks.items():
            arguments += (bucket, marked)
        for preset_id, preset in kept.items():
            arguments += (preset_id, encode_preset(preset))
        arguments += forgotten
        keys = (*self._keys.of_user(user_id), self._keys.answer(user_id, commit.request_id))
        reply = await self._client.script(COMMIT, keys, *arguments)
        if not reply.value and reply.tries > 1 and not commit.events and commit.answer is None:
            # The first try may have been written and changed again by somebody else; applying it anew could count it twice.
            raise ServiceError(
                Reason.STORE_UNAVAILABLE,
                "the connection to the profile store broke; read the profile to see whether the change was made",
                retry_after_s=RETRY_AFTER_S,
            )
        return bool(reply.value)

    async def read_edits(self, user_id: str, first: int, last: int) -> list[Edit]:
        reply = await self._client.script(READ_EDITS, (self._keys.base(user_id) + "edits",), first, last)
        return [decode_edit(value) for value in reply.value]

    async def read_events(self, user_id: str, first: int, last: int) -> list[LoggedEvent]:
        reply = await self._client.script(READ_EVENTS, (self._keys.base(user_id) + "events",), first, last)
        entries = await self._decoded(decode_events, reply.value)
        return [entry for entry in entries if first <= entry.sequence <= last]

    async def delete(self, user_id: str) -> Erased:
        self._tails.pop(user_id, None)
        base = self._keys.base(user_id)
        reply = await self._client.script(DELETE, self._keys.of_user(user_id), base)
        if not reply.value:  # as when it is repeated, since replicas did not tell in time that they have it
            await self._client.confirm(base + "profile")
        return Erased(reply.value)

    async def verify_erased(self, user_id: str) -> Verified:
        base = self._keys.base(user_id).encode()
        scanned = 0
        remaining: set[bytes] = set()
        async for keys in self._client.scan():
            scanned += len(keys)
            remaining.update(key for key in keys if key.startswith(base))
        return Verified(scanned, len(remaining))

    async def register_space(self, space: PrototypeSpace) -> PrototypeSpace:
        return await self._spaces.register(space)

    async def read_space(self, model_version: str) -> PrototypeSpace | None:
        return await self._spaces.read(model_version)

    async def latest_model_version(self) -> str | None:
        return await self._spaces.latest()

    def _remember_tail(self, user_id: str, version: Version, tail: list[LoggedEvent]) -> None:
        self._tails[user_id] = (version, tail)
        self._tails.move_to_end(user_id)
        if len(self._tails) > _TAILS_KEPT:
            self._tails.popitem(last=False)

    async def _tail(self, commit: Commit) -> list[LoggedEvent]:
        """The events of the open block that the commit's events are to be written with."""
        if not commit.events or commit.expected is None or commit.replaces:
            return []
        version, tail = self._tails.pop(commit.profile.user_id, (None, []))
        if version == commit.expected:
            return tail
        # Where this is of a later version than expected, the commit is refused.
        return open_events(await self._client.command("LINDEX", self._keys.base(commit.profile.user_id) + "events", -1))

    async def _decoded(self, decode: Callable[[Sequence[bytes]], T], values: Sequence[bytes]) -> T:
        return await self._run(decode, values, heavy=sum(map(len, values)) > _BYTES_ON_LOOP)

    async def _run(self, function: Callable[[V], T], value: V, *, heavy: bool) -> T:
        return await self._heavy.run(function, value) if heavy else function(value)


class _Known(NamedTuple):
    """What tells whether an event is logged."""

    tail: Sequence[LoggedEvent]
    oldest: int
    marks: Mapping[bytes, bytes | None]
    """By bucket."""
    ids: Sequence[bytes | None]
    """For each asked id: not None where it was logged under schema 1."""

    def of(self, event_ids: Sequence[str]) -> frozenset[str]:
        """Those that are logged."""
        logged = {entry.event.event_id for entry in self.tail}
        return frozenset(
            event_id
            for event_id, present in zip(event_ids, self.ids, strict=True)
            if present is not None or event_id in logged or is_marked(event_id, self.marks[id_bucket(event_id)], self.oldest)
        )


def _blocks_and_marks(entries: Sequence[LoggedEvent]) -> tuple[list[bytes], dict[bytes, bytes]]:
    return event_blocks(entries), id_marks(entries)


def _heard(values: Sequence[bytes]) -> tuple[str, ...]:
    return heard_tracks(decode_events(values))
