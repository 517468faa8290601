"""The service over a real gRPC server at a free port."""

import os
from pathlib import Path

import numpy as np
import pytest
from google.rpc import error_details_pb2

from leitmotif.api.audio.v1 import audio_pb2 as pb
from leitmotif.api.audio.v1 import audio_pb2_grpc
from leitmotif_services.audio.app import build
from leitmotif_services.audio.config import AudioConfig
from leitmotif_services.audio.convert import track_of
from leitmotif_services.audio.engine import load_engine
from leitmotif_services.runtime.errors import ServiceError
from tests.integration.audio.serving import further_encoder, info_of, refusal, request_of, served
from tests.unit.audio.audio_files import encoded, music, real_recordings, tone

DATA = Path(os.environ.get("LEITMOTIF_TEST_DATA", Path(__file__).parents[3] / "../shared/data"))


async def test_a_served_embedding_equals_one_made_in_process(stub):
    content = encoded(music(12.0), 24_000)
    response = await stub.EmbedTracks(request_of(content))
    served_track, own = track_of(response.results[0].track), load_engine().embed(content)
    np.testing.assert_allclose(served_track.segment_embeddings, own.segment_embeddings, atol=1e-6)
    assert served_track.segments == own.segments
    assert served_track.descriptors == own.descriptors


@pytest.mark.skipif(not real_recordings(DATA), reason=f"no recordings below {DATA}")
async def test_the_real_recordings(stub):
    paths = real_recordings(DATA)
    response = await stub.EmbedTracks(request_of(*(path.read_bytes() for path in paths)))
    tracks = {path.name: track_of(result.track) for path, result in zip(paths, response.results, strict=True)}
    assert len(tracks) == 8
    fishing = next(track for name, track in tracks.items() if "Fishin" in name)
    assert fishing.duration_s == pytest.approx(132.99, abs=0.01)
    assert len(fishing.segments) == 26
    trumpet = next(track for name, track in tracks.items() if "trumpet" in name)
    assert trumpet.descriptors.brightness_hz > fishing.descriptors.brightness_hz


async def test_encoders(stub):
    listed = (await stub.ListEncoders(pb.ListEncodersRequest())).encoders
    assert [encoder.encoder_id for encoder in listed] == ["leitmotif-music-1"]
    for encoder_id in ("", "leitmotif-music-1"):
        assert (await stub.GetEncoder(pb.GetEncoderRequest(encoder_id=encoder_id))).encoder == listed[0]
    assert (listed[0].dimension, listed[0].sample_rate_hz, listed[0].segment_s, listed[0].hop_s) == (256, 22_050, 10.0, 5.0)


async def test_an_unknown_encoder(stub):
    for call in (
        stub.GetEncoder(pb.GetEncoderRequest(encoder_id="nope")),
        stub.EmbedTracks(request_of(encoded(tone(440.0)), encoder_id="nope")),
    ):
        status = await refusal(call)
        assert (status.code, info_of(status).reason) == (5, "ENCODER_NOT_FOUND")


async def test_a_further_encoder_can_be_the_default(tmp_path):
    further_encoder(tmp_path / "other.onnx", "other-1")
    async with served(ENCODERS=tmp_path, DEFAULT_ENCODER_ID="other-1") as channel:
        stub = audio_pb2_grpc.AudioServiceStub(channel)
        listed = (await stub.ListEncoders(pb.ListEncodersRequest())).encoders
        assert [encoder.encoder_id for encoder in listed] == ["other-1", "leitmotif-music-1"]
        response = await stub.EmbedTracks(request_of(encoded(tone(440.0))))
        assert response.encoder_id == "other-1"


async def test_a_broken_encoder_stops_the_start(tmp_path):
    (tmp_path / "broken.onnx").write_bytes(b"no graph")
    config = AudioConfig.from_environment({"LEITMOTIF_AUDIO_ENCODERS": str(tmp_path)})
    with pytest.raises(ServiceError, match=r"broken\.onnx"):
        await build(config)


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (pb.EmbedTracksRequest(), "items"),
        (request_of(*[b"x"] * 17), ""),
        (pb.EmbedTracksRequest(items=[pb.AudioItem(track_id="a\nb")]), "items[0].track_id"),
        (pb.EmbedTracksRequest(items=[pb.AudioItem(), pb.AudioItem(track_id="x" * 129)]), "items[1].track_id"),
    ],
    ids=["no item", "too many", "control character", "long name"],
)
async def test_calls_that_are_refused_as_a_whole(stub, request_, field):
    status = await refusal(stub.EmbedTracks(request_))
    assert status.code == 3
    assert info_of(status).reason == ("FIELD_INVALID" if field else "LIMIT_EXCEEDED")
    if field:
        violation = error_details_pb2.BadRequest()
        assert status.details[1].Unpack(violation)
        assert violation.field_violations[0].field == field


async def test_limits_are_settings():
    async with served(MAX_ITEM_BYTES=20_000, MAX_DURATION_S=1.5, MAX_ITEMS=2) as channel:
        stub = audio_pb2_grpc.AudioServiceStub(channel)
        contents = (encoded(tone(440.0, 1.0, 8_000), 8_000), encoded(tone(440.0, 2.0)))
        short, big = (await stub.EmbedTracks(request_of(*contents))).results
        assert short.track.duration_s == 1.0
        assert info_of(big.status).reason == "LIMIT_EXCEEDED"
        long = (await stub.EmbedTracks(request_of(encoded(tone(440.0, 1.6, 8_000), 8_000, "FLAC")))).results[0]
        assert info_of(long.status).reason == "AUDIO_TOO_LARGE"
        assert info_of(await refusal(stub.EmbedTracks(request_of(b"", b"", b"")))).reason == "LIMIT_EXCEEDED"


async def test_samples_in_a_batch_are_embedded_as_the_file_is(stub):
    samples = music(12.0)
    items = [
        pb.AudioItem(track_id="file", content=encoded(samples, 24_000, subtype="FLOAT")),
        pb.AudioItem(track_id="samples", pcm=pb.PcmAudio(samples=samples.tobytes(), sample_rate_hz=24_000, channels=1)),
        pb.AudioItem(track_id="rate", pcm=pb.PcmAudio(samples=samples.tobytes(), sample_rate_hz=0, channels=1)),
        pb.AudioItem(track_id="nothing"),
    ]
    file, own, rate, nothing = (await stub.EmbedTracks(pb.EmbedTracksRequest(items=items))).results
    assert own.track.embedding == file.track.embedding
    assert own.track.descriptors == file.track.descriptors
    assert (info_of(rate.status).reason, info_of(nothing.status).reason) == ("FIELD_INVALID", "AUDIO_EMPTY")
