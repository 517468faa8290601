"""The methods of ProfilesService that hand over, put in place and erase what is kept of a user."""

from typing import Any

from leitmotif.api.profiles.v1 import profiles_pb2 as pb2
from leitmotif_services.profiles.called_tenants import CalledTenants
from leitmotif_services.profiles.convert import profile_message
from leitmotif_services.profiles.transfer.export_document import export_json
from leitmotif_services.profiles.transfer.import_document import read_document
from leitmotif_services.profiles.use_cases.profile_updates import wall_clock_us
from leitmotif_services.runtime.admission import Admission
from leitmotif_services.runtime.validation import checked_id, checked_text


class CustodyMethods:
    """Validate, hand on, convert back. `heavy` writes and reads documents."""

    def __init__(self, tenants: CalledTenants, heavy: Admission) -> None:
        self._tenants = tenants
        self._heavy = heavy

    async def ExportProfile(self, request: pb2.ExportProfileRequest, context: Any) -> pb2.ExportProfileResponse:
        everything = await self._tenants.of(context).custody.everything(checked_id("user_id", request.user_id))
        return pb2.ExportProfileResponse(json=await self._heavy.run(export_json, everything))

    async def ImportProfile(self, request: pb2.ImportProfileRequest, context: Any) -> pb2.ImportProfileResponse:
        user_id = checked_id("user_id", request.user_id)
        etag = checked_text("etag", request.etag, maximum=128)
        custody = self._tenants.of(context).custody
        everything = await self._heavy.run(read_document, request.json, wall_clock_us())
        imported = await custody.put_in_place(user_id, everything, replaces=request.replace, etag=etag)
        return pb2.ImportProfileResponse(
            profile=profile_message(imported),
            needs_rebuild=imported.needs_rebuild,
            dropped_prototype_ids=imported.dropped_prototype_ids,
        )

    async def DeleteProfile(self, request: pb2.DeleteProfileRequest, context: Any) -> pb2.DeleteProfileResponse:
        user_id = checked_id("user_id", request.user_id)
        custody = self._tenants.of(context).custody
        erasure = await custody.erase(user_id, verify=request.verify, time_left_s=context.time_remaining())
        receipt = pb2.ErasureReceipt(receipt_id=erasure.receipt_id, user_id=user_id, erased_keys=erasure.erased_keys)
        receipt.erased_at.FromMicroseconds(erasure.erased_at_us)
        if erasure.verified is not None:
            receipt.scanned_keys, receipt.remaining_keys = erasure.verified
        return pb2.DeleteProfileResponse(existed=erasure.erased_keys > 0, receipt=receipt)
