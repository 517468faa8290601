"""Lists, changes of the catalogue and new prototypes through the SDK, over five processes and a Redis."""

import shutil
import time
import uuid
import wave

import pytest

from leitmotif import (
    AudioItem,
    Client,
    ControlAction,
    ControlChange,
    Exploration,
    F,
    InvalidArgumentError,
    NotFoundError,
    PcmItem,
    PreconditionError,
    Reason,
    RecommendationRequest,
    Track,
    TrackUpsert,
)
from leitmotif._ingest_messages import track_named
from leitmotif.types import RecommendationFailure
from tests.e2e.conftest import deploy


@pytest.fixture(scope="module")
def deployment(composed, tmp_path_factory):
    """A deployment over bundles of its own, for these tests make new ones."""
    folder = tmp_path_factory.mktemp("retrieval")
    models = shutil.copytree(composed.models, folder / "models")
    yield from deploy(folder, models)


@pytest.fixture
def listener(client, composed):
    user_id = f"user-{uuid.uuid4().hex[:8]}"
    client.listen(user_id, composed.heard)
    return user_id


@pytest.fixture
def audio_file(composed):
    return sorted(composed.music.glob("*.wav"))[0]


@pytest.fixture
def ingested(client, audio_file):
    """A track of the catalogue's own music under another id, with the same tags; gone again behind the test."""
    tags = client.tracks.get(track_named(audio_file.name).track_id).track.tags
    track = Track(f"new-{uuid.uuid4().hex[:8]}", "A new track", "Nobody else", tags=tags, year=2031)
    yield client.tracks.ingest(audio_file, track, prototypes=-1)
    client.tracks.delete([track.track_id])


def ids_of(ranking):
    return [scored.track.track_id for scored in ranking]


def everything(client, user_id, **options):
    return client.recommend(user_id, 1000, include_heard=True, **options)


def test_a_filter_keeps_what_it_says_and_the_order(client, listener):
    whole = list(everything(client, listener))
    tag = next(tag for scored in whole for tag in scored.track.tags)
    kept, rest = everything(client, listener, filter=F.tag(tag)), everything(client, listener, filter=~F.tag(tag))
    assert ids_of(kept) == [scored.track.track_id for scored in whole if tag in scored.track.tags]
    assert ids_of(rest) == [scored.track.track_id for scored in whole if tag not in scored.track.tags]
    assert len(kept) > 0
    short = everything(client, listener, filter=F.duration_s < 1.0)
    assert ids_of(short) == []
    listed = {track.track_id for track in client.tracks.list(filter=F.tag(tag))}
    assert listed == set(ids_of(kept))


