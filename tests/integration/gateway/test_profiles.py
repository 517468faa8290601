"""Presets, watches, tenants, exports and another model through the gateway, over the real services and a real Redis."""

import asyncio
import json

import grpc
import pytest

from leitmotif.api.evaluation.v1 import evaluation_pb2
from leitmotif.api.gateway.v1 import gateway_pb2 as pb
from leitmotif.api.profiles.v1 import presets_pb2, profiles_pb2
from leitmotif.api.prototypes.v1 import models_pb2, prototypes_pb2
from leitmotif_services.runtime.errors import Reason, ServiceError
from tests.integration.gateway.gateway_process import once, refusal_of
from tests.integration.gateway.real_services import platform_over, shown, weights, with_keys
from tests.integration.gateway.scripted_services import Services, gateway_over

LIKE = profiles_pb2.EVENT_TYPE_LIKE
TENANT = "x-leitmotif-tenant"


async def listen(stubs, *track_ids, user_id="ada", **call):
    events = [{"event_id": f"e{n}-{track}", "track_id": track, "type": LIKE} for n, track in enumerate(track_ids)]
    return await stubs.gateway.RecordListening(pb.RecordListeningRequest(user_id=user_id, events=events), **call)


async def edit(stubs, *updates, user_id="ada", **fields):
    return await stubs.gateway.EditControls(pb.EditControlsRequest(user_id=user_id, updates=updates, **fields))


async def reason_of(call):
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return refusal_of(caught.value)[0]


async def test_a_preset_is_laid_over_one_request(stubs):
    await listen(stubs, "ada")
    focus = {"preset_id": "focus", "controls": [{"prototype_id": "calm", "edit": 4.0}]}
    await stubs.presets.SavePreset(presets_pb2.SavePresetRequest(user_id="ada", preset=focus))

    async def scores(**fields):
        request = pb.RecommendRequest(user_id="ada", include_heard=True, **fields)
        return {item.track.track_id: item.score for item in (await stubs.gateway.Recommend(request)).tracks}

    async def explained(**fields):
        return (await stubs.gateway.Explain(pb.ExplainRequest(user_id="ada", track_id="bix", **fields))).track.score

    async def what_if(**fields):
        request = pb.WhatIfRequest(user_id="ada", include_heard=True, **fields)
        request.changes.add(prototype_id="piano", action=profiles_pb2.CONTROL_ACTION_BOOST)
        compared = await stubs.gateway.WhatIf(request)
        return {item.track.track_id: item.score for item in compared.before}

    plain = await scores()
    for_one = await scores(preset={"preset_id": "focus", "share": 0.5})
    await edit(stubs, {"control": {"prototype_id": "calm", "edit": 2.0}})
    edited = await scores()
    assert edited == for_one != plain
    await stubs.gateway.EditControls(
        pb.EditControlsRequest(user_id="ada", changes=[{"prototype_id": "calm", "action": profiles_pb2.CONTROL_ACTION_RESET}])
    )
    half = {"preset_id": "focus", "share": 0.5}
    assert await explained(preset=half) == pytest.approx(for_one["bix"])
    assert await what_if(preset=half) == for_one

    await stubs.presets.ActivatePreset(presets_pb2.ActivatePresetRequest(user_id="ada", preset_id="focus", share=0.5))
    assert await scores() == await what_if() == for_one
    assert await scores(preset={}) == await what_if(preset={}) == plain
    assert await explained(preset={}) == pytest.approx(plain["bix"])
    assert await reason_of(scores(preset={"preset_id": "sleep"})) == "PRESET_NOT_FOUND"
    listed = await stubs.presets.ListPresets(presets_pb2.ListPresetsRequest(user_id="ada"))
    assert ([each.preset_id for each in listed.presets], listed.active.preset_id) == (["focus"], "focus")


async def test_controls_are_updated_by_mask(stubs):
    await listen(stubs, "ada")
    mask = {"paths": ["muted"]}
    edited = await edit(
        stubs,
        {"control": {"prototype_id": "piano", "edit": 1.5}},
        {"control": {"prototype_id": "piano", "edit": 3.0, "muted": True}, "update_mask": mask},
    )
    piano = next(each for each in edited.profile.weights if each.prototype_id == "piano")
    assert (piano.edit, piano.muted, piano.weight) == (1.5, True, 0.0)
    assert await reason_of(edit(stubs, {"control": {"prototype_id": "drums"}})) == "PROTOTYPE_NOT_FOUND"


