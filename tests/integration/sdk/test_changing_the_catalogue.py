"""Upserts, ingestion, prototypes: what is sent in how many calls, and what happens when one fails."""

import pytest

from leitmotif import F, InvalidArgumentError, NotFoundError, Reason, Track, TrackUpsert
from leitmotif.api.gateway.v1 import gateway_pb2
from leitmotif.api.prototypes.v1 import catalogue_pb2, prototypes_pb2
from leitmotif.types import AudioItem, PcmItem
from leitmotif_services.runtime import errors as service_errors
from leitmotif_services.runtime.errors import ServiceError
from leitmotif_services.runtime.status import status_of

GONE = ServiceError(service_errors.Reason.UPSTREAM_UNAVAILABLE, "restarting", retry_after_s=0.001)
UNKNOWN = ServiceError(service_errors.Reason.TRACK_NOT_FOUND, "no such track")


@pytest.fixture
def accepting(peer):
    """Accepts every track but "bad"; counts a revision a call."""

    def answer(request):
        refused = status_of(UNKNOWN, "r")
        statuses = [refused if upsert.track.track_id == "bad" else {} for upsert in request.tracks]
        return catalogue_pb2.UpsertTracksResponse(statuses=statuses, catalogue_revision=len(peer.calls), model_version="m-1")

    peer.answer("UpsertTracks", answer)


def test_one_refused_track_does_not_stop_the_others(client, peer, accepting):
    done = client.tracks.upsert([TrackUpsert(Track("a", year=1999), (1.0, 0.0)), Track("bad"), Track("c")], "enc-1")
    assert (done.track_ids, done.catalogue_revision, done.model_version) == (("a", "c"), 1, "m-1")
    (failure,) = done.failures
    assert failure.track_id == "bad"
    assert isinstance(failure.error, NotFoundError)
    (call,) = peer.calls
    assert call.request.encoder_id == "enc-1"
    assert [(upsert.track.year, len(upsert.embedding)) for upsert in call.request.tracks] == [(1999, 8), (0, 0), (0, 0)]


def test_many_tracks_are_sent_in_calls_below_the_bounds(client, peer, accepting):
    tracks = [Track(f"t{number}") for number in range(2500)]
    assert len(client.tracks.upsert(tracks).track_ids) == 2500
    assert [len(call.request.tracks) for call in peer.calls] == [1000, 1000, 500]
    peer.calls.clear()
    large = [TrackUpsert(Track(f"t{number}"), (0.5,) * 50_000) for number in range(40)]  # 200 kB each
    assert client.tracks.upsert(large, "enc-1").catalogue_revision == len(peer.calls) == 3
    assert all(call.request.ByteSize() < 4 << 20 for call in peer.calls)


def test_an_id_that_comes_again_is_changed_again(client, peer, accepting):
    client.tracks.upsert([Track("a", title="first"), Track("b"), Track("a", title="second")])
    assert [[upsert.track.title for upsert in call.request.tracks] for call in peer.calls] == [["first", ""], ["second"]]


def test_nothing_to_upsert_calls_nothing(client, peer):
    assert client.tracks.upsert([]).track_ids == ()
    assert peer.calls == []


def test_a_file_is_sent_in_chunks_and_says_how_far_it_is(client, peer, tmp_path):
    content = bytes(range(256)) * 3000
    file = tmp_path / "Café – 1 (live).wav"
    file.write_bytes(content)
    steps = []
    client.tracks.ingest(file, prototypes=3, progress=lambda sent, total: steps.append((sent, total)))
    (call,) = peer.calls
    start, *chunks = call.request
    assert start.start.track == catalogue_pb2.Track(track_id="Cafe-1-live", title="Café – 1 (live)")
    assert (start.start.file_bytes, start.start.prototype_count) == (len(content), 3)
    assert b"".join(chunk.chunk for chunk in chunks) == content
    assert len(chunks) == len(steps) == 3
    assert steps[-1] == (len(content), len(content))


def test_samples_are_sent_in_whole_frames(client, peer):
    samples = bytes(12 * 50_000)  # three channels
    client.tracks.ingest(PcmItem("t", samples, 44_100, 3), Track("t", "Title", year=2001))
    (call,) = peer.calls
    start, *pieces = call.request
    assert (start.start.track.title, start.start.track.year) == ("Title", 2001)
    assert (start.start.samples.sample_rate_hz, start.start.samples.channels) == (44_100, 3)
    assert b"".join(piece.samples for piece in pieces) == samples
    assert all(len(piece.samples) % 12 == 0 for piece in pieces)


def test_an_ingestion_that_fails_on_its_way_is_sent_anew(client, peer):
    peer.fail("IngestTrack", GONE)
    client.tracks.ingest(AudioItem("a.ogg", bytes(600_000)))
    first, second = peer.calls
    assert first.request == second.request
    assert first.metadata["x-request-id"] == second.metadata["x-request-id"]


def test_what_was_ingested_comes_back(client, peer):
    answer = gateway_pb2.IngestTrackResponse(
        track={"track_id": "a", "duration_s": 8.0},
        prototypes=[{"prototype_id": "p", "label": "piano", "affinity": 0.5, "expressed": True}],
        catalogue_revision=7,
        model_version="m-1",
    )
    peer.answer("IngestTrack", answer)
    done = client.tracks.ingest(AudioItem("a.ogg", b"x"))
    assert (done.track.duration_s, done.prototypes[0].label, done.catalogue_revision) == (8.0, "piano", 7)


