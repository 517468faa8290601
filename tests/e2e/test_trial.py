"""Two models side by side: each user has one, with a profile of its own making, and keeps it."""

import shutil

import pytest

from leitmotif import InvalidArgumentError, NotFoundError, Reason
from leitmotif.types import Arm
from leitmotif_services.workshop.ingest import ingest
from leitmotif_services.workshop.local_embedder import LocalEmbedder
from leitmotif_services.workshop.music_writing import TAGS_FILE
from tests.e2e.conftest import deploy

USERS = [f"listener-{number}" for number in range(24)]


@pytest.fixture(scope="module")
def models(composed, tmp_path_factory):
    """A folder with two bundles, and the version of the one with fewer prototypes."""
    folder = shutil.copytree(composed.models, tmp_path_factory.mktemp("trial") / "models")
    with LocalEmbedder(workers=1) as embedder:
        report = ingest(
            composed.music,
            embedder=embedder,
            models_root=folder,
            tags_csv=composed.music / TAGS_FILE,
            prototypes=10,
            seed=1,
        )
    return folder, report.model_version


@pytest.fixture(scope="module")
def deployment(models, tmp_path_factory):
    yield from deploy(tmp_path_factory.mktemp("deployment"), models[0])


@pytest.fixture
def other_version(client, composed, models):
    """The model to try; the composed one is active before and after the test, without a trial."""
    client.models.activate(composed.model_version)
    yield models[1]
    client.models.end_trial()
    client.models.activate(composed.model_version)


def arms(client):
    return {user_id: client.models.active(user_id).arm for user_id in USERS}


def test_each_user_has_one_model_and_a_profile_of_its_making(client, composed, other_version):
    for user_id in USERS:
        client.listen(user_id, composed.heard)
    before = {user_id: client.recommend(user_id).tracks for user_id in USERS}

    trial = client.models.start_trial(other_version, 0.5, "autumn")
    assert client.models.trial() == trial
    drawn = arms(client)
    assert set(drawn.values()) == {Arm.CONTROL, Arm.TRIAL}
    in_trial = set(client.models.active(next(u for u in USERS if drawn[u] is Arm.TRIAL)).prototype_ids)
    for user_id, arm in drawn.items():
        version = other_version if arm is Arm.TRIAL else composed.model_version
        ranking = client.recommend(user_id)
        assert (ranking.arm, ranking.model_version) == (arm, version)
        assert client.explain(user_id, ranking.tracks[0].track.track_id).model_version == version
        profile = client.profiles(user_id).get()
        assert (profile.model_version, profile.event_count) == (version, len(composed.heard))
        if arm is Arm.TRIAL:
            assert {weight.prototype_id for weight in profile.weights} == in_trial
        else:
            assert ranking.tracks == before[user_id]
        assert all(weight.label for weight in profile.weights)
        tried = client.what_if(user_id, boost=profile.weights[0].prototype_id)
        assert tried.model_version == version
    many = list(client.recommend_many(USERS))
    assert {ranking.user_id: ranking.arm for ranking in many} == drawn

    assert client.models.end_trial() is True
    assert client.models.end_trial() is False
    assert set(arms(client).values()) == {Arm.NONE}
    for user_id in USERS:
        ranking = client.recommend(user_id)
        assert (ranking.arm, ranking.model_version) == (Arm.NONE, composed.model_version)
        assert ranking.tracks == before[user_id]


def test_users_who_come_during_a_trial(client, composed, other_version):
    client.models.start_trial(other_version, 0.5, "newcomers")
    newcomers = [f"newcomer-{number}" for number in range(12)]
    for number, user_id in enumerate(newcomers):
        model = client.models.active(user_id)
        if number % 2:
            client.listen(user_id, composed.heard[:2])
        else:
            client.profiles(user_id).boost(model.prototype_ids[0], allow_missing=True)
        assert client.profiles(user_id).get().model_version == model.model_version
        assert client.recommend(user_id).model_version == model.model_version


def test_a_larger_share_keeps_those_of_a_smaller_one(client, other_version):
    client.models.start_trial(other_version, 0.25, "growth")
    few = {user_id for user_id, arm in arms(client).items() if arm is Arm.TRIAL}
    client.models.start_trial(other_version, 0.75, "growth")
    many = {user_id for user_id, arm in arms(client).items() if arm is Arm.TRIAL}
    assert few < many


def test_pages_go_on_when_a_trial_moves_their_user(client, composed, other_version):
    user_id = "reader"
    client.listen(user_id, composed.heard)
    pages = client.recommend_pages(user_id, 4, include_heard=True)
    given = [scored.track.track_id for scored in next(pages)]
    client.models.start_trial(other_version, 1.0, "everybody")
    assert client.recommend(user_id).arm is Arm.TRIAL  # and the profile is rebuilt
    given += [scored.track.track_id for page in pages for scored in page]
    assert sorted(given) == sorted(track.track_id for track in client.tracks.list())


def test_models_are_loaded_activated_and_rolled_back(client, composed, other_version):
    assert client.models.load(other_version).loaded
    assert client.models.activate(other_version).active
    assert client.models.roll_back().model_version == composed.model_version
    assert client.models.active().model_version == composed.model_version
    with pytest.raises(NotFoundError) as caught:
        client.models.start_trial("no-such-model", 0.5, "x")
    assert caught.value.reason is Reason.MODEL_NOT_FOUND
    with pytest.raises(InvalidArgumentError, match="active model"):
        client.models.start_trial(composed.model_version, 0.5, "x")