async def test_an_update_of_a_prototype_that_is_newer_than_the_profile_rebuilds_it(platform, stubs):
    await listen(stubs, "ada")
    await edit(stubs, {"control": {"prototype_id": "piano", "edit": 1.0}}, {"control": {"prototype_id": "calm", "edit": 2.0}})
    version = platform.add_bundle(with_keys())
    await stubs.models.ActivateModel(models_pb2.ActivateModelRequest(model_version=version))
    edited = await edit(stubs, {"control": {"prototype_id": "keys", "pinned": True}, "update_mask": {"paths": ["pinned"]}})
    assert edited.profile.model_version == version
    # "keys" lies where "piano" lay, since the directions of both were registered; "calm" is there under its own name.
    found = {each.prototype_id: (each.edit, each.label, each.HasField("pinned_history")) for each in edited.profile.weights}
    assert found == {"keys": (1.0, "keys", True), "calm": (2.0, "calm", False)}
    assert edited.profile.event_count == 1


async def under_another_model(platform, stubs):
    """Ada's profile as it was when "keys" took the place of "piano"; returns it and the version of the model since."""
    await listen(stubs, "ada")
    before = await shown(stubs)
    version = platform.add_bundle(with_keys())
    await stubs.models.ActivateModel(models_pb2.ActivateModelRequest(model_version=version))
    return before, version


async def change_exclusions(stubs, add, **fields):
    return await stubs.gateway.ChangeExclusions(pb.ChangeExclusionsRequest(user_id="ada", add=add, **fields))


async def test_a_control_of_a_prototype_that_only_the_model_before_had_is_not_changed(platform, stubs):
    await under_another_model(platform, stubs)
    mute = {"control": {"prototype_id": "piano", "muted": True}, "update_mask": {"paths": ["muted"]}}
    assert await reason_of(edit(stubs, mute)) == "PROTOTYPE_NOT_FOUND"
    assert await reason_of(stubs.gateway.WhatIf(pb.WhatIfRequest(user_id="ada", updates=[mute]))) == "PROTOTYPE_NOT_FOUND"
    assert not (await shown(stubs)).can_undo


@pytest.mark.parametrize("guarded", [False, True])
@pytest.mark.parametrize("counting", [False, True])
async def test_exclusions_are_changed_in_a_profile_of_the_model_that_answers(platform, stubs, guarded, counting):
    before, version = await under_another_model(platform, stubs)
    add = {"uncounted_track_ids": ["ada"]} if counting else {"hidden_track_ids": ["ada"]}
    changed = await change_exclusions(stubs, add, etag=before.etag if guarded else "")
    assert (changed.profile.model_version, changed.profile.event_count) == (version, 0 if counting else 1)
    assert changed.profile.exclusion_count == 1


async def test_a_rebuild_does_not_turn_the_callers_etag_stale(platform, stubs):
    before, version = await under_another_model(platform, stubs)
    calm = {"control": {"prototype_id": "calm", "edit": 1.0}, "update_mask": {"paths": ["edit"]}}
    edited = await edit(stubs, calm, etag=before.etag, request_id="r")
    assert (edited.profile.model_version, edited.profile.event_count) == (version, 1)
    # The caller, whose first answer was lost, repeats the call as it was.
    again = await edit(stubs, calm, etag=before.etag, request_id="r")
    assert (again.edit.sequence, again.profile.etag) == (1, edited.profile.etag)
    assert await reason_of(edit(stubs, calm, etag=before.etag)) == "ETAG_MISMATCH"


async def test_a_stale_etag_is_refused_after_a_model_change_and_nothing_is_rebuilt(platform, stubs):
    await listen(stubs, "ada")
    stale = (await shown(stubs)).etag
    await listen(stubs, "bix")
    before, _ = await under_another_model(platform, stubs)
    calm = {"control": {"prototype_id": "calm", "edit": 1.0}}
    assert await reason_of(edit(stubs, calm, etag=stale)) == "ETAG_MISMATCH"
    for add in ({"hidden_track_ids": ["ada"]}, {"uncounted_track_ids": ["ada"]}):
        assert await reason_of(change_exclusions(stubs, add, etag=stale)) == "ETAG_MISMATCH"
    assert (await shown(stubs)).etag == before.etag