def test_pages_are_one_long_list(client, listener):
    whole = ids_of(everything(client, listener))
    pages = list(client.recommend_pages(listener, 7, include_heard=True))
    assert [track_id for page in pages for track_id in ids_of(page)] == whole
    assert [scored.rank for page in pages for scored in page] == list(range(1, len(whole) + 1))
    assert len(pages) == -(-len(whole) // 7)


def test_listening_between_two_pages_repeats_no_track(client, listener):
    pages = client.recommend_pages(listener, 5)
    first = ids_of(next(pages))
    client.listen(listener, first[:2])
    rest = [track_id for page in pages for track_id in ids_of(page)]
    assert len(set(first) | set(rest)) == len(first) + len(rest)
    assert set(rest) == set(ids_of(client.recommend(listener, 1000))) - set(first)


def test_another_user_cannot_go_on_with_a_page(client, listener, composed):
    token = client.recommend(listener, 5).next_page_token
    client.listen("somebody-else", composed.heard)
    for arguments in ({"user_id": "somebody-else"}, {"user_id": listener, "diversity": 0.5}):
        with pytest.raises(InvalidArgumentError) as caught:
            client.recommend(**arguments, count=5, page_token=token)
        assert caught.value.reason is Reason.PAGE_TOKEN_INVALID


def test_variety_does_what_it_says(client, listener):
    plain = ids_of(everything(client, listener))
    assert ids_of(everything(client, listener, diversity=0.9)) != plain
    explored = [ids_of(everything(client, listener, exploration=Exploration(0.9, seed))) for seed in (1, 1, 2)]
    assert explored[0] == explored[1] != explored[2]
    seeded = client.recommend(listener, 1000, include_heard=True, seeds=[plain[-1]], seed_weight=1.0)
    assert plain[-1] not in ids_of(seeded)
    assert ids_of(seeded) != [track_id for track_id in plain if track_id != plain[-1]]
    with pytest.raises(NotFoundError):
        client.recommend(listener, seeds=["no-such-track"])


def test_many_users_get_what_each_alone_would(client, listener, composed):
    others = [f"many-{number}" for number in range(12)]
    for place, user_id in enumerate(others):
        client.listen(user_id, composed.heard[: place % len(composed.heard) + 1])
    requests = [RecommendationRequest(user_id, 4, contributions=-1) for user_id in (*others, listener)]
    outcomes = list(client.recommend_many([*requests[:5], "nobody-at-all", *requests[5:]]))
    failure = outcomes.pop(5)
    assert isinstance(failure, RecommendationFailure)
    assert failure.error.reason is Reason.PROFILE_NOT_FOUND
    assert [outcome.user_id for outcome in outcomes] == [request.user_id for request in requests]
    for outcome in outcomes:
        assert outcome.tracks == client.recommend(outcome.user_id, 4, contributions=-1).tracks


def test_a_what_if_is_editing_and_asking(client, listener):
    boosted, muted = [prototype.prototype_id for prototype in client.prototypes.list()][:2]
    stored = client.profiles(listener).export()
    tried = client.what_if(listener, boost={boosted: 2.0}, mute=muted, count=8)
    assert client.profiles(listener).export() == stored
    assert tried.before == client.recommend(listener, 8).tracks

    changes = [ControlChange(boosted, ControlAction.BOOST, 2.0), ControlChange(muted, ControlAction.MUTE)]
    client.profiles(listener).edit(changes, etag=tried.etag)
    assert tried.after == client.recommend(listener, 8).tracks
    assert {weight.prototype_id: weight for weight in tried.weights} == {
        weight.prototype_id: weight for weight in client.profiles(listener).get().weights
    }
    before, after = set(ids_of(tried.before)), set(ids_of(tried.after))
    assert {change.track.track.track_id for change in tried.entered} == after - before
    assert {change.track.track.track_id for change in tried.left} == before - after


def test_a_what_if_needs_a_profile_or_leave_to_do_without(client):
    prototype = next(iter(client.prototypes.list())).prototype_id
    with pytest.raises(NotFoundError) as caught:
        client.what_if("stranger", boost=prototype)
    assert caught.value.reason is Reason.PROFILE_NOT_FOUND
    tried = client.what_if("stranger", boost=prototype, allow_missing=True)
    assert tried.etag == ""
    assert tried.weights[0].weight == 1.0
    with pytest.raises(NotFoundError):
        client.profiles("stranger").get()
    with pytest.raises(NotFoundError) as caught:
        client.what_if("stranger", boost="no-such-prototype", allow_missing=True)
    assert caught.value.reason is Reason.PROTOTYPE_NOT_FOUND


def test_the_edit_that_is_said_to_bring_a_track_up_does(client, listener):
    whole = everything(client, listener)
    target = len(whole) // 3
    lifted = 0
    for scored in whole.tracks[target:]:
        explained = client.explain(listener, scored.track.track_id, target_rank=target)
        assert explained.track.rank == scored.rank
        for edit in explained.lifting_edits[:1]:
            change = ControlChange(edit.prototype_id, ControlAction.SET, edit.amount)
            tried = client.what_if(listener, changes=[change], count=target, include_heard=True)
            assert scored.track.track_id in ids_of(tried.after)
            lifted += 1
    assert lifted > 0
    first = whole.tracks[0].track.track_id
    assert client.explain(listener, first, target_rank=target).lifting_edits == ()


def test_a_track_from_its_audio_is_there_at_once(client, listener, ingested, audio_file):
    track_id = ingested.track.track_id
    original = client.tracks.get(track_named(audio_file.name).track_id)
    assert ingested.track.duration_s == pytest.approx(original.track.duration_s, abs=0.1)
    assert (ingested.track.year, ingested.track.artist) == (2031, "Nobody else")
    affinities = {each.prototype_id: each.affinity for each in ingested.prototypes}
    # A tag counts in full here; in training it counted by its weight among the track's tags.
    expected = pytest.approx(original.affinities, abs=0.15)
    assert [affinities[prototype.prototype_id] for prototype in client.prototypes.list()] == expected
    assert [each.affinity for each in ingested.prototypes] == sorted(affinities.values(), reverse=True)

    found = client.tracks.similar(track_id, 1)
    assert found.tracks[0].track.track_id == original.track.track_id
    assert found.tracks[0].similarity == pytest.approx(1.0, abs=1e-3)
    ranking = everything(client, listener, filter=F.year > 2030)
    assert ids_of(ranking) == [track_id]
    assert ranking.catalogue_revision >= ingested.catalogue_revision
    assert client.listen(listener, [track_id]).recorded == 1

    assert client.tracks.delete([track_id, "never-there"]).unknown_track_ids == ("never-there",)
    assert track_id not in ids_of(everything(client, listener))


def test_an_ingested_track_survives_a_kill(deployment, client, listener, ingested):
    deployment.services["prototypes"].kill()
    deployment.services["prototypes"].start()
    assert client.tracks.get(ingested.track.track_id).track == ingested.track
    assert ingested.track.track_id in ids_of(everything(client, listener))


def test_samples_are_the_same_track_as_their_file(client, ingested, audio_file):
    with wave.open(str(audio_file)) as reader:
        rate, channels, width = reader.getframerate(), reader.getnchannels(), reader.getsampwidth()
        frames = reader.readframes(reader.getnframes())
    assert width == 2
    samples = b"".join(
        float_bytes(int.from_bytes(frames[at : at + 2], "little", signed=True) / 32768) for at in range(0, len(frames), 2)
    )
    track = Track(f"{ingested.track.track_id}-pcm", tags=("pcm",))
    streamed = client.tracks.ingest(PcmItem("x", samples, rate, channels), track)
    try:
        assert streamed.track.duration_s == pytest.approx(ingested.track.duration_s, abs=0.01)
        found = client.tracks.similar(track.track_id, 2).tracks
        assert found[0].similarity > 0.99
    finally:
        client.tracks.delete([track.track_id])


def float_bytes(value):
    import struct

    return struct.pack("<f", value)


def test_audio_that_is_refused_leaves_no_track(client, listener):
    before = client.recommend(listener).catalogue_revision
    for content, reason in ((b"no audio at all", Reason.AUDIO_FORMAT_UNKNOWN), (b"", Reason.FIELD_INVALID)):
        with pytest.raises(InvalidArgumentError) as caught:
            client.tracks.ingest(AudioItem("x", content), Track("refused"))
        assert caught.value.reason is reason
    with pytest.raises(InvalidArgumentError) as caught:
        client.tracks.ingest(PcmItem("x", bytes(4 * 44_100), 44_100), Track("refused"))
    assert caught.value.reason is Reason.AUDIO_SILENT
    with pytest.raises(InvalidArgumentError) as caught:
        client.tracks.ingest(AudioItem("x", bytes(61 << 20)), Track("refused"))
    assert caught.value.reason is Reason.LIMIT_EXCEEDED
    with pytest.raises(NotFoundError):
        client.tracks.get("refused")
    assert client.recommend(listener).catalogue_revision == before


def test_what_is_said_of_a_track_can_be_changed_and_its_audio_kept(client, ingested):
    track_id = ingested.track.track_id
    before = client.tracks.get(track_id)
    renamed = Track(track_id, "Renamed", tags=before.track.tags, year=1877)
    done = client.tracks.upsert([renamed, TrackUpsert(Track("no-audio"))])
    assert done.track_ids == (track_id,)
    assert [failure.track_id for failure in done.failures] == ["no-audio"]
    after = client.tracks.get(track_id)
    assert (after.track.title, after.track.year, after.track.artist) == ("Renamed", 1877, "")
    assert after.affinities == before.affinities


def test_prototypes_are_found_renamed_and_hidden(client, listener):
    prototype = list(client.prototypes.list())[2]
    found = client.prototypes.search(prototype.label)
    assert not found.by_meaning  # the package's own encoder has no text tower
    assert prototype.prototype_id in [each.prototype.prototype_id for each in found]
    assert client.profiles(listener).get().weights  # labels are at hand now

    assert client.prototypes.rename(prototype.prototype_id, "utterly renamed").label == "utterly renamed"
    labels = {weight.prototype_id: weight.label for weight in client.profiles(listener).get().weights}
    assert labels[prototype.prototype_id] == "utterly renamed"
    (again,) = client.prototypes.search("utterly renamed", 1)
    assert again.prototype.prototype_id == prototype.prototype_id

    before = client.recommend(listener).tracks
    assert client.prototypes.hide(prototype.prototype_id).hidden
    assert prototype.prototype_id not in [each.prototype_id for each in client.prototypes.list()]
    assert prototype.prototype_id in [each.prototype_id for each in client.prototypes.list(show_hidden=True)]
    assert client.recommend(listener).tracks == before
    assert client.profiles(listener).get().weights
    client.prototypes.show(prototype.prototype_id)
    client.prototypes.rename(prototype.prototype_id, prototype.label)


def test_a_new_prototype_changes_nothing_until_it_is_edited(client, listener, audio_file):
    before = client.recommend(listener)
    edited = next(iter(client.prototypes.list())).prototype_id
    client.profiles(listener).boost(edited, 0.5)
    boosted = client.recommend(listener)
    request_id = uuid.uuid4().hex
    created = client.prototypes.create_from_clip("like this", audio_file, request_id=request_id)
    assert client.prototypes.create_from_clip("like this", audio_file, request_id=request_id) == created
    assert created.model_version != before.model_version
    assert client.models.active().model_version == created.model_version

    after = client.recommend(listener)
    assert after.model_version == created.model_version
    assert ids_of(after) == ids_of(boosted)
    new = created.prototype.prototype_id
    weights = {weight.prototype_id: weight for weight in client.profiles(listener).get().weights}
    assert (weights[new].label, weights[new].edit) == ("like this", 0.0)
    assert weights[edited].edit == 0.5
    tried = client.what_if(listener, boost={new: 4.0}, count=3, include_heard=True)
    assert track_named(audio_file.name).track_id in ids_of(tried.after)
    client.profiles(listener).boost(new, 4.0)

    by_tracks = client.prototypes.create_from_tracks("two tracks", list(ids_of(after))[:2])
    assert by_tracks.prototype.expressed_tracks > 0
    assert client.recommend(listener).model_version == by_tracks.model_version
    with pytest.raises(PreconditionError) as caught:
        client.prototypes.create_from_phrase("slow piano")
    assert caught.value.reason is Reason.ENCODER_READS_NO_TEXT


def test_a_stream_of_requests_can_wait_for_each_answer(deployment, listener):
    """A caller that sends the next request once it has the answer to the last one is not kept waiting."""
    import queue

    import grpc

    from leitmotif.api.gateway.v1 import gateway_pb2, gateway_pb2_grpc

    requests = queue.SimpleQueue()
    with grpc.insecure_channel(deployment.address) as channel:
        stub = gateway_pb2_grpc.GatewayServiceStub(channel)
        answers = stub.StreamRecommendations(iter(requests.get, None), timeout=30)
        started = time.monotonic()
        for index in range(5):
            requests.put(gateway_pb2.RecommendRequest(user_id=listener, count=3))
            answer = next(answers)
            assert (answer.index, len(answer.recommended.tracks)) == (index, 3)
        requests.put(None)
        assert list(answers) == []
        assert time.monotonic() - started < 20
    with Client(deployment.address) as client:
        assert client.recommend(listener, 3).tracks