def test_a_file_that_is_too_large_is_neither_read_nor_sent(client, peer, tmp_path):
    file = tmp_path / "long.wav"
    with file.open("wb") as empty:
        empty.truncate(1 << 40)
    for call in (client.tracks.ingest, lambda path: client.prototypes.create_from_clip("x", path)):
        with pytest.raises(InvalidArgumentError, match="samples") as caught:
            call(file)
        assert caught.value.reason is Reason.LIMIT_EXCEEDED
    with pytest.raises(InvalidArgumentError):
        client.tracks.ingest(AudioItem("x", bytes(61 << 20)))
    assert peer.calls == []


def test_a_file_that_is_not_there_calls_nothing(client, peer, tmp_path):
    with pytest.raises(FileNotFoundError):
        client.tracks.ingest(tmp_path / "none.wav")
    assert peer.calls == []


def test_lists_and_likenesses_take_filters(client, peer):
    list(client.tracks.list("blue", filter=F.tag("jazz")))
    client.tracks.similar("t", by="affinity", filter=~F.artist("X"), exclude=["a"])
    listed, similar = (call.request for call in peer.calls)
    assert listed.filter.field.field == "tags"
    assert (similar.likeness, list(similar.excluded_track_ids)) == (prototypes_pb2.LIKENESS_AFFINITY, ["a"])
    assert getattr(similar.filter, "not").field.field == "artist"
    with pytest.raises(ValueError, match="taste"):
        client.tracks.similar("t", by="taste")


def refuse(peer, context):
    peer.abort(ServiceError(service_errors.Reason.PAGE_TOKEN_INVALID, "of a model that is gone"), context, {})


def pages_of(version, *ids):
    """Pages of one prototype each, in a model of that version."""
    pages = {}
    for place, name in enumerate(ids):
        following = f"{version}:{place + 1}" if place + 1 < len(ids) else ""
        pages[f"{version}:{place}" if place else ""] = prototypes_pb2.ListPrototypesResponse(
            prototypes=[{"prototype_id": name}], next_page_token=following, model_version=version
        )
    return pages


def test_a_list_of_prototypes_is_of_one_model_though_the_model_changes_between_pages(client, peer):
    old, new = pages_of("m-1", "a", "b", "c"), pages_of("m-2", "a", "x")
    models = iter([old, None, new, new])

    def answer(request, context):
        model = next(models)
        return model[request.page_token] if model else refuse(peer, context)

    peer.answer("ListPrototypes", answer)
    assert [prototype.prototype_id for prototype in client.prototypes.list()] == ["a", "x"]


def test_a_token_that_outlives_its_model_starts_the_list_again_too(client, peer):
    old, new = pages_of("m-1", "a", "b"), pages_of("m-2", "a", "x")
    served = iter([old[""], new["m-2:1"], new[""], new["m-2:1"]])  # the second page is of another model
    peer.answer("ListPrototypes", lambda request: next(served))
    assert [prototype.prototype_id for prototype in client.prototypes.list()] == ["a", "x"]


def test_a_model_that_changes_without_end_is_told(client, peer):
    old = pages_of("m-1", "a", "b")

    def answer(request, context):
        if request.page_token:
            refuse(peer, context)
        return old[""]

    peer.answer("ListPrototypes", answer)
    with pytest.raises(InvalidArgumentError) as caught:
        list(client.prototypes.list())
    assert caught.value.reason is Reason.PAGE_TOKEN_INVALID
    assert len(peer.calls) == 6


def test_prototypes_are_made_from_tracks_clips_and_phrases(client, peer, tmp_path):
    file = tmp_path / "clip.ogg"
    file.write_bytes(b"audio")
    client.prototypes.create_from_tracks("mine", ["a", "b"], description="what I like")
    client.prototypes.create_from_clip("like this", file)
    client.prototypes.create_from_clip("like that", AudioItem("x", b"other"), request_id="r-1")
    client.prototypes.create_from_phrase("slow piano")
    client.prototypes.create_from_phrase("night", "slow piano at night")
    tracks, clip, item, label, phrase = (call.request for call in peer.calls)
    assert (list(tracks.tracks.track_ids), tracks.description) == (["a", "b"], "what I like")
    assert (clip.clip, item.clip, item.request_id) == (b"audio", b"other", "r-1")
    assert (label.phrase, phrase.phrase, phrase.label) == ("slow piano", "slow piano at night", "night")


def test_only_what_is_named_is_changed_of_a_prototype(client, peer):
    client.prototypes.rename("p", "new")
    client.prototypes.rename("p", "new", description="")
    client.prototypes.hide("p")
    client.prototypes.show("p")
    requests = [call.request for call in peer.calls]
    assert [list(request.update_mask.paths) for request in requests] == [
        ["label"],
        ["label", "description"],
        ["hidden"],
        ["hidden"],
    ]
    assert [request.prototype.hidden for request in requests] == [False, False, True, False]
