import pytest

from leitmotif.api.audio.v1 import audio_pb2_grpc
from tests.integration.audio.serving import served


@pytest.fixture
async def channel():
    async with served() as channel:
        yield channel


@pytest.fixture
def stub(channel):
    return audio_pb2_grpc.AudioServiceStub(channel)
