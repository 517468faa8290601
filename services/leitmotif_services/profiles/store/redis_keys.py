"""The names of the keys in Redis.

    <prefix>:{<user>}:…             of a user of the default tenant
    <prefix>:<tenant>:{<user>}:…    of a user of another tenant
    <prefix>:{.spaces}:…            prototype spaces, which all tenants share

What is in braces is the hash tag, so the keys of a user share a slot of a cluster. Prefix, tenant and user are ids: none holds a
colon or a brace, and none begins with a dot, so no two of these names are the same, nor one the beginning of another.
"""

from collections.abc import Sequence

from leitmotif_services.runtime.request_context import DEFAULT_TENANT
from leitmotif_services.runtime.validation import checked_id

USER_KEYS = ("profile", "edits", "events", "event_ids", "heard", "request_ids", "exclusions", "presets")
"""What a user's keys end with, beside those of kept answers; see `redis_store` for what each is."""


class TenantKeys:
    """The keys of one tenant. FIELD_INVALID for a tenant that is no id."""

    def __init__(self, key_prefix: str, tenant_id: str = DEFAULT_TENANT) -> None:
        self._shared = f"{key_prefix}:{{.spaces}}:"
        self._prefix = key_prefix if checked_id("tenant_id", tenant_id) == DEFAULT_TENANT else f"{key_prefix}:{tenant_id}"

    def base(self, user_id: str) -> str:
        """What every key of a user begins with."""
        return f"{self._prefix}:{{{user_id}}}:"

    def of_user(self, user_id: str) -> Sequence[str]:
        """Every key of a user but those of kept answers, in the order of `USER_KEYS`."""
        base = self.base(user_id)
        return [base + name for name in USER_KEYS]

    def answer(self, user_id: str, request_id: str) -> str:
        """The key of a kept answer."""
        return f"{self.base(user_id)}requests:{request_id}"

    def space(self, model_version: str) -> str:
        """The key of a prototype space."""
        return f"{self._shared}ids:{model_version}"

    @property
    def latest_space(self) -> str:
        """The key of the model version that was registered last."""
        return self._shared + "latest"
