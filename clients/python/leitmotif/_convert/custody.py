"""Profiles that are moved or erased."""

from leitmotif._convert.profiles import carried_control_of, profile_of
from leitmotif._convert.times import time_of
from leitmotif.api.gateway.v1 import gateway_pb2
from leitmotif.api.profiles.v1 import profiles_pb2 as pb2
from leitmotif.types import Erasure, ImportedProfile


def imported_profile_of(message: gateway_pb2.ImportProfileResponse) -> ImportedProfile:
    return ImportedProfile(
        profile=profile_of(message.profile),
        dropped_prototype_ids=tuple(message.dropped_prototype_ids),
        carried=tuple(map(carried_control_of, message.carried)),
    )


def erasure_of(message: pb2.DeleteProfileResponse) -> Erasure:
    receipt = message.receipt
    return Erasure(
        existed=message.existed,
        receipt_id=receipt.receipt_id,
        user_id=receipt.user_id,
        erased_at=time_of(receipt, "erased_at"),
        erased_keys=receipt.erased_keys,
        scanned_keys=receipt.scanned_keys if receipt.HasField("scanned_keys") else None,
        remaining_keys=receipt.remaining_keys if receipt.HasField("remaining_keys") else None,
    )
