from collections.abc import AsyncIterator, Callable, Sequence

import numpy as np
import pytest

from leitmotif_services.profiles.store.memory_store import MemoryStore
from leitmotif_services.profiles.store.profile_store import ProfileStore
from leitmotif_services.profiles.store.redis_client import RedisClient
from leitmotif_services.profiles.store.redis_store import RedisStore
from leitmotif_services.profiles.taste.control import ControlAction, ControlChange
from leitmotif_services.profiles.taste.history import DAY_US, Event, EventType
from leitmotif_services.profiles.taste.profile import Edit, Profile
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace
from leitmotif_services.profiles.use_cases.profile_updates import wall_clock_us
from leitmotif_services.runtime.admission import Admission
from leitmotif_services.runtime.request_context import DEFAULT_TENANT

StoreOf = Callable[[str], ProfileStore]


@pytest.fixture(params=["memory", "redis", "cluster"])
async def store_of(request: pytest.FixtureRequest) -> AsyncIterator[StoreOf]:
    """The store of a tenant, over one backend that is empty at first."""
    if request.param == "memory":
        yield MemoryStore(wall_clock_us).of_tenant
        return
    cluster = request.param == "cluster"
    url = request.getfixturevalue("cluster_redis").url if cluster else request.getfixturevalue("empty_redis_url")
    client = RedisClient(url, pool_size=8, timeout_s=5.0, allow_volatile=False, cluster=cluster)
    decoding = Admission("decoding", workers=1, waiting=8)
    yield lambda tenant_id: RedisStore(client, key_prefix="test", tenant_id=tenant_id, decoding=decoding)
    await client.close()
    await decoding.close()


@pytest.fixture
def store(store_of: StoreOf) -> ProfileStore:
    """The store of the default tenant."""
    return store_of(DEFAULT_TENANT)


class Build:
    """Builders of what is stored, given to tests as a fixture."""

    space = PrototypeSpace("m1", ("calm", "loud", "fast"))

    @staticmethod
    def fresh(user_id: str = "u", nonce: bytes = b"first---") -> Profile:
        return Profile.empty(user_id, Build.space, 1).stamped(nonce, 2)

    @staticmethod
    def boosted(profile: Profile, nonce: bytes) -> tuple[Profile, Edit]:
        change = ControlChange("loud", ControlAction.BOOST, 0.25)
        edited, edit = profile.edited([change], Build.space, actor="user", reason="why not", now_us=3)
        return edited.stamped(nonce, 4), edit

    @staticmethod
    def heard(profile: Profile, events: Sequence[Event], nonce: bytes) -> Profile:
        affinities = np.ones((len(events), 3), np.float32)
        times_us = [event.occurred_at_us for event in events]
        history = profile.history.with_events([1.0] * len(events), affinities, times_us, DAY_US)
        return profile.with_events(history, len(events)).stamped(nonce, 5)

    @staticmethod
    def plays(*track_ids: str, first: int = 0, times: list[int] | None = None) -> list[Event]:
        return [
            Event(f"e{first + index}", track_id, EventType.PLAY, times[index] if times else first + index)
            for index, track_id in enumerate(track_ids)
        ]


@pytest.fixture
def build() -> type[Build]:
    return Build
