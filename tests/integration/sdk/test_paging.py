"""Iterators over pages: everything once, in order, and no page before it is needed."""

import pytest

from leitmotif.api.profiles.v1 import profiles_pb2
from leitmotif.api.prototypes.v1 import catalogue_pb2


@pytest.fixture
def catalogue(peer):
    """Seven tracks in pages of three."""
    ids = [f"t{number}" for number in range(7)]

    def page(request):
        start = int(request.page_token or 0)
        end = start + (request.page_size or 3)
        tracks = [catalogue_pb2.Track(track_id=track_id) for track_id in ids[start:end]]
        return catalogue_pb2.ListTracksResponse(tracks=tracks, next_page_token=str(end) if end < len(ids) else "")

    peer.answer("ListTracks", page)
    return ids


def test_all_items_in_order(client, peer, catalogue):
    assert [track.track_id for track in client.tracks.list("q")] == catalogue
    assert [call.request.page_token for call in peer.calls] == ["", "3", "6"]
    assert {call.request.query for call in peer.calls} == {"q"}


def test_a_page_is_fetched_when_its_first_item_is_asked_for(client, peer, catalogue, first):
    tracks = client.tracks.list()
    assert peer.calls == []
    assert [track.track_id for track in first(tracks, 3)] == catalogue[:3]
    assert len(peer.calls) == 1


def test_page_size_is_passed_on(client, peer, catalogue):
    assert len(list(client.tracks.list(page_size=5))) == 7
    assert [call.request.page_size for call in peer.calls] == [5, 5]


def test_an_empty_page_in_the_middle_does_not_end_the_list(client, peer):
    pages = {
        "": profiles_pb2.ListEditsResponse(edits=[{"sequence": 2}], next_page_token="a"),
        "a": profiles_pb2.ListEditsResponse(next_page_token="b"),
        "b": profiles_pb2.ListEditsResponse(edits=[{"sequence": 1}]),
    }
    peer.answer("ListEdits", lambda request: pages[request.page_token])
    assert [edit.sequence for edit in client.profiles("ada").edits()] == [2, 1]


def test_a_failure_between_two_pages_is_survived(client, peer, catalogue, first):
    from leitmotif_services.runtime.errors import Reason, ServiceError

    tracks = client.tracks.list()
    seen = [next(tracks).track_id for _ in range(3)]
    peer.fail("ListTracks", ServiceError(Reason.UPSTREAM_UNAVAILABLE, "restarting", retry_after_s=0.001))
    assert seen + [track.track_id for track in tracks] == catalogue
