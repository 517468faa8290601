"""The composition root of the profiles service."""

import logging
from collections.abc import Callable

from leitmotif.api.profiles.v1 import exclusions_pb2, presets_pb2
from leitmotif.api.profiles.v1.exclusions_pb2_grpc import add_ExclusionsServiceServicer_to_server
from leitmotif.api.profiles.v1.presets_pb2_grpc import add_PresetsServiceServicer_to_server
from leitmotif.api.profiles.v1.profiles_pb2 import DESCRIPTOR
from leitmotif.api.profiles.v1.profiles_pb2_grpc import add_ProfilesServiceServicer_to_server
from leitmotif_services.profiles.called_tenants import CalledTenants
from leitmotif_services.profiles.config import ProfilesConfig
from leitmotif_services.profiles.exclusions_servicer import ExclusionsServicer
from leitmotif_services.profiles.presets_servicer import PresetsServicer
from leitmotif_services.profiles.servicer import ProfilesServicer
from leitmotif_services.profiles.store.change_feed import ChangeFeed
from leitmotif_services.profiles.store.profile_store import ProfileStore
from leitmotif_services.profiles.store.redis_change_feed import RedisChangeFeed
from leitmotif_services.profiles.store.redis_client import RedisClient
from leitmotif_services.profiles.store.redis_failures import StoreUnreachableError
from leitmotif_services.profiles.store.redis_node import Replication
from leitmotif_services.profiles.store.redis_store import RedisStore
from leitmotif_services.profiles.store.redis_subscriptions import RedisSubscriptions
from leitmotif_services.profiles.use_cases.known_spaces import KnownSpaces
from leitmotif_services.profiles.use_cases.profile_updates import ProfileUpdates
from leitmotif_services.profiles.use_cases.tenant_profiles import TenantProfiles, Tenants
from leitmotif_services.profiles.use_cases.watching import WatchRoom
from leitmotif_services.runtime.admission import Admission
from leitmotif_services.runtime.app import App
from leitmotif_services.runtime.request_context import DEFAULT_TENANT

log = logging.getLogger(__name__)


async def build(
    config: ProfilesConfig,
    *,
    store_of: Callable[[str], ProfileStore] | None = None,
    feed_of: Callable[[str], ChangeFeed] | None = None,
) -> App:
    """Compose the service; `store_of` and `feed_of`, given together, take the place of Redis: a tenant's store and its changes.

    A Redis that would lose profiles is refused with STORE_UNAVAILABLE. One that does not answer is not: the service starts,
    answers UNAVAILABLE, and applies the same check once Redis is there.
    """
    if (store_of is None) != (feed_of is None):
        raise ValueError("give both store_of and feed_of, or neither")
    app = App("profiles")
    heavy = Admission("profiles", workers=1, waiting=64)
    app.on_close(heavy.close)
    if store_of is None or feed_of is None:
        client = RedisClient(
            config.redis_url,
            pool_size=config.redis_pool_size,
            timeout_s=config.redis_timeout_s,
            allow_volatile=config.allow_volatile,
            cluster=config.redis_cluster,
            replication=Replication(config.wait_replicas, config.wait_timeout_s),
        )
        app.on_close(client.close)
        try:
            await client.check_durability()
        except StoreUnreachableError:
            log.warning("Redis does not answer yet")
        except BaseException:
            await app.close()
            raise

        def store_of(tenant_id: str) -> ProfileStore:
            return RedisStore(
                client,
                key_prefix=config.key_prefix,
                tenant_id=tenant_id,
                decoding=heavy,
                inactive_ttl_s=config.inactive_days * 86_400,
            )

        subscriptions = RedisSubscriptions(client.new_connections, timeout_s=config.redis_timeout_s)
        app.on_close(subscriptions.close)

        def feed_of(tenant_id: str) -> ChangeFeed:
            return RedisChangeFeed(subscriptions, key_prefix=config.key_prefix, tenant_id=tenant_id)

    store_of_tenant, feed_of_tenant = store_of, feed_of
    room = WatchRoom(config.server.max_concurrent_watches)
    spaces = KnownSpaces(store_of_tenant(DEFAULT_TENANT))
    app.on_close(spaces.close)

    def profiles_of(tenant_id: str) -> TenantProfiles:
        updates = ProfileUpdates(store_of_tenant(tenant_id), spaces, heavy, counting=config.counting)
        return TenantProfiles.of(updates, feed_of_tenant(tenant_id), room)

    tenants = CalledTenants(Tenants(profiles_of))
    app.mount(
        DESCRIPTOR.services_by_name["ProfilesService"].full_name,
        add_ProfilesServiceServicer_to_server,
        ProfilesServicer(tenants, spaces, heavy),
    )
    app.mount(
        presets_pb2.DESCRIPTOR.services_by_name["PresetsService"].full_name,
        add_PresetsServiceServicer_to_server,
        PresetsServicer(tenants),
    )
    app.mount(
        exclusions_pb2.DESCRIPTOR.services_by_name["ExclusionsService"].full_name,
        add_ExclusionsServiceServicer_to_server,
        ExclusionsServicer(tenants),
    )
    return app
