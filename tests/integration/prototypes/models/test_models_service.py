"""Which models are in memory and which answers whom, over real gRPC: loading, rolling back, trials, and under traffic."""

import asyncio
import dataclasses
import json
import shutil

import grpc
import pytest

from leitmotif.api.prototypes.v1 import models_pb2 as pb2
from leitmotif.api.prototypes.v1 import prototypes_pb2
from leitmotif_services.prototypes.bundle_writing import write_bundle
from leitmotif_services.prototypes.models.active_pointer import EARLIER_LIMIT
from leitmotif_services.prototypes.models.trial import draw
from tests.integration.prototypes.running_service import Service, refusal, vector
from tests.unit.prototypes.sample_models import by_hand, retitled

USERS = [f"user-{number}" for number in range(60)]


@pytest.fixture
def versions(service: Service, version: str) -> list[str]:
    """The model that answers and three more."""
    others = [write_bundle(retitled(by_hand(), "!" * n), service.root, encoder_artifact=None).name for n in (1, 2, 3)]
    return [version, *others]


async def load(service: Service, version: str) -> pb2.Model:
    return (await service.models.LoadModel(pb2.LoadModelRequest(model_version=version))).model


async def activate(service: Service, version: str) -> pb2.Model:
    return (await service.models.ActivateModel(pb2.ActivateModelRequest(model_version=version))).model


async def roll_back(service: Service) -> str:
    return (await service.models.RollBackModel(pb2.RollBackModelRequest())).model.model_version


async def start_trial(service: Service, version: str, share: float, name: str = "spring") -> pb2.Trial:
    return (await service.models.StartTrial(pb2.StartTrialRequest(model_version=version, share=share, name=name))).trial


async def answering(service: Service, user_id: str = "") -> tuple[str, int]:
    response = await service.models.GetModel(pb2.GetModelRequest(user_id=user_id))
    return response.model.model_version, response.arm


async def loaded(service: Service) -> set[str]:
    listed = (await service.models.ListModels(pb2.ListModelsRequest())).models
    return {model.model_version for model in listed if model.loaded}


def damage(service: Service, version: str) -> None:
    path = service.root / version / "catalogue.jsonl"
    path.write_bytes(path.read_bytes().replace(b"Bix", b"Box"))


async def test_at_most_two_are_loaded_and_the_active_one_always(service: Service, versions: list[str]) -> None:
    first, second, third, fourth = versions
    assert await loaded(service) == {first}
    model = await load(service, second)
    assert (model.model_version, model.loaded, model.active, model.track_count) == (second, True, False, 3)
    assert await loaded(service) == {first, second}
    await load(service, third)
    assert await loaded(service) == {first, third}
    assert (await load(service, first)).active
    await activate(service, third)
    assert await loaded(service) == {first, third}
    await activate(service, fourth)
    assert await loaded(service) == {third, fourth}


async def test_a_loaded_bundle_is_not_read_again(service: Service, versions: list[str]) -> None:
    await load(service, versions[1])
    damage(service, versions[1])
    assert (await activate(service, versions[1])).active


async def test_a_bundle_that_does_not_verify_is_not_loaded(service: Service, versions: list[str]) -> None:
    damage(service, versions[1])
    for call in (
        service.models.LoadModel(pb2.LoadModelRequest(model_version=versions[1])),
        service.models.ActivateModel(pb2.ActivateModelRequest(model_version=versions[1])),
        service.models.StartTrial(pb2.StartTrialRequest(model_version=versions[1], share=0.5, name="x")),
    ):
        refused = await refusal(call)
        assert (refused.code, refused.reason) == (grpc.StatusCode.DATA_LOSS, "BUNDLE_CORRUPT")
        assert refused.metadata == {"file": "catalogue.jsonl"}
    assert await answering(service, "ada") == (versions[0], pb2.ARM_UNSPECIFIED)


async def test_rolling_back_goes_back_step_by_step_and_outlives_a_restart(service: Service, versions: list[str]) -> None:
    refused = await refusal(service.models.RollBackModel(pb2.RollBackModelRequest()))
    assert (refused.code, refused.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "NO_EARLIER_MODEL")
    for version in versions[1:]:
        await activate(service, version)
    await activate(service, versions[3])  # again: no step of its own
    await service.restart()
    assert [await roll_back(service) for _ in range(3)] == versions[2::-1]
    assert (await refusal(service.models.RollBackModel(pb2.RollBackModelRequest()))).reason == "NO_EARLIER_MODEL"
    await service.restart()
    assert await answering(service) == (versions[0], pb2.ARM_UNSPECIFIED)


