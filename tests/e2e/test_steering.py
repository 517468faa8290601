"""The main job through the SDK, over five processes and a Redis: recommend, explain, steer, undo."""

import uuid

import pytest

from leitmotif import AudioItem
from leitmotif_services.embedded.demo_scenario import steer


@pytest.fixture
def listener(client, composed):
    """A new user who heard what a simulated listener heard."""
    user_id = f"user-{uuid.uuid4().hex[:8]}"
    receipt = client.listen(user_id, composed.heard)
    assert receipt.recorded == len(composed.heard)
    return user_id


def test_boost_mute_and_undo_do_what_they_say(client, listener):
    outcome = steer(client, listener)
    assert outcome.after_boost.boosted_share > outcome.before.boosted_share
    assert outcome.after_boost.muted_share > 0
    assert outcome.after_mute.muted_share == 0
    assert outcome.after_undo.track_ids == outcome.before.track_ids
    assert [scored.score for scored in outcome.after_undo.ranking] == [scored.score for scored in outcome.before.ranking]


def test_contributions_sum_to_the_score(client, listener):
    client.profiles(listener).boost(next(iter(client.prototypes.list())).prototype_id)
    for scored in client.recommend(listener, contributions=-1):
        parts = sum(contribution.contribution for contribution in scored.contributions)
        assert scored.bias + parts + scored.other_contributions == pytest.approx(scored.score, abs=1e-5)
        assert scored.other_contributions == pytest.approx(0, abs=1e-9)
    for scored in client.recommend(listener, contributions=2):
        assert len(scored.contributions) == 2
        parts = sum(contribution.contribution for contribution in scored.contributions)
        assert scored.bias + parts + scored.other_contributions == pytest.approx(scored.score, abs=1e-5)


def test_an_explanation_agrees_with_the_ranking(client, listener):
    ranking = client.recommend(listener, include_heard=True, contributions=-1)
    for scored in list(ranking)[:3]:
        explained = client.explain(listener, scored.track.track_id).track
        assert explained.score == pytest.approx(scored.score, abs=1e-6)
        assert explained.rank == scored.rank


def test_a_muted_track_says_what_removed_it(client, listener):
    ranking = client.recommend(listener, contributions=-1)
    first = ranking.tracks[0]
    prototype = next(
        prototype
        for prototype in client.prototypes.list()
        for contribution in first.contributions
        if contribution.prototype_id == prototype.prototype_id and contribution.affinity >= prototype.expressed_affinity
    )
    client.profiles(listener).mute(prototype.prototype_id)
    explained = client.explain(listener, first.track.track_id)
    assert explained.removed_by == (prototype.prototype_id,)
    assert explained.track.rank == 0
    assert first.track.track_id not in [scored.track.track_id for scored in client.recommend(listener, count=1000)]


def test_heard_tracks_are_left_out_unless_asked_for(client, listener, composed):
    new = {scored.track.track_id for scored in client.recommend(listener, count=1000)}
    everything = {scored.track.track_id for scored in client.recommend(listener, count=1000, include_heard=True)}
    assert not new & set(composed.heard)
    assert everything - new == set(composed.heard)


def test_excluded_tracks_are_left_out(client, listener):
    ranking = [scored.track.track_id for scored in client.recommend(listener, count=5)]
    rest = [scored.track.track_id for scored in client.recommend(listener, count=3, exclude=[*ranking[:2], "unknown-track"])]
    assert rest == ranking[2:5]


def test_a_profile_is_read_with_labels_and_history(client, listener, composed):
    profile = client.profiles(listener).get(top=5)
    assert profile.event_count == len(composed.heard)
    assert profile.model_version == composed.model_version
    assert len(profile.weights) == 5
    labels = {prototype.prototype_id: prototype.label for prototype in client.prototypes.list()}
    for weight in profile.weights:
        assert weight.label == labels[weight.prototype_id]
        assert weight.weight == pytest.approx(weight.history)


def test_exemplars_are_audio_of_the_catalogue(client):
    for prototype in list(client.prototypes.list())[:3]:
        audio = client.prototypes.exemplar_audio(prototype.prototype_id)
        (result,) = client.audio.embed([AudioItem("exemplar", audio)])
        assert result.duration_s == pytest.approx(prototype.exemplars[0].duration_s, abs=0.1)
        assert client.tracks.get(prototype.exemplars[0].track_id).track.title == prototype.exemplars[0].title


def test_everything_of_a_user_can_be_taken_away_and_erased(client, listener, composed):
    before = client.profiles(listener).get()
    document = client.profiles(listener).export()
    assert document["schema"] == "leitmotif.profile/2"
    receipt = client.profiles(listener).delete(verify=True)
    assert receipt
    assert receipt.remaining_keys == 0
    assert receipt.scanned_keys is not None
    assert not client.profiles(listener).delete()
    restored = client.profiles(listener).import_(document)
    assert restored.dropped_prototype_ids == ()
    after = client.profiles(listener).get()
    assert after.weights == before.weights
    assert client.profiles(listener).delete()
