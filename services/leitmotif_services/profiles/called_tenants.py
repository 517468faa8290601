"""The tenant that a call is for, as its metadata says."""

from typing import Any

from leitmotif_services.profiles.use_cases.tenant_profiles import TenantProfiles, Tenants
from leitmotif_services.runtime.request_context import tenant_of


class CalledTenants:
    """Finds the use cases for a call: what belongs to another tenant is out of its reach."""

    def __init__(self, tenants: Tenants) -> None:
        self._tenants = tenants

    def of(self, context: Any) -> TenantProfiles:
        """The use cases of the call's tenant; FIELD_INVALID for a tenant that is no id."""
        return self._tenants.of(tenant_of(tuple(context.invocation_metadata() or ())))
