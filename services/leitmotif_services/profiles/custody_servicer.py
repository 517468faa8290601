"""The methods of ProfilesService that hand over, put in place and erase what is kept of a user."""

from typing import Any

from leitmotif.api.profiles.v1 import profiles_pb2 as pb2
from leitmotif_services.profiles.called_tenants import CalledTenants
from leitmotif_services.profiles.convert import profile_message
from leitmotif_services.runtime.validation import checked_id, checked_text


class CustodyMethods:
    """Validate, hand on, convert back."""

    def __init__(self, tenants: CalledTenants) -> None:
        self._tenants = tenants

    async def ExportProfile(self, request: pb2.ExportProfileRequest, context: Any) -> pb2.ExportProfileResponse:
        custody = self._tenants.of(context).custody
        return pb2.ExportProfileResponse(json=await custody.export(checked_id("user_id", request.user_id)))

    async def ImportProfile(self, request: pb2.ImportProfileRequest, context: Any) -> pb2.ImportProfileResponse:
        user_id = checked_id("user_id", request.user_id)
        etag = checked_text("etag", request.etag, maximum=128)
        custody = self._tenants.of(context).custody
        imported = await custody.put_in_place(user_id, request.json, replaces=request.replace, etag=etag)
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
