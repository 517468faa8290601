"""Phrases over real gRPC: the service alone, and behind the gateway with both clients of the SDK."""

import asyncio
import shutil
from contextlib import asynccontextmanager

import numpy as np
import pytest
import torch
from grpc_health.v1 import health_pb2, health_pb2_grpc

from leitmotif import AsyncClient, Client, InvalidArgumentError, NotFoundError, PreconditionError, Reason
from leitmotif.api.audio.v1 import audio_pb2 as pb
from leitmotif.api.audio.v1 import audio_pb2_grpc
from leitmotif.types import AudioItem, TextEmbedding, TextFailure
from leitmotif_services.audio.app import build
from leitmotif_services.audio.config import AudioConfig
from leitmotif_services.audio.convert import phrase_of
from leitmotif_services.audio.engine import DEFAULT_ENCODER
from leitmotif_services.audio.onnxruntime_text_encoder import load_text_engine
from leitmotif_services.gateway.app import build as build_gateway
from leitmotif_services.gateway.config import GatewayConfig
from leitmotif_services.runtime.errors import ServiceError
from leitmotif_services.runtime.server import GrpcServer
from leitmotif_services.workshop.encoder_import.importing import open_model
from leitmotif_services.workshop.encoder_import.importing_text import import_towers
from tests.integration.audio.serving import info_of, refusal, scraped, served
from tests.unit.audio.audio_files import encoded, music
from tests.unit.workshop.encoder_import import tiny_models

DEFAULT = DEFAULT_ENCODER.stem


