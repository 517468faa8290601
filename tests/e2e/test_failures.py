"""What survives when processes die: acknowledged edits, and every service that is not the one that died."""

import time
import uuid

import pytest

from leitmotif import Client, LeitmotifError, Reason, RetryPolicy, UnavailableError

_DEADLINE_S = 30.0


@pytest.fixture
def listener(client, composed):
    user_id = f"user-{uuid.uuid4().hex[:8]}"
    client.listen(user_id, composed.heard)
    return user_id


@pytest.fixture
def impatient(deployment):
    """A client that does not retry, to see a failure as it is."""
    with Client(deployment.address, retry=RetryPolicy(attempts=1), timeout_s=5) as client:
        yield client


def until_it_works(call):
    """Call until no UnavailableError comes; fails after a deadline."""
    deadline = time.monotonic() + _DEADLINE_S
    while True:
        try:
            return call()
        except UnavailableError:
            assert time.monotonic() < deadline, "did not recover"


def test_every_acknowledged_edit_outlives_a_kill_of_the_profiles_service(client, impatient, deployment, listener):
    prototypes = [prototype.prototype_id for prototype in client.prototypes.list()]
    acknowledged = [client.profiles(listener).boost(prototypes[i % len(prototypes)], 0.01 * (i + 1)).edit for i in range(25)]
    expected = client.profiles(listener).get()
    ranking = client.recommend(listener)

    deployment.services["profiles"].kill()
    with pytest.raises(UnavailableError) as caught:
        impatient.profiles(listener).get()
    assert caught.value.reason == Reason.UPSTREAM_UNAVAILABLE
    assert caught.value.retry_after_s > 0
    assert list(impatient.prototypes.list())  # what does not need profiles goes on

    deployment.services["profiles"].start()
    assert until_it_works(client.profiles(listener).get) == expected
    edits = list(client.profiles(listener).edits())
    assert [edit.sequence for edit in edits] == [edit.sequence for edit in reversed(acknowledged)]
    assert [edit.changes for edit in edits] == [edit.changes for edit in reversed(acknowledged)]
    assert client.recommend(listener) == ranking


def test_redis_down_is_told_and_recovered_from_without_a_restart(client, impatient, deployment, listener):
    expected = client.profiles(listener).get()
    deployment.redis.stop()
    try:
        with pytest.raises(UnavailableError) as caught:
            impatient.profiles(listener).get()
        assert caught.value.reason == Reason.STORE_UNAVAILABLE
        assert caught.value.retry_after_s > 0
        with pytest.raises(UnavailableError):
            impatient.profiles(listener).boost(next(iter(impatient.prototypes.list())).prototype_id)
    finally:
        deployment.redis.start()
    assert until_it_works(client.profiles(listener).get) == expected
    client.profiles(listener).boost(next(iter(client.prototypes.list())).prototype_id)


def test_a_prototypes_service_that_was_killed_serves_the_same_model_again(client, impatient, deployment, listener):
    version, ranking = client.models.active().model_version, client.recommend(listener)
    deployment.services["prototypes"].kill()
    with pytest.raises(LeitmotifError) as caught:
        impatient.recommend(listener)
    assert caught.value.reason == Reason.UPSTREAM_UNAVAILABLE
    deployment.services["prototypes"].start()
    assert until_it_works(client.models.active).model_version == version
    assert client.recommend(listener) == ranking


def test_no_service_logged_a_defect(client, deployment):
    """Last in the module: whatever the tests above provoked was expected by the services."""
    for name in deployment.services:
        log = deployment.log_of(name)
        assert "Traceback" not in log, log[log.index("Traceback") - 500 :][:3000]
        assert '"INTERNAL"' not in log
