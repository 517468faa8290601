from collections.abc import AsyncIterator
from typing import Any

import grpc
import numpy as np
import pytest

from leitmotif.api.common.v1.vectors_pb2 import FloatMatrix
from leitmotif.api.profiles.v1 import exclusions_pb2
from leitmotif.api.profiles.v1 import profiles_pb2 as pb
from leitmotif.api.profiles.v1.exclusions_pb2_grpc import ExclusionsServiceStub
from leitmotif.api.profiles.v1.profiles_pb2_grpc import ProfilesServiceStub
from leitmotif_services.profiles.app import build
from leitmotif_services.profiles.config import ProfilesConfig
from leitmotif_services.runtime.local_channel import LocalChannel
from leitmotif_services.runtime.server import ServerSettings
from leitmotif_services.runtime.status import upstream_error

PROTOTYPE_IDS = ("calm", "loud", "fast", "sad")


class Caller:
    """Calls the service the way its tests do, and tells the reason of a refusal."""

    def __init__(self, stub: Any, exclusions: Any = None) -> None:
        self.stub = stub
        self.exclusions = exclusions

    async def register(self, model_version: str = "m1", prototype_ids: tuple[str, ...] = PROTOTYPE_IDS) -> None:
        request = pb.RegisterPrototypeSpaceRequest(model_version=model_version, prototype_ids=prototype_ids)
        await self.stub.RegisterPrototypeSpace(request)

    async def record(
        self, user_id: str, events: list[pb.Event], affinities: list[list[float]], model_version: str = "m1"
    ) -> pb.RecordEventsResponse:
        request = pb.RecordEventsRequest(
            user_id=user_id, events=events, affinities=matrix(affinities), model_version=model_version
        )
        response: pb.RecordEventsResponse = await self.stub.RecordEvents(request)
        return response

    async def edit(self, user_id: str, *changes: pb.ControlChange, **fields: Any) -> pb.EditProfileResponse:
        request = pb.EditProfileRequest(user_id=user_id, changes=changes, **fields)
        response: pb.EditProfileResponse = await self.stub.EditProfile(request)
        return response

    async def hide(self, user_id: str, *, track_ids: list[str], artists: list[str]) -> None:
        hidden = exclusions_pb2.Exclusions(hidden_track_ids=track_ids, hidden_artists=artists)
        await self.exclusions.ChangeExclusions(exclusions_pb2.ChangeExclusionsRequest(user_id=user_id, add=hidden))

    async def profile(self, user_id: str, top: int = 0) -> pb.Profile:
        response = await self.stub.GetProfile(pb.GetProfileRequest(user_id=user_id, top=top))
        profile: pb.Profile = response.profile
        return profile

    @staticmethod
    async def refusal(call: Any) -> tuple[grpc.StatusCode, str]:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call
        return refused.value.code(), upstream_error(refused.value, "profiles").reason


def matrix(rows: list[list[float]]) -> FloatMatrix:
    values = np.array(rows, "<f4")
    return FloatMatrix(values=values.tobytes(), dimension=values.shape[1])


def change(prototype_id: str, action: str, amount: float | None = None) -> pb.ControlChange:
    return pb.ControlChange(prototype_id=prototype_id, action=f"CONTROL_ACTION_{action}", amount=amount)


def play(event_id: str, track_id: str, **fields: Any) -> pb.Event:
    return pb.Event(event_id=event_id, track_id=track_id, type=pb.EVENT_TYPE_PLAY, **fields)


class Wire:
    """Builders of messages, given to tests as a fixture."""

    matrix = staticmethod(matrix)
    change = staticmethod(change)
    play = staticmethod(play)
    caller = Caller


@pytest.fixture
def wire() -> type[Wire]:
    return Wire


def config_for(redis_url: str, **settings: Any) -> ProfilesConfig:
    return ProfilesConfig(server=ServerSettings(listen="127.0.0.1:0", grace_s=5.0), redis_url=redis_url, **settings)


@pytest.fixture
async def caller(empty_redis_url: str) -> AsyncIterator[Caller]:
    """The service over the session's Redis, reached through the local channel."""
    app = await build(config_for(empty_redis_url))
    channel = LocalChannel(app).as_channel()
    caller = Caller(ProfilesServiceStub(channel), ExclusionsServiceStub(channel))
    await caller.register()
    yield caller
    await app.close()
