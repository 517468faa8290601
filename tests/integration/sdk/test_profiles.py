"""Presets, exclusions, imports and watches: what goes over the wire, and what a watch survives."""

from datetime import UTC, datetime, timedelta

import grpc
import pytest

from leitmotif import AlreadyExistsError, ControlUpdate, DeadlineExceededError, UnavailableError
from leitmotif.api.gateway.v1 import gateway_pb2
from leitmotif.api.profiles.v1 import presets_pb2, profiles_pb2
from leitmotif.types import Exclusions, PresetControl, TimeRange
from leitmotif_services.runtime.errors import Reason, ServiceError

GONE = ServiceError(Reason.STORE_UNAVAILABLE, "gone", retry_after_s=0.001)


def state(etag):
    if not etag:
        return profiles_pb2.WatchProfileResponse(deleted=True)
    return profiles_pb2.WatchProfileResponse(profile=profiles_pb2.Profile(user_id="ada", etag=etag))


@pytest.fixture
def profile(client):
    return client.profiles("ada", actor="test")


def test_a_watch_goes_on_behind_what_it_has_seen(profile, peer, first):
    streams = iter([[state("1"), state("2"), GONE], [grpc.StatusCode.UNAVAILABLE], [state(""), GONE], [state(""), state("3")]])
    peer.answer("WatchProfile", lambda request: next(streams))
    seen = [each and each.etag for each in first(profile.watch(), 4)]
    assert seen == ["1", "2", None, "3"]
    assert [call.request.etag for call in peer.calls_of("WatchProfile")] == ["", "2", "2", ""]


def test_a_watch_begins_behind_the_etag_of_the_caller(profile, peer, first):
    peer.answer("WatchProfile", [state("8")])
    first(profile.watch(etag="7"), 1)
    assert peer.calls_of("WatchProfile")[0].request.etag == "7"


def test_a_watch_gives_up_when_nothing_comes_any_more(profile, peer):
    peer.fail("WatchProfile", GONE, times=100)
    with pytest.raises(UnavailableError):
        list(profile.watch())
    assert len(peer.calls_of("WatchProfile")) == 4


def test_a_watch_can_be_bounded(profile, peer):
    peer.answer("WatchProfile", lambda request, context: iter([peer.wait_for_client(request, context)]))
    with pytest.raises(DeadlineExceededError):
        list(profile.watch(timeout_s=0.3))


def test_a_watch_that_is_left_is_cancelled(profile, peer, first):
    def endless(request, context):
        peer.notice_departure(context)
        yield state("1")
        peer.gone.wait(30)

    peer.answer("WatchProfile", endless)
    first(profile.watch(), 1)
    assert peer.gone.wait(10)


def test_updates_go_with_changes_in_one_edit(profile, peer):
    profile.edit(updates=[ControlUpdate("calm", edit=1.5, muted=False)], reason="slider")
    (call,) = peer.calls_of("EditControls")
    (update,) = call.request.updates
    assert (update.control.prototype_id, update.control.edit, update.control.muted) == ("calm", 1.5, False)
    assert list(update.update_mask.paths) == ["edit", "muted"]
    assert (call.request.actor, call.request.reason) == ("test", "slider")


def test_a_named_edit_is_undone(profile, peer):
    profile.undo(7)
    profile.redo(7)
    assert peer.calls_of("UndoEdit")[0].request.sequence == peer.calls_of("RedoEdit")[0].request.sequence == 7


def test_a_preset_for_a_time(profile, peer):
    profile.presets.activate("focus", share=0.5, duration=timedelta(minutes=90))
    (call,) = peer.calls_of("ActivatePreset")
    assert (call.request.preset_id, call.request.share, call.request.duration.seconds) == ("focus", 0.5, 5400)
    profile.presets.activate("focus")
    last = peer.calls_of("ActivatePreset")[-1].request
    assert not last.HasField("share")
    assert not last.HasField("duration")


def test_presets_are_saved_whole_renamed_and_taken_from_the_present(profile, peer):
    peer.answer("SavePreset", lambda request: presets_pb2.SavePresetResponse(preset=request.preset))
    saved = profile.presets.save("sleep", [PresetControl("loud", muted=True)], label="Sleep")
    assert (saved.preset_id, saved.label, saved.controls) == ("sleep", "Sleep", (PresetControl("loud", 0.0, True),))
    profile.presets.rename("sleep", "Night")
    profile.presets.save_present("now")
    whole, renamed, present = (call.request for call in peer.calls_of("SavePreset"))
    assert not whole.HasField("update_mask")
    assert list(renamed.update_mask.paths) == ["label"]
    assert (present.from_present_controls, len(present.preset.controls)) == (True, 0)


def test_a_preset_of_one_request(client, peer):
    client.recommend("ada", preset="focus", preset_share=0.25)
    client.what_if("ada", boost="calm", preset="")
    client.explain("ada", "t")
    assert peer.calls_of("Recommend")[0].request.preset == profiles_pb2.AppliedPreset(preset_id="focus", share=0.25)
    assert peer.calls_of("WhatIf")[0].request.HasField("preset")
    assert not peer.calls_of("Explain")[0].request.HasField("preset")
    with pytest.raises(ValueError, match="needs a preset"):
        client.recommend("ada", preset_share=0.5)


def test_exclusions_are_added_and_removed(profile, peer):
    stretch = TimeRange(datetime(2026, 1, 1, tzinfo=UTC), None)
    peer.answer(
        "ChangeExclusions", lambda request: gateway_pb2.ChangeExclusionsResponse(exclusions=request.add, profile={"etag": "2"})
    )
    changed = profile.exclusions.keep_out(tracks=["t"], artists=["Bix"], ranges=[stretch])
    assert changed.exclusions == Exclusions(uncounted_track_ids=("t",), uncounted_artists=("Bix",), uncounted_ranges=(stretch,))
    assert changed.profile.etag == "2"
    profile.exclusions.count(ranges=[stretch])
    removed = peer.calls_of("ChangeExclusions")[-1].request.remove
    assert (len(removed.uncounted_ranges), removed.uncounted_ranges[0].HasField("end")) == (1, False)


def test_a_document_is_imported_as_it_is_or_as_an_object(profile, peer):
    profile.import_('{"schema": "leitmotif.profile/2"}')
    profile.import_({"schema": "leitmotif.profile/2"}, replace=True, etag="1")
    text, object_ = (call.request for call in peer.calls_of("ImportProfile"))
    assert text.json == object_.json
    assert (object_.replace, object_.etag) == (True, "1")
    peer.fail("ImportProfile", ServiceError(Reason.PROFILE_EXISTS, "there is one", current_etag="9"))
    with pytest.raises(AlreadyExistsError) as caught:
        profile.import_("{}")
    assert caught.value.reason == "PROFILE_EXISTS"


def test_an_erasure_is_true_where_there_was_something(profile, peer):
    peer.answer("DeleteProfile", profiles_pb2.DeleteProfileResponse(existed=True, receipt={"receipt_id": "r", "erased_keys": 5}))
    erased = profile.delete(verify=True)
    assert (bool(erased), erased.receipt_id, erased.scanned_keys, erased.remaining_keys) == (True, "r", None, None)
    assert peer.calls_of("DeleteProfile")[0].request.verify
    peer.answer("DeleteProfile", profiles_pb2.DeleteProfileResponse())
    assert not profile.delete()
