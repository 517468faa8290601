"""What a user hides and keeps out, through the gateway over the real services: tracks ada, bix and cab, by Ada, Bix and Cab."""

import asyncio

import grpc
import pytest

from leitmotif.api.gateway.v1 import gateway_pb2 as pb
from leitmotif.api.profiles.v1 import exclusions_pb2, profiles_pb2
from leitmotif.api.prototypes.v1 import catalogue_pb2, prototypes_pb2
from leitmotif_services.runtime.errors import Reason, ServiceError, invalid_field
from tests.integration.gateway.gateway_process import refusal_of
from tests.integration.gateway.real_services import shown, weights
from tests.integration.gateway.scripted_services import Services, gateway_over

LIKE = profiles_pb2.EVENT_TYPE_LIKE


def events(*track_ids, begin=0):
    return [{"event_id": f"e{n}-{track}", "track_id": track, "type": LIKE} for n, track in enumerate(track_ids, begin)]


async def listen(stubs, *track_ids, user_id="ada", begin=0):
    return await stubs.gateway.RecordListening(pb.RecordListeningRequest(user_id=user_id, events=events(*track_ids, begin=begin)))


async def change(stubs, user_id="ada", add=None, remove=None, **fields):
    request = pb.ChangeExclusionsRequest(user_id=user_id, add=add, remove=remove, **fields)
    return await stubs.gateway.ChangeExclusions(request)


async def reason_of(call):
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return refusal_of(caught.value)[0]


async def recommended(stubs, user_id="ada", **fields):
    request = pb.RecommendRequest(user_id=user_id, include_heard=True, **fields)
    return [item.track.track_id for item in (await stubs.gateway.Recommend(request)).tracks]


async def test_what_is_hidden_is_on_no_list_and_can_be_explained(stubs):
    await listen(stubs, "ada")
    assert await recommended(stubs) == ["ada", "bix", "cab"]
    changed = await change(stubs, add={"hidden_track_ids": ["bix", "nobody"]})
    assert list(changed.exclusions.hidden_track_ids) == ["bix", "nobody"]
    assert changed.profile.exclusion_count == 2
    assert await recommended(stubs) == ["ada", "cab"]
    await change(stubs, add={"hidden_artists": ["Ada"]})
    assert await recommended(stubs) == ["cab"]
    assert await recommended(stubs, options={"excluded_track_ids": ["cab"]}) == []

    by_artist = {"field": {"field": "artist", "one_of": {"values": ["Ada", "Cab"]}}}
    assert await recommended(stubs, options={"filter": by_artist}) == ["cab"]
    only_hidden = {"field": {"field": "artist", "one_of": {"values": ["Ada"]}}}
    assert await recommended(stubs, options={"filter": only_hidden}) == []

    what_if = await stubs.gateway.WhatIf(
        pb.WhatIfRequest(
            user_id="ada",
            include_heard=True,
            updates=[{"control": {"prototype_id": "calm", "edit": 2.0}, "update_mask": {"paths": ["edit"]}}],
        )
    )
    assert [[item.track.track_id for item in tracks] for tracks in (what_if.before, what_if.after)] == [["cab"], ["cab"]]
    edited = {each.weight.prototype_id: each.weight.edit for each in what_if.labelled_weights}
    assert edited == {"piano": 0.0, "calm": 2.0}

    async def requests():
        yield pb.RecommendRequest(user_id="ada", include_heard=True)

    [answer] = [answer async for answer in stubs.gateway.StreamRecommendations(requests())]
    assert [item.track.track_id for item in answer.recommended.tracks] == ["cab"]
    explained = await stubs.gateway.Explain(pb.ExplainRequest(user_id="ada", track_id="bix"))
    assert (explained.track.track.track_id, explained.track.rank) == ("bix", 2)

    await change(stubs, remove={"hidden_track_ids": ["bix", "nobody"], "hidden_artists": ["Ada"]})
    assert await recommended(stubs) == ["ada", "bix", "cab"]
    assert await stubs.exclusions.GetExclusions(
        exclusions_pb2.GetExclusionsRequest(user_id="ada")
    ) == exclusions_pb2.GetExclusionsResponse(exclusions={}, etag=(await shown(stubs)).etag)