async def test_a_profile_is_made_under_the_model_that_answers(platform, stubs):
    first = (await stubs.models.GetModel(models_pb2.GetModelRequest())).model.model_version
    for version in (platform.add_bundle(with_keys()), first):
        await stubs.models.ActivateModel(models_pb2.ActivateModelRequest(model_version=version))
        calm = {"control": {"prototype_id": "calm", "edit": 1.0}}
        edited = await edit(stubs, calm, user_id=f"e-{version}", allow_missing=True)
        changed = await stubs.gateway.ChangeExclusions(
            pb.ChangeExclusionsRequest(user_id=f"x-{version}", add={"hidden_artists": ["Ada"]}, allow_missing=True)
        )
        assert (edited.profile.model_version, changed.profile.model_version) == (version, version)


async def test_a_rename_reaches_the_profiles(stubs):
    await listen(stubs, "ada")

    async def label(expected):
        return {each.label for each in (await shown(stubs)).weights} == expected

    await once(lambda: label({"piano", "calm"}))
    for name in ("still", "quiet"):
        await stubs.prototypes.UpdatePrototype(
            prototypes_pb2.UpdatePrototypeRequest(
                prototype={"prototype_id": "calm", "label": name}, update_mask={"paths": ["label"]}
            )
        )
        await once(lambda name=name: label({"piano", name}))
    exported = await stubs.profiles.ExportProfile(profiles_pb2.ExportProfileRequest(user_id="ada"))
    assert "quiet" in exported.json


async def test_the_model_that_was_activated_last_is_the_one_that_profiles_are_made_under(platform, stubs):
    first = (await stubs.models.GetModel(models_pb2.GetModelRequest())).model.model_version
    second = platform.add_bundle(with_keys())

    async def made_under(version):
        # Registered beside the call that activated the model, so at once but not before that answers.
        user_id = f"user-{len(tried)}"
        tried.append(user_id)
        edited = await edit(stubs, {"control": {"prototype_id": "calm", "edit": 1.0}}, user_id=user_id, allow_missing=True)
        return edited.profile.model_version == version

    tried = []
    await stubs.models.ActivateModel(models_pb2.ActivateModelRequest(model_version=second))
    await once(lambda: made_under(second))
    await stubs.models.RollBackModel(models_pb2.RollBackModelRequest())
    await once(lambda: made_under(first))


async def test_renames_in_a_row_are_registered_as_one_and_a_failure_is_logged(caplog):
    services, entered, release = Services(), asyncio.Event(), asyncio.Event()

    async def described(request):
        entered.set()
        await release.wait()
        return models_pb2.GetModelResponse(
            model={"model_version": "m", "encoder_id": "enc"},
            prototype_ids=["a", "b"],
            labels=["a", "b" * 300],
            directions={"values": bytes(16), "dimension": 2},
        )

    services.answers["GetModel"] = described
    rename = prototypes_pb2.UpdatePrototypeRequest()
    async with gateway_over(services) as stubs:
        await stubs.prototypes.UpdatePrototype(rename)
        await entered.wait()
        for _ in range(20):
            await stubs.prototypes.UpdatePrototype(rename)
        release.set()
        await once(lambda: asyncio.sleep(0, len(services.calls.get("RegisterPrototypeSpace", ())) == 2))
        assert services.calls["RegisterPrototypeSpace"][0] == profiles_pb2.RegisterPrototypeSpaceRequest(
            model_version="m",
            prototype_ids=["a", "b"],
            labels=["a", "b" * 256],
            directions={"values": bytes(16), "dimension": 2},
            encoder_id="enc",
        )
        services.answers["RegisterPrototypeSpace"] = ServiceError(Reason.STORE_UNAVAILABLE, "Redis is away")
        await stubs.prototypes.UpdatePrototype(rename)  # which succeeds all the same
        await once(lambda: asyncio.sleep(0, "Redis is away" in caplog.text))
    assert len(services.calls["RegisterPrototypeSpace"]) == 3


