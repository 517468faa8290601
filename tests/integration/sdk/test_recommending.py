"""Pages, bulk lists and what-if: what is sent, what is survived, and that nothing comes twice."""

import pytest

from leitmotif import ControlAction, ControlChange, F, InvalidArgumentError, NotFoundError, OverloadedError, Reason
from leitmotif import RecommendationRequest as Request
from leitmotif.api.gateway.v1 import gateway_pb2
from leitmotif.api.profiles.v1 import profiles_pb2
from leitmotif.types import RecommendationFailure
from leitmotif_services.runtime import errors as service_errors
from leitmotif_services.runtime.errors import ServiceError
from leitmotif_services.runtime.status import status_of

GONE = ServiceError(service_errors.Reason.UPSTREAM_UNAVAILABLE, "restarting", retry_after_s=0.001)
CHANGED = ServiceError(service_errors.Reason.PAGE_TOKEN_INVALID, "the profile has changed")


@pytest.fixture
def catalogue(peer):
    """Twelve tracks; pages leave out what the request excludes, as the platform does."""
    ids = [f"t{number}" for number in range(12)]

    def page(request):
        left = [track_id for track_id in ids if track_id not in request.options.excluded_track_ids]
        start = int(request.page_token or 0)
        end = start + request.count
        tracks = [{"track": {"track_id": name}, "rank": start + place} for place, name in enumerate(left[start:end], 1)]
        return gateway_pb2.RecommendResponse(tracks=tracks, next_page_token=str(end) if end < len(left) else "")

    peer.answer("Recommend", page)
    return ids


def ids_of(pages):
    return [scored.track.track_id for page in pages for scored in page]


def test_pages_are_one_list(client, peer, catalogue):
    pages = list(client.recommend_pages("ada", 5, filter=F.year >= 1960, diversity=0.5))
    assert [len(page) for page in pages] == [5, 5, 2]
    assert ids_of(pages) == catalogue
    assert [scored.rank for page in pages for scored in page] == list(range(1, 13))
    assert [call.request.page_token for call in peer.calls] == ["", "5", "10"]
    assert len({call.request.options.SerializeToString(deterministic=True) for call in peer.calls}) == 1


def test_a_partial_page_says_so(client, peer, catalogue):
    answer = gateway_pb2.RecommendResponse(tracks=[{"track": {"track_id": "t1"}, "rank": 1}], partial=True)
    peer.answer("Recommend", answer)
    assert client.recommend("ada").partial
    (page,) = client.recommend_pages("ada")
    assert (page.partial, len(page)) == (True, 1)


def test_a_page_is_fetched_when_it_is_asked_for(client, peer, catalogue, first):
    pages = client.recommend_pages("ada", 5)
    assert peer.calls == []
    assert len(first(pages, 1)) == 1
    assert len(peer.calls) == 1


def test_a_profile_that_changes_between_pages_neither_ends_nor_repeats_the_list(client, peer, catalogue):
    pages = client.recommend_pages("ada", 5, exclude=["t11"])
    given = [next(pages)]
    peer.fail("Recommend", CHANGED)
    given += list(pages)
    assert ids_of(given) == catalogue[:11]
    assert [scored.rank for page in given for scored in page] == list(range(1, 12))
    last = peer.calls[-1].request
    assert list(last.options.excluded_track_ids) == ["t11", *catalogue[:5]]


@pytest.fixture
def limited(peer):
    """Sixty tracks of twenty artists, three each; keeps to the limits on artists and excluded tracks as the platform does."""
    artists = {f"t{number}": f"artist-{number % 20}" for number in range(60)}

    def page(request):
        options = request.options
        if len(options.excluded_track_ids) > 10_000:
            raise AssertionError("the platform refuses as many")
        excluded, listed = set(options.excluded_track_ids), []
        for name, artist in artists.items():
            full = options.max_per_artist and [artists[each] for each in listed].count(artist) == options.max_per_artist
            if name not in excluded and not full:
                listed.append(name)
        start = int(request.page_token or 0)
        end = start + request.count
        tracks = [
            {"track": {"track_id": name, "artist": artists[name]}, "rank": start + place}
            for place, name in enumerate(listed[start:end], 1)
        ]
        return gateway_pb2.RecommendResponse(tracks=tracks, next_page_token=str(end) if end < len(listed) else "")

    peer.answer("Recommend", page)
    return list(artists)


def interrupted(client, peer, pages):
    """All pages, where the profile changes behind each of the first three."""
    given = []
    for _ in range(3):
        given.append(next(pages))
        peer.fail("Recommend", CHANGED)
    return given + list(pages)


@pytest.mark.parametrize(("most", "expected"), [(1, 20), (2, 40)])
def test_no_artist_is_given_more_often_when_the_profile_changes(client, peer, limited, most, expected):
    given = interrupted(client, peer, client.recommend_pages("ada", 6, max_per_artist=most))
    assert ids_of(given) == limited[:expected]
    assert [scored.rank for page in given for scored in page] == list(range(1, expected + 1))