async def test_hiding_between_two_pages_ends_the_session(stubs):
    await listen(stubs, "ada")
    first = await stubs.gateway.Recommend(pb.RecommendRequest(user_id="ada", include_heard=True, count=1))
    again = pb.RecommendRequest(user_id="ada", include_heard=True, count=1, page_token=first.next_page_token)
    assert [item.track.track_id for item in (await stubs.gateway.Recommend(again)).tracks] == ["bix"]
    for add in ({"hidden_track_ids": ["cab"]}, {"hidden_artists": ["Cab"]}):
        await change(stubs, add=add)
        assert await reason_of(stubs.gateway.Recommend(again)) == "PAGE_TOKEN_INVALID"
        await change(stubs, remove=add)
        assert [item.track.track_id for item in (await stubs.gateway.Recommend(again)).tracks] == ["bix"]


async def test_what_is_kept_out_counts_as_if_it_had_not_been_heard(stubs):
    await listen(stubs, "ada", "bix", "bix", "cab")
    before = weights(await shown(stubs))
    await listen(stubs, "bix", "bix", user_id="other", begin=1)
    assert weights(await shown(stubs, "other")) != before
    for begin, entries in ((10, {"uncounted_track_ids": ["ada", "cab"]}), (20, {"uncounted_artists": ["Ada", "Cab"]})):
        changed = await change(stubs, add=entries)
        other = await shown(stubs, "other")
        assert weights(changed.profile) == {name: pytest.approx(value, abs=1e-6) for name, value in weights(other).items()}
        assert changed.profile.event_count == other.event_count
        recorded = await listen(stubs, "ada", "bix", "cab", begin=begin)
        assert (recorded.recorded, recorded.uncounted_events) == (3, 2)
        await listen(stubs, "bix", user_id="other", begin=begin)
        changed = await change(stubs, remove=entries)
        assert changed.profile.event_count == begin // 10 * 3 + 4


async def test_times_are_kept_out(stubs):
    await listen(stubs, "ada", "bix")
    before = await shown(stubs)
    ever = {"uncounted_ranges": [{"start": {"seconds": 0}}]}
    changed = await change(stubs, add=ever)
    assert (changed.profile.event_count, {value[0] for value in weights(changed.profile).values()}) == (0, {0.0})
    changed = await change(stubs, remove=ever)
    assert changed.profile.event_count == 2
    assert weights(changed.profile) == {name: pytest.approx(value, abs=1e-9) for name, value in weights(before).items()}


async def test_events_of_tracks_that_have_left_the_catalogue_stop_counting(stubs):
    await listen(stubs, "ada", "bix")
    await stubs.catalogue.DeleteTracks(catalogue_pb2.DeleteTracksRequest(track_ids=["ada"]))
    changed = await change(stubs, add={"uncounted_track_ids": ["cab"]})
    assert changed.profile.event_count == 1


async def test_conditions(stubs):
    hide, uncount = {"hidden_track_ids": ["bix"]}, {"uncounted_track_ids": ["bix"]}
    for entries in (hide, uncount):
        assert await reason_of(change(stubs, add=entries)) == "PROFILE_NOT_FOUND"
    made = await change(stubs, add=uncount, allow_missing=True)
    assert (made.profile.exclusion_count, made.profile.event_count) == (1, 0)
    assert (await listen(stubs, "bix")).uncounted_events == 1
    for entries in (hide, {"uncounted_track_ids": ["ada"]}):
        stale = change(stubs, add=entries, etag=made.profile.etag)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stale
        assert caught.value.code() is grpc.StatusCode.ABORTED
        assert refusal_of(caught.value)[0] == "ETAG_MISMATCH"
    current = await shown(stubs)
    assert (await change(stubs, add=hide, etag=current.etag)).profile.exclusion_count == 2
    too_many = {"uncounted_track_ids": [f"t{n}" for n in range(2001)]}
    assert await reason_of(change(stubs, add=too_many)) == "LIMIT_EXCEEDED"
    assert await reason_of(change(stubs, add={"uncounted_artists": [""]})) == "FIELD_INVALID"
    assert (await shown(stubs)).exclusion_count == 2


async def test_what_is_recorded_while_exclusions_change_is_counted(stubs):
    await listen(stubs, "ada", begin=1000)

    async def record():
        for n in range(40):
            await listen(stubs, ("ada", "bix", "cab")[n % 3], begin=n)

    async def exclude():
        for n in range(10):
            entries = {"uncounted_artists": ["Ada"]}
            await change(stubs, **{("add", "remove")[n % 2]: entries})

    await asyncio.gather(record(), exclude())
    profile = await shown(stubs)
    assert profile.event_count == 41
    await listen(stubs, "ada", begin=1000, user_id="serial")
    for n in range(40):
        await listen(stubs, ("ada", "bix", "cab")[n % 3], begin=n, user_id="serial")
    serial = weights(await shown(stubs, "serial"))
    assert weights(profile) == {name: pytest.approx(value, abs=1e-6) for name, value in serial.items()}


