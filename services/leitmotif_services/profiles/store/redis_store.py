"""Keeps profiles in Redis.

    <prefix>:{<user>}:profile         string   the profile, see `msgpack_encoding`
    <prefix>:{<user>}:edits           list     the edit log, oldest first
    <prefix>:{<user>}:events          list     the event log, oldest first
    <prefix>:{<user>}:event_ids       hash     ids of the logged events
    <prefix>:{<user>}:heard           hash     by track: sequence of its newest logged event, and latest time of any
    <prefix>:{<user>}:request_ids     sorted set   request ids by the time their answers are forgotten (ms)
    <prefix>:{<user>}:requests:<id>   string   a kept answer, expires after 24 hours
    <prefix>:{.spaces}:ids:<model>    string   a prototype space
    <prefix>:{.spaces}:latest         string   the model version registered last

A user's keys share a hash slot. No id begins with a dot, so `{.spaces}` is no user's.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from redis.asyncio import Redis

from leitmotif_services.profiles.store.msgpack_encoding import (
    VERSION_HEAD_BYTES,
    decode_answer,
    decode_edit,
    decode_event,
    decode_heard,
    decode_profile,
    decode_space,
    encode_answer,
    encode_edit,
    encode_event,
    encode_profile,
    encode_space,
    version_head,
)
from leitmotif_services.profiles.store.profile_store import Commit, Erased, Include, LoggedEvent, Stored, Verified
from leitmotif_services.profiles.store.redis_client import RETRY_AFTER_S, RedisClient
from leitmotif_services.profiles.store.redis_scripts import COMMIT, DELETE, READ_LOG
from leitmotif_services.profiles.taste.profile import Edit
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace
from leitmotif_services.runtime.admission import Admission
from leitmotif_services.runtime.errors import Reason, ServiceError
from leitmotif_services.runtime.request_context import DEFAULT_TENANT

ANSWER_KEPT_MS = 24 * 3600 * 1000

MOST_ANSWERS = 10_000
"""Answers kept of one user at once; with more, the oldest are forgotten before their 24 hours are over."""

_DECODED_ON_LOOP = 500
"""Longer logs are decoded in a thread."""

T = TypeVar("T")


class RedisStore:
    """A `ProfileStore`. `decoding` runs what would hold up the event loop."""

    def __init__(
        self,
        client: RedisClient,
        *,
        key_prefix: str,
        tenant_id: str = DEFAULT_TENANT,
        decoding: Admission,
        answer_kept_ms: int = ANSWER_KEPT_MS,
    ) -> None:
        self._client = client
        self._prefix = key_prefix
        self._decoding = decoding
        self._answer_kept_ms = answer_kept_ms

    async def read(
        self, user_id: str, *, event_ids: Sequence[str] = (), request_id: str = "", include: Include = Include.NOTHING
    ) -> Stored:
        heard = Include.HEARD in include
        base = f"{self._prefix}:{{{user_id}}}:"
        if event_ids or request_id or heard:
            return await self._read_with_more(user_id, base, event_ids, request_id, heard=heard)
        value = await self._client.command("GET", base + "profile")
        return Stored(None if value is None else decode_profile(user_id, value))

    async def _read_with_more(self, user_id: str, base: str, event_ids: Sequence[str], request_id: str, *, heard: bool) -> Stored:
        async def commands(redis: Redis) -> list[Any]:
            # Not a transaction: the profile is read first, and a commit refuses when it has changed since.
            async with redis.pipeline(transaction=False) as pipeline:
                pipeline.get(base + "profile")
                if request_id:
                    pipeline.get(f"{base}requests:{request_id}")
                if event_ids:
                    pipeline.hmget(base + "event_ids", list(event_ids))
                if heard:
                    pipeline.hgetall(base + "heard")
                return await pipeline.execute()

        value, *more = await self._client.run(commands)
        answer = more.pop(0) if request_id else None
        marks = more.pop(0) if event_ids else ()
        return Stored(
            None if value is None else decode_profile(user_id, value),
            seen_event_ids=frozenset(event_id for event_id, mark in zip(event_ids, marks, strict=True) if mark is not None),
            answer=None if answer is None else decode_answer(user_id, answer),
            heard_track_ids=await self._decoded(decode_heard, more.pop(0)) if heard else (),
        )

    async def commit(self, commit: Commit) -> bool:
        base = f"{self._prefix}:{{{commit.profile.user_id}}}:"
        keys = (*_user_keys(base), f"{base}requests:{commit.request_id}")
        arguments: list[bytes | str | int] = [
            b"" if commit.expected is None else version_head(commit.expected),
            encode_profile(commit.profile),
            VERSION_HEAD_BYTES,
            encode_edit(commit.edits[0]) if commit.edits else b"",
            commit.edit_log_length,
            commit.event_log_length,
            commit.request_id if commit.answer is not None else b"",
            b"" if commit.answer is None else encode_answer(commit.answer),
            time.time_ns() // 1_000_000,
            self._answer_kept_ms,
            MOST_ANSWERS,
            base + "requests:",
        ]
        first = commit.profile.last_event - len(commit.events) + 1
        for sequence, event in enumerate(commit.events, first):
            arguments += (event.event_id, event.track_id, sequence, event.occurred_at_us, encode_event(sequence, event))
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
        return await self._read_log(user_id, "edits", first, last, decode_edit)

    async def read_events(self, user_id: str, first: int, last: int) -> list[LoggedEvent]:
        return await self._read_log(user_id, "events", first, last, decode_event)

    async def _read_log(self, user_id: str, name: str, first: int, last: int, decode: Callable[[bytes], T]) -> list[T]:
        key = f"{self._prefix}:{{{user_id}}}:{name}"
        reply = await self._client.script(READ_LOG, (key,), first, last)
        return await self._decoded(lambda values: [decode(value) for value in values], reply.value)

    async def delete(self, user_id: str) -> Erased:
        base = f"{self._prefix}:{{{user_id}}}:"
        return Erased((await self._client.script(DELETE, _user_keys(base), base + "requests:")).value)

    async def verify_erased(self, user_id: str) -> Verified:
        raise NotImplementedError

    async def register_space(self, space: PrototypeSpace) -> PrototypeSpace:
        key = self._space_key(space.model_version)

        async def commands(redis: Redis) -> list[Any]:
            async with redis.pipeline(transaction=True) as pipeline:
                pipeline.set(key, encode_space(space), nx=True)
                pipeline.get(key)
                pipeline.set(f"{self._prefix}:{{.spaces}}:latest", space.model_version)
                return await pipeline.execute()

        _, kept, _ = await self._client.run(commands)
        return decode_space(space.model_version, kept)

    async def read_space(self, model_version: str) -> PrototypeSpace | None:
        value = await self._client.command("GET", self._space_key(model_version))
        return None if value is None else decode_space(model_version, value)

    async def latest_model_version(self) -> str | None:
        value = await self._client.command("GET", f"{self._prefix}:{{.spaces}}:latest")
        return None if value is None else value.decode()

    def _space_key(self, model_version: str) -> str:
        return f"{self._prefix}:{{.spaces}}:ids:{model_version}"

    async def _decoded(self, decode: Callable[[Any], T], values: Any) -> T:
        return decode(values) if len(values) <= _DECODED_ON_LOOP else await self._decoding.run(decode, values)


def _user_keys(base: str) -> tuple[str, ...]:
    return tuple(base + name for name in ("profile", "edits", "events", "event_ids", "heard", "request_ids"))