async def test_directions_that_are_too_large_are_left_out():
    services = Services()
    asked = []

    def described(request):
        asked.append(request.include_prototypes)
        if request.include_prototypes:
            return ServiceError(Reason.LIMIT_EXCEEDED, "too large")
        return models_pb2.GetModelResponse(model={"model_version": "m", "encoder_id": "enc"}, prototype_ids=["a"])

    services.answers["GetModel"] = described
    async with gateway_over(services) as stubs:
        await stubs.prototypes.UpdatePrototype(prototypes_pb2.UpdatePrototypeRequest())
        await once(lambda: asyncio.sleep(0, "RegisterPrototypeSpace" in services.calls))
    assert asked == [True, False]
    assert services.calls["RegisterPrototypeSpace"] == [
        profiles_pb2.RegisterPrototypeSpaceRequest(model_version="m", prototype_ids=["a"])
    ]


async def test_two_devices_agree_within_a_second(platform, stubs):
    async with platform.gateway() as other:
        await listen(stubs, "ada")
        watch = other.profiles.WatchProfile(profiles_pb2.WatchProfileRequest(user_id="ada"))
        first = (await watch.read()).profile
        assert first.event_count == 1
        edited = await edit(stubs, {"control": {"prototype_id": "calm", "edit": 1.0}})
        assert (await asyncio.wait_for(watch.read(), 1.0)).profile.etag == edited.profile.etag
        await stubs.profiles.DeleteProfile(profiles_pb2.DeleteProfileRequest(user_id="ada"))
        assert (await asyncio.wait_for(watch.read(), 1.0)).deleted
        watch.cancel()


async def test_watches_of_profiles_take_places_of_their_own_and_give_them_back(tmp_path, empty_redis_url):
    settings = {"MAX_CONCURRENT_WATCHES": 3, "MAX_CONCURRENT_STREAMS": 1, "MAX_CONCURRENT_CALLS": 2}
    places = {"MAX_CONCURRENT_WATCHES": 3}
    async with platform_over(tmp_path / "models", empty_redis_url, **places) as platform, platform.gateway(**settings) as stubs:
        await listen(stubs, "ada")
        request = profiles_pb2.WatchProfileRequest(user_id="ada")

        async def opened():
            call = stubs.profiles.WatchProfile(request)
            assert (await call.read()).profile.event_count == 1
            return call

        watches = [await opened() for _ in range(3)]
        for call in (
            stubs.profiles.WatchProfile(request),
            stubs.evaluation.WatchJob(evaluation_pb2.WatchJobRequest(job_id="j")),
        ):
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await call.read()
            assert refusal_of(caught.value)[1]["bound"] == "watches"
        await listen(stubs, "ada")
        exemplar = stubs.prototypes.ReadExemplar(prototypes_pb2.ReadExemplarRequest(prototype_id="piano"))
        assert (await exemplar.read()).mime_type == "audio/ogg"
        exemplar.cancel()
        watches.pop().cancel()

        async def another():
            try:
                watches.append(await opened())
            except grpc.aio.AioRpcError:
                return False
            return True

        await once(another)  # at the gateway, and at the profiles service behind it
        for watch in watches:
            watch.cancel()


async def test_tenants_do_not_see_each_other(platform):
    async with platform.gateway(TENANT="red") as red, platform.gateway(TENANT="blue") as blue, platform.gateway() as plain:
        await listen(red, "ada")
        claimed = ((TENANT, "red"),)
        for stubs in (blue, plain):
            for call in (
                stubs.gateway.Recommend(pb.RecommendRequest(user_id="ada"), metadata=claimed),
                stubs.gateway.DescribeProfile(pb.DescribeProfileRequest(user_id="ada"), metadata=claimed),
                stubs.gateway.ChangeExclusions(
                    pb.ChangeExclusionsRequest(user_id="ada", add={"uncounted_artists": ["Ada"]}), metadata=claimed
                ),
                stubs.profiles.ListEvents(profiles_pb2.ListEventsRequest(user_id="ada"), metadata=claimed),
                stubs.profiles.ExportProfile(profiles_pb2.ExportProfileRequest(user_id="ada"), metadata=claimed),
                stubs.presets.ListPresets(presets_pb2.ListPresetsRequest(user_id="ada"), metadata=claimed),
            ):
                assert await reason_of(call) == "PROFILE_NOT_FOUND"
            watch = stubs.profiles.WatchProfile(profiles_pb2.WatchProfileRequest(user_id="ada"), metadata=claimed)
            assert (await watch.read()).deleted
            watch.cancel()
            erased = await stubs.profiles.DeleteProfile(profiles_pb2.DeleteProfileRequest(user_id="ada"), metadata=claimed)
            assert not erased.existed
        await listen(blue, "bix", "cab", metadata=claimed)
        assert ((await shown(red)).event_count, (await shown(blue)).event_count) == (1, 2)