MISMATCH = "the profile has changed"


@pytest.fixture
def scripted():
    """Services whose profile changes as often as a test says."""
    services = Services()
    etags = iter(range(1000))
    services.answers["GetProfile"] = lambda request: profiles_pb2.GetProfileResponse(
        profile={"model_version": "p-0", "user_id": "ada", "etag": f"v{next(etags)}"}
    )
    return services


def refusing(times, response):
    left = iter(range(times))
    return lambda request: ServiceError(Reason.ETAG_MISMATCH, MISMATCH) if next(left, None) is not None else response


async def test_a_change_is_tried_again_on_what_was_read_anew(scripted):
    scripted.answers["ChangeExclusions"] = refusing(3, exclusions_pb2.ChangeExclusionsResponse(profile={"etag": "done"}))
    async with gateway_over(scripted) as stubs:
        entries = {"uncounted_artists": ["Ada"]}
        changed = await stubs.gateway.ChangeExclusions(pb.ChangeExclusionsRequest(user_id="ada", add=entries))
        assert changed.profile.etag == "done"
        assert [call.etag for call in scripted.calls["ChangeExclusions"]] == ["v0", "v1", "v2", "v3"]

        scripted.answers["ChangeExclusions"] = refusing(100, None)
        call = stubs.gateway.ChangeExclusions(pb.ChangeExclusionsRequest(user_id="ada", add=entries))
        assert await reason_of(call) == "PROFILE_CONTENDED"
        tried = len(scripted.calls["ChangeExclusions"])
        call = stubs.gateway.ChangeExclusions(pb.ChangeExclusionsRequest(user_id="ada", add=entries, etag="mine"))
        assert await reason_of(call) == "ETAG_MISMATCH"
        assert [call.etag for call in scripted.calls["ChangeExclusions"][tried:]] == ["mine"]


async def test_hiding_does_not_read_the_profile_first(scripted):
    async with gateway_over(scripted) as stubs:
        entries = {"hidden_track_ids": ["a"], "hidden_artists": ["Ada"]}
        await stubs.gateway.ChangeExclusions(pb.ChangeExclusionsRequest(user_id="ada", add=entries, remove=entries))
    assert scripted.calls.keys() <= {"GetModel", "RegisterPrototypeSpace", "ChangeExclusions"}
    [changed] = scripted.calls["ChangeExclusions"]
    assert (changed.model_version, changed.etag) == ("p-1", "")


async def test_a_profile_that_appears_during_the_change_is_read(scripted):
    answers = iter([ServiceError(Reason.PROFILE_NOT_FOUND, "no profile"), scripted.answers["GetProfile"](None)])
    scripted.answers["GetProfile"] = lambda request: next(answers)
    made = exclusions_pb2.ChangeExclusionsResponse(profile={"etag": "done"})
    changes = iter([invalid_field("known", "is required"), made])
    scripted.answers["ChangeExclusions"] = lambda request: next(changes)
    entries = {"uncounted_artists": ["Ada"]}
    async with gateway_over(scripted) as stubs:
        changed = await stubs.gateway.ChangeExclusions(pb.ChangeExclusionsRequest(user_id="ada", add=entries, allow_missing=True))
        assert changed.profile.etag == "done"
        assert [call.etag for call in scripted.calls["ChangeExclusions"]] == ["", "v0"]

        scripted.answers["GetProfile"] = ServiceError(Reason.PROFILE_NOT_FOUND, "no profile")
        scripted.answers["ChangeExclusions"] = invalid_field("add.uncounted_artists[0]", "must not be empty")
        call = stubs.gateway.ChangeExclusions(pb.ChangeExclusionsRequest(user_id="ada", add=entries, allow_missing=True))
        assert await reason_of(call) == "FIELD_INVALID"


async def test_a_rebuild_is_tried_again_on_what_was_read_anew(scripted):
    vectors = iter([ServiceError(Reason.MODEL_VERSION_MISMATCH, "of another model")])
    scripted.answers["RecommendTracks"] = lambda request: next(vectors, None) or prototypes_pb2.RecommendTracksResponse()
    scripted.answers["RebuildProfile"] = refusing(2, profiles_pb2.RebuildProfileResponse())
    async with gateway_over(scripted) as stubs:
        await stubs.gateway.Recommend(pb.RecommendRequest(user_id="ada"))
    assert [call.etag for call in scripted.calls["RebuildProfile"]] == ["v0", "v1", "v2"]