async def test_what_can_be_rolled_back_is_bounded(service: Service, versions: list[str]) -> None:
    for turn in range(2 * EARLIER_LIMIT):
        await activate(service, versions[(turn + 1) % 4])
    earlier = json.loads((service.root / "active.json").read_bytes())["earlier"]
    assert len(earlier) <= EARLIER_LIMIT
    assert earlier[0] == versions[(2 * EARLIER_LIMIT - 1) % 4]


async def test_an_earlier_bundle_that_has_gone_is_told_and_nothing_changes(service: Service, versions: list[str]) -> None:
    await activate(service, versions[1])
    await activate(service, versions[2])
    shutil.rmtree(service.root / versions[1])
    for _ in range(2):
        assert (await refusal(service.models.RollBackModel(pb2.RollBackModelRequest()))).reason == "MODEL_NOT_FOUND"
    assert await answering(service) == (versions[2], pb2.ARM_UNSPECIFIED)


async def test_a_trial_answers_its_share_and_keeps_it_over_a_restart(service: Service, versions: list[str]) -> None:
    trial = await start_trial(service, versions[1], 0.3)
    assert (trial.model_version, trial.share, trial.name) == (versions[1], 0.3, "spring")
    assert trial.started_at.seconds > 0
    for _ in range(2):
        for user in USERS:
            on_trial = draw("spring", user) < 0.3
            expected = (versions[1], pb2.ARM_TRIAL) if on_trial else (versions[0], pb2.ARM_CONTROL)
            assert await answering(service, user) == expected
        assert await answering(service) == (versions[0], pb2.ARM_UNSPECIFIED)
        listed = await service.models.ListModels(pb2.ListModelsRequest())
        assert listed.trial == trial
        assert {model.model_version for model in listed.models if model.active} == {versions[0]}
        await service.restart()
    assert (await service.models.EndTrial(pb2.EndTrialRequest())).ended
    assert not (await service.models.EndTrial(pb2.EndTrialRequest())).ended
    for _ in range(2):
        assert await answering(service, USERS[0]) == (versions[0], pb2.ARM_UNSPECIFIED)
        assert not (await service.models.ListModels(pb2.ListModelsRequest())).HasField("trial")
        await service.restart()


async def test_a_trial_is_replaced_and_keeps_its_users(service: Service, versions: list[str]) -> None:
    await start_trial(service, versions[1], 0.2)
    await start_trial(service, versions[2], 0.6)
    assert await loaded(service) == {versions[0], versions[2]}
    for user in USERS:
        assert ((await answering(service, user))[1] == pb2.ARM_TRIAL) == (draw("spring", user) < 0.6)
    refused = await refusal(service.models.LoadModel(pb2.LoadModelRequest(model_version=versions[3])))
    assert (refused.code, refused.reason, refused.fields) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "FIELD_INVALID",
        ["model_version"],
    )
    damage(service, versions[3])
    for call in (
        service.models.ActivateModel(pb2.ActivateModelRequest(model_version=versions[3])),
        service.models.StartTrial(pb2.StartTrialRequest(model_version=versions[3], share=0.5, name="x")),
    ):
        assert (await refusal(call)).reason == "BUNDLE_CORRUPT"
        assert await loaded(service) == {versions[0], versions[2]}
        assert await answering(service, min(USERS, key=lambda user: draw("spring", user))) == (versions[2], pb2.ARM_TRIAL)


async def test_activating_ends_the_trial(service: Service, versions: list[str]) -> None:
    await start_trial(service, versions[1], 1.0)
    assert await answering(service, "ada") == (versions[1], pb2.ARM_TRIAL)
    await activate(service, versions[1])
    assert await answering(service, "ada") == (versions[1], pb2.ARM_UNSPECIFIED)
    assert await roll_back(service) == versions[0]


async def test_a_trial_whose_bundle_has_gone_is_not_taken_up(service: Service, versions: list[str]) -> None:
    await start_trial(service, versions[1], 1.0)
    shutil.rmtree(service.root / versions[1])
    assert await answering(service, "ada") == (versions[1], pb2.ARM_TRIAL)  # it is in memory
    await service.restart()
    assert await answering(service, "ada") == (versions[0], pb2.ARM_UNSPECIFIED)


@pytest.mark.parametrize("share", [0.0, -0.5, 1.5, float("nan"), float("inf")])
async def test_a_share_that_is_none(service: Service, versions: list[str], share: float) -> None:
    refused = await refusal(
        service.models.StartTrial(pb2.StartTrialRequest(model_version=versions[1], share=share, name="spring"))
    )
    assert (refused.reason, refused.fields) == ("FIELD_INVALID", ["share"])