async def exported(stubs, user_id="ada"):
    return (await stubs.profiles.ExportProfile(profiles_pb2.ExportProfileRequest(user_id=user_id))).json


async def test_what_was_exported_is_put_in_place_whoever_had_it(stubs):
    await listen(stubs, "ada", "bix")
    await edit(stubs, {"control": {"prototype_id": "calm", "edit": 1.5}})
    document = await exported(stubs)
    imported = await stubs.gateway.ImportProfile(pb.ImportProfileRequest(user_id="bob", json=document))
    assert weights(imported.profile) == weights(await shown(stubs))
    assert (imported.profile.user_id, imported.profile.event_count) == ("bob", 2)
    call = stubs.gateway.ImportProfile(pb.ImportProfileRequest(user_id="bob", json=document))
    assert await reason_of(call) == "PROFILE_EXISTS"
    await stubs.gateway.ImportProfile(pb.ImportProfileRequest(user_id="bob", json=document, replace=True))
    for damaged in ("", "{", document.replace("leitmotif.profile/2", "leitmotif.profile/9")):
        call = stubs.gateway.ImportProfile(pb.ImportProfileRequest(user_id="eve", json=damaged))
        assert await reason_of(call) == "EXPORT_UNREADABLE"


async def test_an_export_of_a_model_that_is_unknown_here_is_rebuilt(platform, stubs):
    await listen(stubs, "ada", "bix", "bix")
    await edit(stubs, {"control": {"prototype_id": "calm", "edit": 1.5}})
    before = await shown(stubs)
    document = (await exported(stubs)).replace(before.model_version, "another-model")
    assert json.loads(document)
    imported = await stubs.gateway.ImportProfile(pb.ImportProfileRequest(user_id="bob", json=document))
    assert imported.profile.model_version == before.model_version
    assert imported.profile.event_count == 3
    expected = {name: pytest.approx(value, abs=1e-9) for name, value in weights(before).items()}
    assert weights(imported.profile) == expected
    assert weights(await shown(stubs, "bob")) == expected


async def test_an_export_of_an_earlier_model_is_carried_over(platform, stubs):
    await listen(stubs, "ada")
    await edit(stubs, {"control": {"prototype_id": "piano", "edit": -1.0}}, {"control": {"prototype_id": "calm", "edit": 1.5}})
    document = await exported(stubs)
    version = platform.add_bundle(with_keys())
    await stubs.models.ActivateModel(models_pb2.ActivateModelRequest(model_version=version))
    imported = await stubs.gateway.ImportProfile(pb.ImportProfileRequest(user_id="bob", json=document))
    assert imported.profile.model_version == version
    assert {name: value[1] for name, value in weights(imported.profile).items()} == {"keys": -1.0, "calm": 1.5}
    [carried] = imported.carried
    assert (carried.from_prototype_id, carried.to_prototype_id) == ("piano", "keys")
    assert carried.similarity == pytest.approx(1.0)
    assert list(imported.dropped_prototype_ids) == []


async def test_an_import_of_many_megabytes_passes_the_gateway(stubs):
    document = json.dumps({"schema": "leitmotif.profile/2", "padding": "x" * (15 << 20)})
    call = stubs.gateway.ImportProfile(pb.ImportProfileRequest(user_id="bob", json=document))
    assert await reason_of(call) in ("EXPORT_UNREADABLE", "FIELD_INVALID")
    call = stubs.gateway.ImportProfile(pb.ImportProfileRequest(user_id="bob", json="x" * ((16 << 20) + 1)))
    assert await reason_of(call) == "LIMIT_EXCEEDED"


async def test_erasure_leaves_a_receipt(stubs):
    await listen(stubs, "ada")
    erased = await stubs.profiles.DeleteProfile(profiles_pb2.DeleteProfileRequest(user_id="ada", verify=True))
    assert erased.existed
    assert (erased.receipt.user_id, erased.receipt.remaining_keys) == ("ada", 0)
