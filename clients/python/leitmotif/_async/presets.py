"""A user's presets: named overlays, such as "focus" or "sleep"."""

from datetime import timedelta

from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask

from leitmotif._async.transport import AsyncTransport
from leitmotif._convert.presets import Controls, control_messages_of, preset_of, presets_of
from leitmotif._convert.profiles import profile_of
from leitmotif.api.profiles.v1 import presets_pb2 as pb2
from leitmotif.types import Preset, Profile, SavedPresets


class AsyncUserPresets:
    """The presets of one user: `client.profiles(user_id).presets`. They lie over the profile and never change it.

    Each method that changes something takes an `etag`: only when the profile has not changed since it was read, ConflictError
    otherwise. NotFoundError (PROFILE_NOT_FOUND) for a user without a profile, (PRESET_NOT_FOUND) for a preset the user has not.
    """

    def __init__(self, transport: AsyncTransport, user_id: str) -> None:
        self._transport = transport
        self.user_id = user_id

    async def list(self, *, timeout_s: float | None = None) -> SavedPresets:
        """All presets, by id, and which of them is active."""
        method = self._transport.stubs.presets.ListPresets
        request = pb2.ListPresetsRequest(user_id=self.user_id)
        return presets_of(await self._transport.call(method, request, timeout_s=timeout_s, repeatable=True))

    async def save(
        self,
        preset_id: str,
        controls: Controls,
        *,
        label: str = "",
        etag: str | None = None,
        timeout_s: float | None = None,
    ) -> Preset:
        """Make a preset or replace the one of that id; where it is active, the change shows at once.

        `controls` are edits by prototype id, -4 to 4, or whole PresetControls; 1 to 200. A user has at most 32 presets.
        """
        preset = pb2.Preset(preset_id=preset_id, label=label, controls=control_messages_of(controls))
        return await self._save(pb2.SavePresetRequest(user_id=self.user_id, preset=preset, etag=etag or ""), timeout_s)

    async def save_present(
        self, preset_id: str, *, label: str = "", etag: str | None = None, timeout_s: float | None = None
    ) -> Preset:
        """As `save`, with the person's present edits and mutes as the controls."""
        preset = pb2.Preset(preset_id=preset_id, label=label)
        request = pb2.SavePresetRequest(user_id=self.user_id, preset=preset, from_present_controls=True, etag=etag or "")
        return await self._save(request, timeout_s)

    async def rename(self, preset_id: str, label: str, *, etag: str | None = None, timeout_s: float | None = None) -> Preset:
        """Give a preset another label."""
        preset = pb2.Preset(preset_id=preset_id, label=label)
        mask = FieldMask(paths=["label"])
        return await self._save(
            pb2.SavePresetRequest(user_id=self.user_id, preset=preset, update_mask=mask, etag=etag or ""), timeout_s
        )

    async def delete(self, preset_id: str, *, etag: str | None = None, timeout_s: float | None = None) -> None:
        """Delete a preset; ends it first where it is active."""
        method = self._transport.stubs.presets.DeletePreset
        request = pb2.DeletePresetRequest(user_id=self.user_id, preset_id=preset_id, etag=etag or "")
        await self._transport.call(method, request, timeout_s=timeout_s, repeatable=False)

    async def activate(
        self,
        preset_id: str,
        *,
        share: float | None = None,
        duration: timedelta | None = None,
        etag: str | None = None,
        timeout_s: float | None = None,
    ) -> Profile:
        """Lay a preset over the profile, in place of one that is active; returns the profile with it.

        `share` of its edits, above 0, at most 1, is added to the person's own; None for all. It ends after `duration`, at most a
        year; None for when it is deactivated.
        """
        request = pb2.ActivatePresetRequest(user_id=self.user_id, preset_id=preset_id, share=share, etag=etag or "")
        if duration is not None:
            length = Duration()
            length.FromTimedelta(duration)
            request.duration.CopyFrom(length)
        method = self._transport.stubs.presets.ActivatePreset
        # Without an etag a repeat does the same again, but for the end, which moves by as long as the first try took.
        response = await self._transport.call(method, request, timeout_s=timeout_s, repeatable=not etag)
        return profile_of(response.profile)

    async def deactivate(self, *, etag: str | None = None, timeout_s: float | None = None) -> Profile:
        """End the active preset, if there is one; returns the profile without."""
        method = self._transport.stubs.presets.DeactivatePreset
        request = pb2.DeactivatePresetRequest(user_id=self.user_id, etag=etag or "")
        response = await self._transport.call(method, request, timeout_s=timeout_s, repeatable=not etag)
        return profile_of(response.profile)

    async def _save(self, request: pb2.SavePresetRequest, timeout_s: float | None) -> Preset:
        method = self._transport.stubs.presets.SavePreset
        response = await self._transport.call(method, request, timeout_s=timeout_s, repeatable=not request.etag)
        return preset_of(response.preset)
