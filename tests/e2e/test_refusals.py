"""What cannot be done ends in one clear error with its reason, and nothing is changed by it."""

import uuid

import pytest

from leitmotif import (
    ConflictError,
    DataLossError,
    InvalidArgumentError,
    NotFoundError,
    PreconditionError,
    Reason,
)
from leitmotif.types import AudioItem, EmbedFailure


@pytest.fixture
def listener(client, composed):
    user_id = f"user-{uuid.uuid4().hex[:8]}"
    client.listen(user_id, composed.heard)
    return user_id


def first_prototype(client):
    return next(iter(client.prototypes.list())).prototype_id


def test_unknown_users(client):
    for call in (
        lambda: client.recommend("nobody"),
        lambda: client.profiles("nobody").get(),
        lambda: client.profiles("nobody").boost(first_prototype(client)),
        lambda: client.profiles("nobody").undo(),
        lambda: client.profiles("nobody").export(),
    ):
        with pytest.raises(NotFoundError) as caught:
            call()
        assert caught.value.reason == Reason.PROFILE_NOT_FOUND
        assert caught.value.request_id


def test_unknown_tracks(client, listener, composed):
    before = client.profiles(listener).get()
    for call in (
        lambda: client.explain(listener, "no-such-track"),
        lambda: client.tracks.get("no-such-track"),
        lambda: client.listen(listener, [composed.heard[0], "no-such-track"]),
    ):
        with pytest.raises(NotFoundError) as caught:
            call()
        assert caught.value.reason == Reason.TRACK_NOT_FOUND
        assert caught.value.metadata["trackId"] == "no-such-track"
    assert client.profiles(listener).get() == before


def test_unknown_prototypes(client, listener):
    before = client.profiles(listener).get()
    for call in (
        lambda: client.profiles(listener).boost("no-such-prototype"),
        lambda: client.prototypes.get("no-such-prototype"),
        lambda: client.prototypes.exemplar_audio("no-such-prototype"),
    ):
        with pytest.raises(NotFoundError) as caught:
            call()
        assert caught.value.reason == Reason.PROTOTYPE_NOT_FOUND
    assert client.profiles(listener).get() == before


def test_a_stale_etag(client, listener):
    prototype_id = first_prototype(client)
    profile = client.profiles(listener)
    stale = profile.get().etag
    profile.boost(prototype_id)
    current = profile.get()
    with pytest.raises(ConflictError) as caught:
        profile.mute(prototype_id, etag=stale)
    assert caught.value.reason == Reason.ETAG_MISMATCH
    assert caught.value.metadata["currentEtag"] == current.etag
    assert profile.get() == current
    assert profile.mute(prototype_id, etag=current.etag).profile.etag != current.etag


def test_nothing_to_undo(client, listener):
    with pytest.raises(PreconditionError) as caught:
        client.profiles(listener).undo()
    assert caught.value.reason == Reason.NOTHING_TO_UNDO


@pytest.mark.parametrize("amount", [0.0, -1.0, 4.5, float("nan"), float("inf")])
def test_amounts_out_of_bounds(client, listener, amount):
    before = client.profiles(listener).get()
    with pytest.raises(InvalidArgumentError) as caught:
        client.profiles(listener).boost(first_prototype(client), amount)
    assert caught.value.reason == Reason.FIELD_INVALID
    assert any("amount" in violation.field for violation in caught.value.violations)
    assert client.profiles(listener).get() == before


@pytest.mark.parametrize("user_id", ["", "a{b}", "../x", "x" * 10_000])
def test_ids_that_are_not_well_formed(client, user_id):
    for call in (
        lambda: client.recommend(user_id),
        lambda: client.profiles(user_id).get(),
        lambda: client.listen(user_id, ["t"]),
    ):
        with pytest.raises(InvalidArgumentError) as caught:
            call()
        assert caught.value.reason == Reason.FIELD_INVALID


@pytest.mark.parametrize("count", [-1, 1001, 10**9])
def test_counts_out_of_bounds(client, listener, count):
    with pytest.raises(InvalidArgumentError):
        client.recommend(listener, count=count)


def test_bad_audio_among_good_audio(client, composed):
    paths = sorted(path for path in composed.music.iterdir() if path.suffix in (".flac", ".wav"))
    good = paths[0].read_bytes()
    results = list(
        client.audio.embed(
            [
                AudioItem("good", good),
                AudioItem("empty", b""),
                AudioItem("truncated", good[: len(good) // 3]),
                AudioItem("text", b"not audio " * 100),
                AudioItem("again", good),
            ]
        )
    )
    assert [result.track_id for result in results] == ["good", "empty", "truncated", "text", "again"]
    assert results[0].embedding == results[4].embedding
    reasons = {result.track_id: result.error.reason for result in results if isinstance(result, EmbedFailure)}
    assert reasons["empty"] == Reason.AUDIO_EMPTY
    assert reasons["text"] == Reason.AUDIO_FORMAT_UNKNOWN
    assert reasons["truncated"] == Reason.AUDIO_CORRUPT


def test_methods_behind_the_gateway_that_are_not_public(client, deployment):
    import grpc

    from leitmotif.api.profiles.v1 import profiles_pb2
    from leitmotif.api.profiles.v1.profiles_pb2_grpc import ProfilesServiceStub

    with grpc.insecure_channel(deployment.address) as channel:
        stub = ProfilesServiceStub(channel)
        for call in (
            lambda: stub.RecordEvents(profiles_pb2.RecordEventsRequest(user_id="x")),
            lambda: stub.RegisterPrototypeSpace(profiles_pb2.RegisterPrototypeSpaceRequest(model_version="x")),
        ):
            with pytest.raises(grpc.RpcError) as caught:
                call()
            assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_a_bundle_with_one_byte_changed(client, composed, deployment, tmp_path):
    import shutil

    active = client.models.active().model_version
    source = composed.models / composed.model_version
    for name in ("arrays.safetensors", "prototypes.json"):
        altered = composed.models / f"altered-{name.partition('.')[0]}"
        shutil.copytree(source, altered)
        try:
            file = altered / name
            content = bytearray(file.read_bytes())
            content[len(content) // 2] ^= 1
            file.chmod(0o644)
            file.write_bytes(content)
            with pytest.raises(DataLossError) as caught:
                client.models.activate(altered.name)
            assert caught.value.reason == Reason.BUNDLE_CORRUPT
            assert client.models.active().model_version == active
        finally:
            shutil.rmtree(altered)


def test_an_unknown_model_version(client):
    with pytest.raises(NotFoundError) as caught:
        client.models.activate("no-such-version")
    assert caught.value.reason == Reason.MODEL_NOT_FOUND