async def test_trials_that_cannot_be(service: Service, versions: list[str]) -> None:
    for version, name, reason, fields in (
        (versions[0], "spring", "FIELD_INVALID", ["model_version"]),
        ("0" * 16, "spring", "MODEL_NOT_FOUND", []),
        ("../x", "spring", "FIELD_INVALID", ["model_version"]),
        (versions[1], "", "FIELD_INVALID", ["name"]),
        (versions[1], "two words", "FIELD_INVALID", ["name"]),
    ):
        refused = await refusal(service.models.StartTrial(pb2.StartTrialRequest(model_version=version, share=0.5, name=name)))
        assert (refused.reason, refused.fields) == (reason, fields)
    assert (await refusal(service.models.LoadModel(pb2.LoadModelRequest(model_version="0" * 16)))).reason == "MODEL_NOT_FOUND"
    assert (await refusal(service.models.GetModel(pb2.GetModelRequest(user_id="a b")))).fields == ["user_id"]


async def test_without_a_model(empty_service: Service) -> None:
    models = empty_service.models
    for call in (
        models.RollBackModel(pb2.RollBackModelRequest()),
        models.StartTrial(pb2.StartTrialRequest(model_version="a", share=0.5, name="x")),
        models.EndTrial(pb2.EndTrialRequest()),
        models.GetModel(pb2.GetModelRequest(user_id="ada")),
    ):
        assert (await refusal(call)).reason == "MODEL_NOT_LOADED"
    version = write_bundle(by_hand(), empty_service.root, encoder_artifact=None).name
    assert (await load(empty_service, version)).active  # there was none to load it beside


async def test_an_active_bundle_whose_folder_has_gone_is_served_on(service: Service, version: str) -> None:
    shutil.rmtree(service.root / version)
    assert await answering(service) == (version, pb2.ARM_UNSPECIFIED)
    [model] = (await service.models.ListModels(pb2.ListModelsRequest())).models
    assert (model.model_version, model.active) == (version, True)
    request = prototypes_pb2.RecommendTracksRequest(profile=vector(version, (1, 1)))
    assert len((await service.stub.RecommendTracks(request)).tracks) == 3
    call = service.stub.ReadExemplar(prototypes_pb2.ReadExemplarRequest(prototype_id="piano"))
    assert (await refusal(call.read())).reason == "BUNDLE_CORRUPT"


async def test_under_traffic_every_answer_is_of_one_version_and_of_its_arm(service: Service, version: str) -> None:
    """16 callers while models are activated, rolled back and tried: no call fails, and an arm is never of the other model.

    The second version took over the prototypes of the first, so that both take the same profiles, and has other titles.
    """
    successor = dataclasses.replace(retitled(by_hand(), "!"), taken_over_from=version)
    first, second = version, write_bundle(successor, service.root, encoder_artifact=None).name
    changing = True
    seen: set[tuple[str, int]] = set()

    async def listen(user: str) -> None:
        arm = pb2.ARM_TRIAL if draw("spring", user) < 0.5 else pb2.ARM_CONTROL
        request = prototypes_pb2.RecommendTracksRequest(profile=vector(version, (1, 1)), user_id=user)
        while changing:
            response = await service.stub.RecommendTracks(request)
            answered = response.model_version
            assert answered in (first, second)
            assert {item.track.title.endswith("!") for item in response.tracks} == {answered == second}
            # Only `second` is ever tried, against `first`: a user of the trial's arm is answered by it, and no one else.
            assert response.arm in (pb2.ARM_UNSPECIFIED, arm)
            if response.arm != pb2.ARM_UNSPECIFIED:
                assert answered == (second if arm == pb2.ARM_TRIAL else first)
            seen.add((answered, response.arm))

    callers = [asyncio.create_task(listen(user)) for user in USERS[:16]]
    for _ in range(12):
        await start_trial(service, second, 0.5)
        await activate(service, second)
        assert await roll_back(service) == first
        await start_trial(service, second, 0.5)
        await service.models.EndTrial(pb2.EndTrialRequest())
    await start_trial(service, second, 0.5)
    while not {(first, pb2.ARM_CONTROL), (second, pb2.ARM_TRIAL)} <= seen:
        for caller in callers:
            assert not caller.done() or caller.exception() is None
        await answering(service)
    changing = False
    await asyncio.gather(*callers)
