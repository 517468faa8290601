"""What a user hides, keeps out, lays over and watches, through the SDK over five processes and a Redis."""

import asyncio
import time
import uuid
from contextlib import aclosing

import pytest

from leitmotif import AsyncClient, InvalidArgumentError, Reason


@pytest.fixture
def listener(client, composed):
    """A new user who heard what a simulated listener heard."""
    user_id = f"user-{uuid.uuid4().hex[:8]}"
    client.listen(user_id, composed.heard)
    return user_id


def listed(client, user_id, **options):
    return [scored.track for scored in client.recommend(user_id, 1000, include_heard=True, **options)]


def test_hidden_tracks_and_artists_come_back_when_they_are_shown_again(client, listener):
    exclusions = client.profiles(listener).exclusions
    before = listed(client, listener)
    track, artist = before[0], before[1].artist
    exclusions.hide(tracks=[track.track_id], artists=[artist])
    expected = [each for each in before if each.track_id != track.track_id and each.artist != artist]
    assert listed(client, listener) == expected
    assert len(expected) < len(before)
    assert client.explain(listener, track.track_id).track.track == track
    first = client.recommend(listener, 2, include_heard=True)
    exclusions.unhide(artists=[artist])
    with pytest.raises(InvalidArgumentError) as caught:
        client.recommend(listener, 2, include_heard=True, page_token=first.next_page_token)
    assert caught.value.reason is Reason.PAGE_TOKEN_INVALID
    exclusions.unhide(tracks=[track.track_id])
    assert listed(client, listener) == before


def test_what_is_kept_out_counts_no_more_until_it_does_again(client, listener, composed):
    profile = client.profiles(listener)
    before = profile.get()
    [first, *rest] = dict.fromkeys(composed.heard)
    changed = profile.exclusions.keep_out(tracks=rest)
    counted = composed.heard.count(first)
    assert changed.profile.event_count == counted
    client.listen(listener, [rest[0]])
    assert profile.get().event_count == counted
    profile.exclusions.count(tracks=rest)
    assert profile.get().event_count == before.event_count + 1


def test_a_preset_for_one_request(client, listener):
    profile = client.profiles(listener)
    prototype = next(iter(client.prototypes.list())).prototype_id
    before = listed(client, listener)
    profile.presets.save("focus", {prototype: -4.0})
    over = listed(client, listener, preset="focus")
    assert over != before
    assert listed(client, listener) == before
    profile.presets.activate("focus")
    assert listed(client, listener) == over
    profile.presets.deactivate()
    assert listed(client, listener) == before


async def test_two_devices_agree_within_a_second(deployment, composed):
    user_id = f"user-{uuid.uuid4().hex[:8]}"
    async with AsyncClient(deployment.address) as one, AsyncClient(deployment.address) as other:
        await one.listen(user_id, composed.heard)
        async with aclosing(other.profiles(user_id).watch(timeout_s=60)) as changes:
            seen = await anext(changes)
            assert {each.label for each in seen.weights} != {""}
            for amount in (1.0, -0.5):
                started = time.monotonic()
                edited = await one.profiles(user_id).set(seen.weights[0].prototype_id, amount)
                async with asyncio.timeout(20):
                    while (seen := await anext(changes)).etag != edited.profile.etag:
                        pass
                assert time.monotonic() - started < 1.0
            await one.profiles(user_id).delete()
            assert await anext(changes) is None
