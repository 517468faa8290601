"""Erasure over a real Redis, proven by reading every key and every value that is left."""

import logging
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from redis.asyncio import Redis

from leitmotif.api.profiles.v1 import exclusions_pb2, presets_pb2
from leitmotif.api.profiles.v1 import profiles_pb2 as pb
from leitmotif.api.profiles.v1.exclusions_pb2_grpc import ExclusionsServiceStub
from leitmotif.api.profiles.v1.presets_pb2_grpc import PresetsServiceStub
from leitmotif.api.profiles.v1.profiles_pb2_grpc import ProfilesServiceStub
from leitmotif_services.profiles.app import build
from leitmotif_services.profiles.config import ProfilesConfig
from leitmotif_services.runtime.local_channel import LocalChannel
from leitmotif_services.runtime.request_context import TENANT_KEY

USER = "wanderer-7f3a"
KINDS = {"profile", "edits", "events", "event_ids", "request_ids", "requests:r1", "requests:r2", "exclusions", "presets"}


class Platform:
    def __init__(self, channel: grpc.aio.Channel, redis: Any) -> None:
        self.profiles: Any = ProfilesServiceStub(channel)
        self.presets: Any = PresetsServiceStub(channel)
        self.exclusions: Any = ExclusionsServiceStub(channel)
        self.redis = redis

    async def settle_in(self, wire: Any, user_id: str, tenant: str = "default") -> None:
        """Make a profile with a key of every kind."""
        metadata = ((TENANT_KEY, tenant),)
        for batch in range(3):  # enough events for the log to have sealed blocks
            events = [wire.play(f"{user_id}-{batch}-{number}", f"t{number % 7}") for number in range(400)]
            request = pb.RecordEventsRequest(
                user_id=user_id, events=events, affinities=wire.matrix([[1, 0, 0, 0]] * 400), model_version="m1"
            )
            await self.profiles.RecordEvents(request, metadata=metadata)
        for request_id in ("r1", "r2"):
            edit = pb.EditProfileRequest(
                user_id=user_id, changes=[wire.change("calm", "BOOST")], request_id=request_id, reason=f"{user_id} said so"
            )
            await self.profiles.EditProfile(edit, metadata=metadata)
        excluded = exclusions_pb2.Exclusions(hidden_artists=[f"The {user_id}s"])
        request = exclusions_pb2.ChangeExclusionsRequest(user_id=user_id, add=excluded)
        await self.exclusions.ChangeExclusions(request, metadata=metadata)
        preset = presets_pb2.Preset(
            preset_id="focus", label=user_id, controls=[presets_pb2.PresetControl(prototype_id="fast", edit=-1.0)]
        )
        await self.presets.SavePreset(presets_pb2.SavePresetRequest(user_id=user_id, preset=preset), metadata=metadata)
        activate = presets_pb2.ActivatePresetRequest(user_id=user_id, preset_id="focus")
        await self.presets.ActivatePreset(activate, metadata=metadata)

    async def delete(self, tenant: str = "default", **fields: Any) -> pb.DeleteProfileResponse:
        request = pb.DeleteProfileRequest(user_id=USER, **fields)
        response: pb.DeleteProfileResponse = await self.profiles.DeleteProfile(request, metadata=((TENANT_KEY, tenant),))
        return response

    async def dump(self) -> dict[bytes, bytes]:
        """Every key of the store, and every byte of its value."""
        return {key: await self.redis.dump(key) for key in await self.redis.keys("*")}

    async def values(self) -> dict[bytes, list[bytes]]:
        """Every key, and what its value is made of."""
        values: dict[bytes, list[bytes]] = {}
        for key in await self.redis.keys("*"):
            match await self.redis.type(key):
                case b"string":
                    values[key] = [await self.redis.get(key)]
                case b"list":
                    values[key] = await self.redis.lrange(key, 0, -1)
                case b"hash":
                    values[key] = [part for pair in (await self.redis.hgetall(key)).items() for part in pair]
                case b"zset":
                    values[key] = await self.redis.zrange(key, 0, -1)
                case other:
                    raise AssertionError(f"a value of type {other!r} that this test does not look into")
        return values


@pytest.fixture
async def platform(empty_redis_url: str, wire: Any) -> AsyncIterator[Platform]:
    app = await build(ProfilesConfig.from_environment({"LEITMOTIF_PROFILES_REDIS_URL": empty_redis_url}))
    channel = LocalChannel(app).as_channel()
    async with Redis.from_url(empty_redis_url) as redis:
        platform = Platform(channel, redis)
        await wire.caller(platform.profiles).register()
        yield platform
    await app.close()


