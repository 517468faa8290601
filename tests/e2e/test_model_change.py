"""Another model is activated under the users' feet: profiles are rebuilt from what was heard, and edits carry over by id."""

import threading
import uuid

import pytest

from leitmotif import Client, NotFoundError
from leitmotif_services.workshop.ingest import ingest
from leitmotif_services.workshop.local_embedder import LocalEmbedder
from leitmotif_services.workshop.music_writing import TAGS_FILE


@pytest.fixture(scope="module")
def other_version(composed):
    """A second bundle over the same music, with fewer prototypes."""
    with LocalEmbedder(workers=1) as embedder:
        report = ingest(
            composed.music,
            embedder=embedder,
            models_root=composed.models,
            tags_csv=composed.music / TAGS_FILE,
            prototypes=10,
            seed=1,
        )
    assert report.reused == report.tracks
    assert report.model_version != composed.model_version
    return report.model_version


@pytest.fixture
def both_versions(client, composed, other_version):
    """(the model that answers, the other one); the first answers again behind the test."""
    client.models.activate(composed.model_version)
    yield composed.model_version, other_version
    client.models.activate(composed.model_version)


@pytest.fixture
def listener(client, composed, both_versions):
    user_id = f"user-{uuid.uuid4().hex[:8]}"
    client.listen(user_id, composed.heard)
    return user_id


def test_a_profile_follows_the_model_and_back(client, listener, both_versions, composed):
    first, second = both_versions
    profile = client.profiles(listener)
    in_first = {prototype.prototype_id for prototype in client.prototypes.list()}
    before, ranking = profile.get(), client.recommend(listener)
    client.models.activate(second)
    in_second = {prototype.prototype_id for prototype in client.prototypes.list()}
    kept = sorted(in_first & in_second)
    assert kept

    after = profile.get()
    assert after.model_version == second
    assert after.event_count == len(composed.heard)
    assert {weight.prototype_id for weight in after.weights} == in_second
    assert client.recommend(listener).model_version == second

    client.models.activate(first)
    again = profile.get()
    assert again.model_version == first
    assert {w.prototype_id: w.history for w in again.weights} == {w.prototype_id: w.history for w in before.weights}
    assert client.recommend(listener).tracks == ranking.tracks


def test_edits_carry_over_by_prototype_id(client, listener, both_versions):
    _, second = both_versions
    in_first = [prototype.prototype_id for prototype in client.prototypes.list()]
    client.models.activate(second)
    in_second = [prototype.prototype_id for prototype in client.prototypes.list()]
    client.models.activate(both_versions[0])
    shared = next(name for name in in_first if name in in_second)
    lost = next(name for name in in_first if name not in in_second)
    profile = client.profiles(listener)
    profile.boost(shared, 1.5)
    profile.mute(lost)

    client.models.activate(second)
    edits = {weight.prototype_id: weight.edit for weight in profile.get().weights if weight.edit}
    assert edits == {shared: 1.5}
    with pytest.raises(NotFoundError):
        profile.boost(lost)


def test_a_prototype_of_the_new_model_can_be_edited_at_once(client, listener, both_versions):
    _, second = both_versions
    in_first = {prototype.prototype_id for prototype in client.prototypes.list()}
    client.models.activate(second)
    new = next(each.prototype_id for each in client.prototypes.list() if each.prototype_id not in in_first)
    edited = client.profiles(listener).boost(new).profile
    assert next(weight.edit for weight in edited.weights if weight.prototype_id == new) == 1.0


def test_no_call_fails_while_models_change(deployment, client, listener, both_versions):
    """Four callers recommend while the model changes back and forth; every answer is of one version."""
    versions, failures, stop = set(), [], threading.Event()

    def ask():
        with Client(deployment.address) as own:
            while not stop.is_set():
                try:
                    ranking = own.recommend(listener, count=5)
                except Exception as error:
                    failures.append(error)
                    return
                versions.add(ranking.model_version)

    callers = [threading.Thread(target=ask) for _ in range(4)]
    for caller in callers:
        caller.start()
    for turn in range(6):
        client.models.activate(both_versions[(turn + 1) % 2])
        assert client.recommend(listener, count=5).model_version in both_versions
    stop.set()
    for caller in callers:
        caller.join(timeout=60)
    assert failures == []
    assert versions == set(both_versions)