@pytest.fixture(scope="module")
def towers(tmp_path_factory):
    """A folder with clap.onnx and clap.text.onnx."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("towers")
    model = tiny_models.clap(tmp_path_factory.mktemp("models") / "clap")
    import_towers(open_model(str(model)), folder / "clap.onnx", spdx="CC0-1.0")
    torch.set_num_threads(threads)
    return folder


@pytest.fixture
async def stub(towers):
    async with served(ENCODERS=towers) as channel:
        yield audio_pb2_grpc.AudioServiceStub(channel)


async def test_the_figures_of_phrases_are_what_was_sent(towers):
    async with served(ENCODERS=towers, METRICS_LISTEN="127.0.0.1:0") as channel:
        stub = audio_pb2_grpc.AudioServiceStub(channel)
        await stub.EmbedTexts(pb.EmbedTextsRequest(texts=["a calm piano", "", "drums"], encoder_id="clap"))
        await stub.EmbedTexts(pb.EmbedTextsRequest(texts=["a loud organ"], encoder_id="clap"))
        await refusal(stub.EmbedTexts(pb.EmbedTextsRequest(texts=["drums"], encoder_id=DEFAULT)))
        seen = await asyncio.to_thread(scraped, channel.metrics_port)
    assert seen["leitmotif_audio_embedded_phrases_total"] == 3
    for stage in ("queue", "tokenize", "compute"):
        assert seen[f'leitmotif_audio_text_stage_seconds_count{{stage="{stage}"}}'] == 2
    assert 0 < seen['leitmotif_audio_text_stage_seconds_sum{stage="compute"}'] < 20
    assert seen['leitmotif_audio_failures_total{reason="TEXT_EMPTY"}'] == 1
    assert seen['leitmotif_audio_failures_total{reason="ENCODER_READS_NO_TEXT"}'] == 1


async def test_good_and_bad_phrases_in_one_call(stub, towers):
    texts = {
        "a calm piano": None,
        "": "TEXT_EMPTY",
        "夜の音楽 🎷": None,
        " \N{NO-BREAK SPACE}": "TEXT_EMPTY",
        "two\nlines": "FIELD_INVALID",
        "\0": "FIELD_INVALID",
        "x" * 1_000_000: "LIMIT_EXCEEDED",
        "~" * 63: "LIMIT_EXCEEDED",
        "~" * 62: None,
        "</s><pad>": None,
    }
    request = pb.EmbedTextsRequest(texts=texts, encoder_id="clap")
    response = await stub.EmbedTexts(request, metadata=(("x-request-id", "req-1"),))
    assert (response.encoder_id, response.text_encoder_id) == ("clap", "clap-text")
    own = load_text_engine(towers / "clap.text.onnx")
    for (text, reason), result in zip(texts.items(), response.results, strict=True):
        if reason:
            info = info_of(result.status)
            assert (result.status.code, info.reason, info.metadata["requestId"]) == (3, reason, "req-1")
        else:
            embedded = phrase_of(result.text)
            np.testing.assert_allclose(embedded.embedding, own.embed(text).embedding, atol=1e-5)
            assert np.linalg.norm(embedded.embedding) == pytest.approx(1.0, abs=1e-5)
            assert embedded.tokens == len(own.tokens(text).ids)
    assert response.timings.queue_s >= 0
    assert min(response.timings.decode_s, response.timings.compute_s) > 0


async def test_phrases_and_tracks_share_a_space(stub):
    text = (await stub.EmbedTexts(pb.EmbedTextsRequest(texts=["calm"], encoder_id="clap"))).results[0].text
    items = [pb.AudioItem(content=encoded(music(3.0)))]
    track = (await stub.EmbedTracks(pb.EmbedTracksRequest(items=items, encoder_id="clap"))).results[0].track
    assert text.embedding.dimension == track.embedding.dimension == 24
    assert len(text.embedding.values) == len(track.embedding.values) == 24 * 4


async def test_encoders_say_whether_they_read_text(stub, towers):
    listed = {one.encoder_id: one for one in (await stub.ListEncoders(pb.ListEncodersRequest())).encoders}
    assert set(listed) == {DEFAULT, "clap"}
    assert not listed[DEFAULT].HasField("text_encoder")
    tower, own = listed["clap"].text_encoder, load_text_engine(towers / "clap.text.onnx").encoder
    assert (tower.text_encoder_id, tower.sha256, tower.max_tokens) == ("clap-text", own.sha256, 64)
    assert (tower.license, tower.description) == ("CC0-1.0", own.description)
    assert (await stub.GetEncoder(pb.GetEncoderRequest(encoder_id="clap"))).encoder == listed["clap"]


@pytest.mark.parametrize("encoder_id", ["", DEFAULT])
async def test_an_encoder_without_a_text_tower(stub, encoder_id):
    status = await refusal(stub.EmbedTexts(pb.EmbedTextsRequest(texts=["calm"], encoder_id=encoder_id)))
    assert (status.code, info_of(status).reason) == (9, "ENCODER_READS_NO_TEXT")
    assert info_of(status).metadata["encoderId"] == DEFAULT
    assert DEFAULT in status.message


@pytest.mark.parametrize(
    ("texts", "encoder_id", "code", "reason"),
    [
        ([], "clap", 3, "FIELD_INVALID"),
        (["x"] * 65, "clap", 3, "LIMIT_EXCEEDED"),
        (["x"] * 10_000, "clap", 3, "LIMIT_EXCEEDED"),
        (["x"], "clap-text", 5, "ENCODER_NOT_FOUND"),
        (["x"], "nope", 5, "ENCODER_NOT_FOUND"),
    ],
)
async def test_calls_that_are_refused_as_a_whole(stub, texts, encoder_id, code, reason):
    status = await refusal(stub.EmbedTexts(pb.EmbedTextsRequest(texts=texts, encoder_id=encoder_id)))
    assert (status.code, info_of(status).reason) == (code, reason)


async def test_bytes_that_are_no_text(towers):
    """A lone surrogate as UTF-8 would have it, which no client of protobuf sends."""
    raw = b"\x0a\x03\xed\xa0\x80\x12\x04clap"
    async with served(ENCODERS=towers) as channel:
        call = channel.unary_unary("/leitmotif.api.audio.v1.AudioService/EmbedTexts")
        status = await refusal(call(raw))
        assert (status.code, info_of(status).reason) == (3, "REQUEST_MALFORMED")
        health = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
        assert health.status == health_pb2.HealthCheckResponse.SERVING


async def test_the_number_of_phrases_is_a_setting(towers):
    async with served(ENCODERS=towers, MAX_TEXTS=2, DEFAULT_ENCODER_ID="clap") as channel:
        stub = audio_pb2_grpc.AudioServiceStub(channel)
        assert len((await stub.EmbedTexts(pb.EmbedTextsRequest(texts=["a", "b"]))).results) == 2
        status = await refusal(stub.EmbedTexts(pb.EmbedTextsRequest(texts=["a", "b", "c"])))
        assert info_of(status).metadata["limit"] == "2"


async def test_many_calls_at_once(stub):
    texts = [f"a calm piano and {number} voices" for number in range(40)]
    calls = [stub.EmbedTexts(pb.EmbedTextsRequest(texts=texts[number:], encoder_id="clap")) for number in range(20)]
    answers = await asyncio.gather(*calls)
    last = phrase_of(answers[0].results[-1].text).embedding
    for answer in answers:
        np.testing.assert_allclose(phrase_of(answer.results[-1].text).embedding, last, atol=1e-5)


async def test_a_text_tower_without_its_audio_tower_stops_the_start(towers, tmp_path):
    shutil.copy(towers / "clap.text.onnx", tmp_path / "clap.text.onnx")
    config = AudioConfig.from_environment({"LEITMOTIF_AUDIO_ENCODERS": str(tmp_path)})
    with pytest.raises(ServiceError, match="audio encoder 'clap' is not loaded beside it"):
        await build(config)


async def test_towers_of_other_weights_stop_the_start(towers, tmp_path):
    model = tiny_models.clap(tmp_path / "clap", depths=[1, 2])
    import_towers(open_model(str(model)), tmp_path / "clap.onnx", spdx="CC0-1.0", audio_only=True)
    files = f"{tmp_path / 'clap.onnx'},{towers / 'clap.text.onnx'}"
    with pytest.raises(ServiceError, match="it comes from other weights"):
        await build(AudioConfig.from_environment({"LEITMOTIF_AUDIO_ENCODERS": files}))


@asynccontextmanager
async def listening(app, settings):
    server = GrpcServer(settings, app)
    await server.start()
    try:
        yield f"127.0.0.1:{server.port}"
    finally:
        await server.drain()
        await app.close()


@pytest.fixture
async def address(towers):
    """Of a gateway with an audio service behind it."""
    audio = AudioConfig.from_environment({"LEITMOTIF_AUDIO_LISTEN": "127.0.0.1:0", "LEITMOTIF_AUDIO_ENCODERS": str(towers)})
    async with listening(await build(audio), audio.server) as behind:
        environ = {"LEITMOTIF_GATEWAY_LISTEN": "127.0.0.1:0", "LEITMOTIF_GATEWAY_AUDIO_ADDRESS": behind}
        gateway = GatewayConfig.from_environment(environ)
        async with listening(await build_gateway(gateway), gateway.server) as front:
            yield front


PHRASES = ["a calm piano", "", "bad \udcff bytes", "x" * 100_000, "drums"]


def check(outcomes, track, tower):
    assert [outcome.text for outcome in outcomes] == PHRASES
    assert [isinstance(outcome, TextEmbedding) for outcome in outcomes] == [True, False, False, False, True]
    reasons = [outcome.error.reason for outcome in outcomes if isinstance(outcome, TextFailure)]
    assert reasons == [Reason.TEXT_EMPTY, Reason.FIELD_INVALID, Reason.LIMIT_EXCEEDED]
    assert all(isinstance(outcome.error, InvalidArgumentError) for outcome in outcomes if isinstance(outcome, TextFailure))
    assert (outcomes[0].encoder_id, outcomes[0].text_encoder_id) == (track.encoder_id, tower.text_encoder_id)
    assert len(outcomes[0].embedding) == len(track.embedding) == 24
    assert -1.0 <= np.dot(outcomes[0].embedding, track.embedding) <= 1.0


async def test_with_the_asynchronous_client_through_the_gateway(address):
    async with AsyncClient(address) as client:
        (track,) = [track async for track in client.audio.embed([AudioItem("t", encoded(music(3.0)))], "clap")]
        check(await client.audio.embed_texts(PHRASES, "clap"), track, (await client.audio.encoder("clap")).text_encoder)
        many = await client.audio.embed_texts((f"phrase {number}" for number in range(150)), "clap")
        assert [outcome.text for outcome in many] == [f"phrase {number}" for number in range(150)]
        with pytest.raises(PreconditionError) as caught:
            await client.audio.embed_texts(["calm"])
        assert caught.value.reason == Reason.ENCODER_READS_NO_TEXT
        with pytest.raises(NotFoundError):
            await client.audio.embed_texts(["calm"], "nope")


async def test_with_the_synchronous_client_through_the_gateway(address):
    def run():
        with Client(address) as client:
            (track,) = client.audio.embed([AudioItem("t", encoded(music(3.0)))], "clap")
            check(client.audio.embed_texts(PHRASES, "clap"), track, client.audio.encoder("clap").text_encoder)
            assert client.audio.encoder().text_encoder is None

    await asyncio.to_thread(run)