def test_an_unnamed_artist_is_nobody(client, peer, catalogue):
    assert ids_of(interrupted(client, peer, client.recommend_pages("ada", 2, max_per_artist=1))) == catalogue


@pytest.mark.parametrize("own", [9_990, 10_000])
def test_as_many_excluded_as_there_may_be_leave_room_to_go_on(client, peer, limited, own):
    excluded = ["t59", *(f"other-{number}" for number in range(own - 1))]
    given = interrupted(client, peer, client.recommend_pages("ada", 8, exclude=excluded))
    assert ids_of(given) == limited[:59]
    assert [scored.rank for page in given for scored in page] == list(range(1, 60))
    assert all(set(excluded) <= set(call.request.options.excluded_track_ids) for call in peer.calls)


def test_a_first_page_that_is_refused_is_raised(client, peer, catalogue):
    peer.fail("Recommend", CHANGED)
    with pytest.raises(InvalidArgumentError) as caught:
        next(client.recommend_pages("ada"))
    assert caught.value.reason is Reason.PAGE_TOKEN_INVALID


def test_an_option_that_does_not_exist_is_refused(client):
    with pytest.raises(TypeError, match="exlude"):
        next(client.recommend_pages("ada", exlude=["t1"]))
    with pytest.raises(TypeError, match="exlude"):
        client.what_if("ada", mute="p", exlude=["t1"])


@pytest.fixture
def answering(peer):
    """Answers each request of a stream with its user's id as the etag; "nobody" has no profile."""

    def answers(requests):
        for index, request in enumerate(requests):
            if request.user_id == "nobody":
                status = status_of(ServiceError(service_errors.Reason.PROFILE_NOT_FOUND, "no profile"), "r")
                yield gateway_pb2.StreamRecommendationsResponse(index=index, refused=status)
            else:
                yield gateway_pb2.StreamRecommendationsResponse(index=index, recommended={"etag": request.user_id})

    peer.answer("StreamRecommendations", answers)
    return answers


def test_many_are_answered_in_order_and_refused_by_themselves(client, peer, answering):
    outcomes = list(client.recommend_many(["ada", "nobody", Request("bob", 3, contributions=-1)]))
    assert [outcome.user_id for outcome in outcomes] == ["ada", "nobody", "bob"]
    assert [outcome.etag for outcome in outcomes if not isinstance(outcome, RecommendationFailure)] == ["ada", "bob"]
    assert isinstance(outcomes[1].error, NotFoundError)
    (call,) = peer.calls
    assert [(request.count, request.contribution_count) for request in call.request] == [(20, 3), (20, 3), (3, -1)]


def test_many_are_sent_in_calls_as_they_are_read(client, peer, answering, first):
    asked = []

    def requests():
        for number in range(600):
            asked.append(number)
            yield f"user-{number}"

    assert len(first(client.recommend_many(requests()), 10)) == 10
    assert len(asked) == 256
    assert len(list(client.recommend_many(f"user-{number}" for number in range(600)))) == 600
    assert [len(call.request) for call in peer.calls[1:]] == [256, 256, 88]


def test_a_stream_that_breaks_off_goes_on_where_it_was(client, peer, answering):
    def broken(requests):
        answers = list(answering(requests))
        return [*answers[:3], GONE] if len(answers) > 4 else answers

    peer.answer("StreamRecommendations", broken)
    outcomes = list(client.recommend_many([f"user-{number}" for number in range(10)]))
    assert [outcome.user_id for outcome in outcomes] == [outcome.etag for outcome in outcomes]
    assert [len(call.request) for call in peer.calls] == [10, 7, 4]


def test_a_stream_that_never_gets_anywhere_is_raised(client, peer):
    overloaded = ServiceError(service_errors.Reason.OVERLOADED, "too many streams", retry_after_s=0.001)
    peer.fail("StreamRecommendations", overloaded, times=9)
    with pytest.raises(OverloadedError):
        next(client.recommend_many(["ada"]))
    assert len(peer.calls) == 4


def test_what_if_says_edits_by_what_shall_happen(client, peer):
    extra = ControlChange("p7", ControlAction.SET, -1.0)
    client.what_if(
        "ada", boost={"p1": 2.0}, reduce="p2", mute=["p3", "p4"], reset="p3", unmute="p5", changes=[extra], seeds=["s"]
    )
    (call,) = peer.calls
    changes = [
        (change.prototype_id, change.action, change.amount if change.HasField("amount") else None)
        for change in call.request.changes
    ]
    assert changes == [
        ("p3", profiles_pb2.CONTROL_ACTION_RESET, None),
        ("p5", profiles_pb2.CONTROL_ACTION_UNMUTE, None),
        ("p1", profiles_pb2.CONTROL_ACTION_BOOST, 2.0),
        ("p2", profiles_pb2.CONTROL_ACTION_REDUCE, None),
        ("p3", profiles_pb2.CONTROL_ACTION_MUTE, None),
        ("p4", profiles_pb2.CONTROL_ACTION_MUTE, None),
        ("p7", profiles_pb2.CONTROL_ACTION_SET, -1.0),
    ]
    assert list(call.request.options.seed_track_ids) == ["s"]
