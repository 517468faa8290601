"""PresetsService: keeps a user's presets, and lays one over the profile or takes it off."""

from typing import Any

from leitmotif.api.profiles.v1 import presets_pb2 as pb2
from leitmotif.api.profiles.v1 import presets_pb2_grpc
from leitmotif_services.profiles.called_tenants import CalledTenants
from leitmotif_services.profiles.convert import profile_message
from leitmotif_services.profiles.presets_convert import (
    active_preset_message,
    duration_of,
    parts_of,
    preset_message,
    share_of,
)
from leitmotif_services.runtime.validation import checked_id, checked_text

_MOST_ETAG_CHARACTERS = 128


class PresetsServicer(presets_pb2_grpc.PresetsServiceServicer):
    """Validate, convert, change, convert back."""

    def __init__(self, tenants: CalledTenants) -> None:
        self._tenants = tenants

    async def SavePreset(self, request: pb2.SavePresetRequest, context: Any) -> pb2.SavePresetResponse:
        user_id = checked_id("user_id", request.user_id)
        preset_id = checked_id("preset.preset_id", request.preset.preset_id)
        whole, parts = parts_of(request)
        presets = self._tenants.of(context).presets
        saved = await presets.save(user_id, preset_id, whole=whole, parts=parts, etag=_etag_of(request.etag))
        return pb2.SavePresetResponse(preset=preset_message(saved.preset), etag=saved.version.etag)

    async def ListPresets(self, request: pb2.ListPresetsRequest, context: Any) -> pb2.ListPresetsResponse:
        listed = await self._tenants.of(context).presets.list_all(checked_id("user_id", request.user_id))
        active = listed.profile.active_preset
        return pb2.ListPresetsResponse(
            presets=[preset_message(preset) for preset in listed.presets],
            active=None if active is None else active_preset_message(active),
            etag=listed.profile.version.etag,
        )

    async def DeletePreset(self, request: pb2.DeletePresetRequest, context: Any) -> pb2.DeletePresetResponse:
        user_id = checked_id("user_id", request.user_id)
        preset_id = checked_id("preset_id", request.preset_id)
        version = await self._tenants.of(context).presets.delete(user_id, preset_id, etag=_etag_of(request.etag))
        return pb2.DeletePresetResponse(etag=version.etag)

    async def ActivatePreset(self, request: pb2.ActivatePresetRequest, context: Any) -> pb2.ActivatePresetResponse:
        user_id = checked_id("user_id", request.user_id)
        viewed = await self._tenants.of(context).presets.activate(
            user_id,
            checked_id("preset_id", request.preset_id),
            share=share_of("share", request),
            duration_us=duration_of("duration", request.duration) if request.HasField("duration") else None,
            etag=_etag_of(request.etag),
        )
        return pb2.ActivatePresetResponse(profile=profile_message(viewed))

    async def DeactivatePreset(self, request: pb2.DeactivatePresetRequest, context: Any) -> pb2.DeactivatePresetResponse:
        user_id = checked_id("user_id", request.user_id)
        viewed = await self._tenants.of(context).presets.deactivate(user_id, etag=_etag_of(request.etag))
        return pb2.DeactivatePresetResponse(profile=profile_message(viewed))


def _etag_of(etag: str) -> str:
    return checked_text("etag", etag, maximum=_MOST_ETAG_CHARACTERS)
