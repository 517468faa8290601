"""The methods of ProfilesService that hand over, put in place and erase what is kept of a user."""

from typing import Any

from leitmotif.api.profiles.v1 import profiles_pb2 as pb2
from leitmotif_services.profiles.called_tenants import CalledTenants
from leitmotif_services.profiles.transfer.export_document import export_json
from leitmotif_services.runtime.admission import Admission
from leitmotif_services.runtime.validation import checked_id


class CustodyMethods:
    """`heavy` writes exports."""

    def __init__(self, tenants: CalledTenants, heavy: Admission) -> None:
        self._tenants = tenants
        self._heavy = heavy

    async def ExportProfile(self, request: pb2.ExportProfileRequest, context: Any) -> pb2.ExportProfileResponse:
        everything = await self._tenants.of(context).custody.everything(checked_id("user_id", request.user_id))
        return pb2.ExportProfileResponse(json=await self._heavy.run(export_json, everything))

    async def DeleteProfile(self, request: pb2.DeleteProfileRequest, context: Any) -> pb2.DeleteProfileResponse:
        return pb2.DeleteProfileResponse(
            existed=await self._tenants.of(context).custody.delete(checked_id("user_id", request.user_id))
        )
