"""What every ProfileStore promises of tenants: what one keeps is neither there for another, nor in its way."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leitmotif_services.profiles.store.profile_store import Answer, Commit, Include, ProfileStore, Stored
from leitmotif_services.profiles.store.redis_keys import TenantKeys
from leitmotif_services.profiles.taste.exclusions import Exclusions
from leitmotif_services.profiles.taste.presets import Preset
from leitmotif_services.runtime.errors import Reason, ServiceError
from leitmotif_services.runtime.request_context import DEFAULT_TENANT
from leitmotif_services.runtime.validation import ID_PATTERN

StoreOf = Callable[[str], ProfileStore]
IDS = st.from_regex(ID_PATTERN, fullmatch=True)
TENANTS = (DEFAULT_TENANT, "label-a", "label-b")


async def fill(store: ProfileStore, build: Any, tenant_id: str) -> None:
    profile, edit = build.boosted(build.fresh(nonce=f"{tenant_id:8.8}".encode()), f"{tenant_id[::-1]:8.8}".encode())
    events = tuple(build.plays(f"track-{tenant_id}", *[f"t{index}" for index in range(200)]))
    profile = build.heard(profile, events, f"{tenant_id:>8.8}".encode())
    commit = Commit(
        None,
        profile,
        edits=(edit,),
        events=events,
        request_id="r1",
        answer=Answer(tenant_id.encode(), profile, edit),
        exclusions=Exclusions(hidden_artists=frozenset({tenant_id})),
        presets={"p": Preset("p", tenant_id, {}, 1)},
    )
    assert await store.commit(commit)


async def everything(store: ProfileStore) -> Stored:
    return await store.read("u", event_ids=["e0"], request_id="r1", include=Include.HEARD | Include.EXCLUSIONS | Include.PRESETS)


def assert_is_of(stored: Stored, tenant_id: str) -> None:
    assert stored.profile is not None
    assert stored.profile.version.nonce == f"{tenant_id:>8.8}".encode()
    assert stored.answer is not None
    assert stored.answer.fingerprint == tenant_id.encode()
    assert stored.exclusions.hidden_artists == {tenant_id}
    assert stored.presets["p"].label == tenant_id
    assert f"track-{tenant_id}" in stored.heard_track_ids
    assert stored.seen_event_ids == {"e0"}


async def test_tenants_with_users_of_the_same_id_keep_apart(store_of: StoreOf, build: Any) -> None:
    for tenant_id in TENANTS:
        store = store_of(tenant_id)
        assert await everything(store) == Stored(None)
        assert await store.read_edits("u", 1, 9) == []
        assert await store.read_events("u", 1, 999) == []
        assert (await store.verify_erased("u")).remaining == 0
        await fill(store, build, tenant_id)
    for tenant_id in TENANTS:
        store = store_of(tenant_id)
        assert_is_of(await everything(store), tenant_id)
        (first, *_) = await store.read_events("u", 1, 1)
        assert first.event.track_id == f"track-{tenant_id}"
        assert len(await store.read_edits("u", 1, 9)) == 1


async def test_a_change_or_an_erasure_reaches_one_tenant_only(store_of: StoreOf, build: Any) -> None:
    for tenant_id in TENANTS:
        await fill(store_of(tenant_id), build, tenant_id)
    changing, erasing, left = (store_of(tenant_id) for tenant_id in TENANTS)
    profile = (await changing.read("u")).profile
    assert profile is not None
    # A version of one tenant's profile is none of another's.
    assert await left.commit(Commit(profile.version, profile.stamped(b"foreign-", 9))) is False
    assert await changing.commit(Commit(profile.version, profile.stamped(b"replaced", 9), replaces=True))
    assert (await erasing.delete("u")).keys > 0
    assert (await erasing.verify_erased("u")).remaining == 0
    assert (await erasing.delete("u")).keys == 0
    assert await everything(erasing) == Stored(None)
    assert (await changing.read("u")).profile is not None
    assert (await left.verify_erased("u")).remaining > 0
    assert_is_of(await everything(left), TENANTS[2])


async def test_tenants_share_the_spaces(store_of: StoreOf, build: Any) -> None:
    one, other = store_of("label-a"), store_of("label-b")
    assert await one.register_space(build.space) == build.space
    assert await other.read_space("m1") == build.space
    assert await other.latest_model_version() == "m1"


@given(st.lists(st.tuples(IDS, IDS), min_size=2, max_size=2, unique=True), IDS)
def test_no_two_users_share_a_key_or_the_beginning_of_one(pairs: list[tuple[str, str]], prefix: str) -> None:
    (tenant_a, user_a), (tenant_b, user_b) = pairs
    a, b = TenantKeys(prefix, tenant_a), TenantKeys(prefix, tenant_b)
    assert not a.base(user_a).startswith(b.base(user_b))
    assert not b.base(user_b).startswith(a.base(user_a))
    for key in (a.latest_space, a.space("m1")):
        assert not key.startswith(a.base(user_a))
    assert a.space("latest") != a.latest_space


@given(IDS, IDS, IDS, IDS)
def test_keys_tell_whose_they_are(prefix: str, tenant_id: str, user_id: str, request_id: str) -> None:
    keys = TenantKeys(prefix, tenant_id)
    all_keys = [*keys.of_user(user_id), keys.answer(user_id, request_id)]
    assert len(set(all_keys)) == len(all_keys)
    for key in all_keys:
        parts = re.fullmatch(r"([^:{}]+):(?:([^:{}]+):)?\{([^:{}]+)\}:[^{}]+", key)
        assert parts is not None
        assert (parts[1], parts[2] or DEFAULT_TENANT, parts[3]) == (prefix, tenant_id, user_id)
        # The hash tag, by the rule of Redis: what is between the first brace and the next closing one.
        assert key[key.index("{") + 1 : key.index("}")] == user_id


@pytest.mark.parametrize("tenant_id", ["", "{u}", "{.spaces}", "a:b", "a{", ".spaces", "t\n", "x" * 129, "ü"])
def test_what_is_no_id_is_no_tenant(tenant_id: str) -> None:
    with pytest.raises(ServiceError) as refused:
        TenantKeys("leitmotif", tenant_id)
    assert refused.value.reason is Reason.FIELD_INVALID