async def test_nothing_of_an_erased_user_is_left_and_everything_of_others(platform: Platform, wire: Any) -> None:
    await platform.settle_in(wire, "other")
    await platform.settle_in(wire, f"{USER}2")  # the erased id is the beginning of this one
    await platform.settle_in(wire, USER, tenant="elsewhere")
    others = await platform.dump()

    await platform.settle_in(wire, USER)
    own = {key: value for key, value in (await platform.dump()).items() if key not in others}
    tag = f"{{{USER}}}:".encode()
    assert {key.partition(tag)[2].decode() for key in own} == KINDS
    found = [part for key, parts in (await platform.values()).items() if key in own for part in parts if USER.encode() in part]
    assert found  # such as the reasons of the edits: a scan of values sees the user where the user is

    deleted = await platform.delete(verify=True)
    assert deleted.existed
    assert await platform.dump() == others
    receipt = deleted.receipt
    assert (receipt.user_id, receipt.erased_keys) == (USER, len(KINDS))
    assert (receipt.scanned_keys, receipt.remaining_keys) == (len(others), 0)

    # Once the namesakes have gone as well, the id is nowhere in the whole store, in a key or in a value.
    assert (await platform.delete(tenant="elsewhere", verify=True)).receipt.erased_keys == len(KINDS)
    await platform.profiles.DeleteProfile(pb.DeleteProfileRequest(user_id=f"{USER}2"))
    left = await platform.values()
    assert left  # another user's
    assert not any(USER.encode() in part for key, parts in left.items() for part in (key, *parts))
    assert await platform.redis.pubsub_channels() == []  # channels are not stored


async def test_a_receipt_is_for_whoever_asked_and_for_nobody_else(
    platform: Platform, wire: Any, caplog: pytest.LogCaptureFixture
) -> None:
    await platform.settle_in(wire, USER)
    caplog.set_level(logging.DEBUG)
    caplog.clear()
    receipt = (await platform.delete()).receipt
    assert not receipt.HasField("scanned_keys")
    assert not receipt.HasField("remaining_keys")
    assert len(receipt.receipt_id) == 32
    (told,) = [vars(record) for record in caplog.records if hasattr(record, "receipt_id")]
    assert (told["receipt_id"], told["erased_keys"]) == (receipt.receipt_id, len(KINDS))
    assert not any(USER in str(value) for record in caplog.records for value in vars(record).values())
    assert not any(receipt.receipt_id.encode() in part for parts in (await platform.values()).values() for part in parts)

    again = await platform.delete(verify=True)
    assert not again.existed
    assert again.receipt.erased_keys == again.receipt.remaining_keys == 0
    assert again.receipt.receipt_id != receipt.receipt_id
    assert 0 <= again.receipt.erased_at.ToMicroseconds() - receipt.erased_at.ToMicroseconds() < 60_000_000


async def test_an_erased_profile_answers_no_repeat_and_is_made_anew(platform: Platform, wire: Any) -> None:
    await platform.settle_in(wire, USER)
    await platform.delete()
    repeat = pb.EditProfileRequest(
        user_id=USER, changes=[wire.change("calm", "BOOST")], request_id="r1", reason=f"{USER} said so"
    )
    assert await wire.caller.refusal(platform.profiles.EditProfile(repeat)) == (grpc.StatusCode.NOT_FOUND, "PROFILE_NOT_FOUND")
    repeat.allow_missing = True
    made = await platform.profiles.EditProfile(repeat)
    assert (made.edit.sequence, made.profile.event_count, made.profile.exclusion_count) == (1, 0, 0)
    assert not made.profile.HasField("active_preset")
    assert not (await platform.presets.ListPresets(presets_pb2.ListPresetsRequest(user_id=USER))).presets
    event = pb.RecordEventsRequest(
        user_id=USER, events=[wire.play(f"{USER}-0-0", "t0")], affinities=wire.matrix([[1, 0, 0, 0]]), model_version="m1"
    )
    assert (await platform.profiles.RecordEvents(event)).recorded == 1


async def test_a_verification_tells_of_a_profile_that_was_made_anew_meanwhile(platform: Platform, wire: Any) -> None:
    """Remaining keys are counted, not assumed: what a key looks like to the scan is what the store writes."""
    await platform.settle_in(wire, USER)
    keys = [key for key in await platform.redis.keys("*") if f"{{{USER}}}:".encode() in key]
    profile = next(key for key in keys if key.endswith(b":profile"))
    # A key that no index names, as a release of tomorrow might leave one behind.
    await platform.redis.set(profile.replace(b":profile", b":unheard_of"), b"x")
    receipt = (await platform.delete(verify=True)).receipt
    assert receipt.remaining_keys == 1


async def test_an_erasure_whose_scan_takes_too_long_has_been_done(platform: Platform, wire: Any) -> None:
    await platform.settle_in(wire, USER)
    # A scan of so many keys takes twice the deadline, erasing takes a hundredth of it.
    await platform.redis.eval("for n = 1, 400000 do redis.call('SET', 'filler:' .. n, '') end", 0)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        request = pb.DeleteProfileRequest(user_id=USER, verify=True)
        await platform.profiles.DeleteProfile(request, timeout=0.12)
    assert refused.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert "everything was erased" in (refused.value.details() or "")
    assert await platform.redis.keys(f"*{USER}*") == []
