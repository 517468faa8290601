"""Every method of ExclusionsService over a real Redis, by numbers that can be checked by hand."""

import math
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from leitmotif.api.profiles.v1 import exclusions_pb2 as pb
from leitmotif.api.profiles.v1 import profiles_pb2
from leitmotif.api.profiles.v1.exclusions_pb2_grpc import ExclusionsServiceStub
from leitmotif.api.profiles.v1.profiles_pb2_grpc import ProfilesServiceStub
from leitmotif_services.profiles.app import build
from leitmotif_services.profiles.config import ProfilesConfig
from leitmotif_services.profiles.taste.history import DAY_US, Counting
from leitmotif_services.runtime.local_channel import LocalChannel
from leitmotif_services.runtime.server import ServerSettings

DAY_S = 86_400
AFFINITIES = {"t1": [1.0, 0.0, 0.0, 0.0], "t2": [0.0, 2.0, 0.0, 0.0], "t3": [0.0, 0.0, 4.0, 0.0]}
ARTISTS = {"t1": "Aria", "t2": "Brio", "t3": ""}
INVALID = (grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID")


class Listener:
    """A user who hears tracks on numbered days; an event counts half as much as one a day later."""

    def __init__(self, caller: Any, exclusions: Any, wire: Any) -> None:
        self.caller = caller
        self.exclusions = exclusions
        self.wire = wire
        self.heard = 0

    async def hear(self, *heard: tuple[str, float], artists: bool = True) -> profiles_pb2.RecordEventsResponse:
        events = []
        for track_id, day in heard:
            self.heard += 1
            events.append(self.wire.play(f"e{self.heard}", track_id, occurred_at=at(day)))
        response: profiles_pb2.RecordEventsResponse = await self.caller.stub.RecordEvents(
            profiles_pb2.RecordEventsRequest(
                user_id="u",
                events=events,
                affinities=self.wire.matrix([AFFINITIES[track_id] for track_id, _ in heard]),
                model_version="m1",
                artists=[ARTISTS[track_id] for track_id, _ in heard] if artists else [],
            )
        )
        return response

    def known(self, *track_ids: str, model_version: str = "m1") -> pb.KnownTracks:
        names = track_ids or tuple(AFFINITIES)
        return pb.KnownTracks(
            track_ids=names,
            affinities=self.wire.matrix([AFFINITIES[track_id] for track_id in names]),
            artists=[ARTISTS[track_id] for track_id in names],
            model_version=model_version,
        )

    async def change(self, **fields: Any) -> pb.ChangeExclusionsResponse:
        fields.setdefault("known", self.known())
        response: pb.ChangeExclusionsResponse = await self.exclusions.ChangeExclusions(
            pb.ChangeExclusionsRequest(user_id=fields.pop("user_id", "u"), **fields)
        )
        return response

    async def kept(self) -> pb.GetExclusionsResponse:
        response: pb.GetExclusionsResponse = await self.exclusions.GetExclusions(pb.GetExclusionsRequest(user_id="u"))
        return response

    async def history(self) -> list[float]:
        return history_of(await self.caller.profile("u"))


def at(day: float) -> Timestamp:
    return Timestamp(seconds=int(day * DAY_S))


def history_of(profile: profiles_pb2.Profile) -> list[float]:
    return [entry.history for entry in profile.weights]


def out(**fields: Any) -> pb.Exclusions:
    """Exclusions of what does not count."""
    return pb.Exclusions(**{f"uncounted_{name}": value for name, value in fields.items()})


def between(start: float | None, end: float | None) -> pb.TimeRange:
    return pb.TimeRange(start=None if start is None else at(start), end=None if end is None else at(end))


@pytest.fixture
async def listener(empty_redis_url: str, wire: Any) -> AsyncIterator[Listener]:
    config = ProfilesConfig(
        server=ServerSettings(listen="127.0.0.1:0", grace_s=5.0),
        redis_url=empty_redis_url,
        counting=Counting(half_life_us=DAY_US),
    )
    app = await build(config)
    channel = LocalChannel(app).as_channel()
    caller = wire.caller(ProfilesServiceStub(channel))
    await caller.register()
    yield Listener(caller, ExclusionsServiceStub(channel), wire)
    await app.close()


async def test_a_track_is_kept_out_and_put_back(listener: Listener) -> None:
    await listener.hear(("t1", 1), ("t2", 2), ("t3", 2))
    # As of day 2: t1 counts a half, t2 and t3 one each.
    with_all = [0.5 / math.sqrt(2.5), 2 / math.sqrt(2.5), 4 / math.sqrt(2.5), 0.0]
    assert await listener.history() == with_all

    changed = await listener.change(add=out(track_ids=["t2"]))
    without = [0.5 / math.sqrt(1.5), 0.0, 4 / math.sqrt(1.5), 0.0]
    assert history_of(changed.profile) == without
    assert (changed.profile.event_count, changed.profile.exclusion_count) == (2, 1)
    assert changed.profile == await listener.caller.profile("u")
    # What is heard from now on does not count either, nor does it make anything older; but it is in the log.
    later = await listener.hear(("t2", 9))
    assert (later.recorded, later.uncounted_events) == (1, 1)
    assert await listener.history() == without
    log = await listener.caller.stub.ListEvents(profiles_pb2.ListEventsRequest(user_id="u"))
    assert [entry.track_id for entry in log.events] == ["t1", "t2", "t3", "t2"]

    back = await listener.change(remove=out(track_ids=["t2"]))
    # As of day 9: t1 2^-8, t2 2^-7 + 1, t3 2^-7.
    magnitude = 2**-8 + 2**-7 + 1 + 2**-7
    expected = [2**-8, 2 * (2**-7 + 1), 4 * 2**-7, 0.0]
    assert history_of(back.profile) == [value / math.sqrt(magnitude) for value in expected]
    assert (back.profile.event_count, back.profile.exclusion_count) == (4, 0)
    assert back.exclusions == pb.Exclusions()


async def test_an_artist_is_kept_out(listener: Listener) -> None:
    await listener.hear(("t1", 1), ("t2", 1))
    changed = await listener.change(add=out(artists=["Brio"]))
    assert history_of(changed.profile) == [1.0, 0.0, 0.0, 0.0]
    mixed = await listener.hear(("t2", 1), ("t1", 1), ("t3", 1))
    assert (mixed.recorded, mixed.uncounted_events) == (3, 1)
    assert await listener.history() == [2 / math.sqrt(3), 0.0, 4 / math.sqrt(3), 0.0]
    # Who tells no artists has them all counted, as of unknown ones.
    untold = await listener.hear(("t2", 1), artists=False)
    assert (untold.recorded, untold.uncounted_events) == (1, 0)
    back = await listener.change(remove=out(artists=["Brio"]))
    assert history_of(back.profile) == [2 / math.sqrt(6), 2 * 3 / math.sqrt(6), 4 / math.sqrt(6), 0.0]


async def test_a_stretch_of_time_is_kept_out(listener: Listener) -> None:
    await listener.hear(("t1", 1), ("t2", 2), ("t3", 3))
    changed = await listener.change(add=out(ranges=[between(2, 3)]))
    # As of day 3: t1 a quarter, t3 one.
    assert history_of(changed.profile) == [0.25 / math.sqrt(1.25), 0.0, 4 / math.sqrt(1.25), 0.0]
    # What is heard of later, but was then, does not count; its end is no longer within.
    late = await listener.hear(("t1", 2.5), ("t1", 3))
    assert (late.recorded, late.uncounted_events) == (2, 1)
    assert await listener.history() == [1.25 / math.sqrt(2.25), 0.0, 4 / math.sqrt(2.25), 0.0]
    before = await listener.change(add=out(ranges=[between(None, 3)]))
    assert history_of(before.profile) == [1 / math.sqrt(2), 0.0, 4 / math.sqrt(2), 0.0]
    assert list(before.exclusions.uncounted_ranges) == [between(None, 3), between(2, 3)]


async def test_a_private_session(listener: Listener) -> None:
    await listener.hear(("t1", 1))
    await listener.change(add=out(ranges=[between(5, None)]))
    private = await listener.hear(("t2", 6), ("t2", 7))
    assert (private.recorded, private.uncounted_events) == (2, 2)
    # The session ends on day 8: in one call the open range goes and a closed one comes.
    ended = await listener.change(add=out(ranges=[between(5, 8)]), remove=out(ranges=[between(5, None)]))
    assert history_of(ended.profile) == [1.0, 0.0, 0.0, 0.0]
    assert list(ended.exclusions.uncounted_ranges) == [between(5, 8)]
    after = await listener.hear(("t3", 9))
    assert after.uncounted_events == 0
    magnitude = 2**-8 + 1
    assert await listener.history() == [2**-8 / math.sqrt(magnitude), 0.0, 4 / math.sqrt(magnitude), 0.0]


async def test_hiding_leaves_the_history_alone(listener: Listener) -> None:
    await listener.hear(("t1", 1))
    before = await listener.history()
    hidden = pb.Exclusions(hidden_track_ids=["t2", "t1"], hidden_artists=["Brio", "Ária"])
    changed = await listener.change(add=hidden, known=None)  # nothing else counts, so no affinities are needed
    assert history_of(changed.profile) == before
    assert list(changed.exclusions.hidden_track_ids) == ["t1", "t2"]
    assert list(changed.exclusions.hidden_artists) == ["Brio", "Ária"]
    assert changed.profile.exclusion_count == 4
    vector = await listener.caller.stub.GetProfileVector(profiles_pb2.GetProfileVectorRequest(user_id="u", include_hidden=True))
    assert (list(vector.hidden_track_ids), list(vector.hidden_artists)) == (["t1", "t2"], ["Brio", "Ária"])


async def test_what_is_there_already_stays_so(listener: Listener) -> None:
    await listener.hear(("t1", 1))
    first = await listener.change(add=out(track_ids=["t1"]))
    again = await listener.change(add=out(track_ids=["t1", "t1"]), remove=out(artists=["Nobody"]))
    assert again == first, "nothing changes, so the version does not"
    kept = await listener.kept()
    assert (kept.exclusions, kept.etag) == (first.exclusions, first.profile.etag)


async def test_edits_stay_and_undo_does_not_take_exclusions_back(listener: Listener) -> None:
    await listener.hear(("t1", 1), ("t2", 1))
    await listener.caller.edit("u", listener.wire.change("calm", "BOOST"), listener.wire.change("loud", "PIN"))
    changed = await listener.change(add=out(track_ids=["t1", "t2"]))
    calm, loud = changed.profile.weights[:2]
    assert (calm.history, calm.edit, calm.weight) == (0.0, 1.0, 1.0)
    assert (loud.history, loud.pinned_history, loud.weight) == (0.0, 2 / math.sqrt(2), 2 / math.sqrt(2))
    undone = await listener.caller.stub.UndoEdit(profiles_pb2.UndoEditRequest(user_id="u"))
    assert (undone.profile.exclusion_count, [entry.weight for entry in undone.profile.weights]) == (2, [0.0] * 4)


async def test_a_rebuild_respects_what_is_kept_out(listener: Listener) -> None:
    await listener.hear(("t1", 1), ("t2", 1), ("t3", 1))
    await listener.change(add=out(track_ids=["t1"], artists=["Brio"]))
    known = listener.known()
    request = profiles_pb2.RebuildProfileRequest(
        user_id="u", model_version="m1", track_ids=known.track_ids, affinities=known.affinities, artists=known.artists
    )
    rebuilt = await listener.caller.stub.RebuildProfile(request)
    assert (rebuilt.counted_events, history_of(rebuilt.profile)) == (1, [0.0, 0.0, 4.0, 0.0])
    # Without artists, those are unknown.
    del request.artists[:]
    rebuilt = await listener.caller.stub.RebuildProfile(request)
    assert (rebuilt.counted_events, history_of(rebuilt.profile)) == (2, [0.0, 2 / math.sqrt(2), 4 / math.sqrt(2), 0.0])


async def test_a_user_without_a_profile(listener: Listener) -> None:
    absent = (grpc.StatusCode.NOT_FOUND, "PROFILE_NOT_FOUND")
    refusal = listener.caller.refusal
    assert await refusal(listener.kept()) == absent
    assert await refusal(listener.change(add=out(track_ids=["t1"]))) == absent
    stale = listener.change(add=out(track_ids=["t1"]), allow_missing=True, etag="1-00")
    assert await refusal(stale) == (grpc.StatusCode.ABORTED, "ETAG_MISMATCH")
    # Nobody has heard anything yet, so no affinities are needed.
    made = await listener.change(add=out(track_ids=["t1"]), allow_missing=True, known=None)
    assert (made.profile.model_version, made.profile.event_count, made.profile.exclusion_count) == ("m1", 0, 1)
    first = await listener.hear(("t1", 1), ("t2", 1))
    assert (first.recorded, first.uncounted_events) == (2, 1)
    assert await listener.history() == [0.0, 2.0, 0.0, 0.0]
    empty = await listener.change(user_id="v", allow_missing=True, known=None)
    assert (empty.profile.user_id, empty.profile.exclusion_count) == ("v", 0)
    await listener.caller.profile("v")


async def test_an_etag_guards_a_change(listener: Listener) -> None:
    await listener.hear(("t1", 1))
    etag = (await listener.kept()).etag
    second = await listener.change(add=out(track_ids=["t1"]), etag=etag)
    mismatch = (grpc.StatusCode.ABORTED, "ETAG_MISMATCH")
    assert await listener.caller.refusal(listener.change(remove=out(track_ids=["t1"]), etag=etag)) == mismatch
    assert (await listener.kept()).etag == second.profile.etag != etag
    rebuild = profiles_pb2.RebuildProfileRequest(user_id="u", model_version="m1", etag=etag)
    assert await listener.caller.refusal(listener.caller.stub.RebuildProfile(rebuild)) == mismatch
    rebuild.etag = second.profile.etag
    await listener.caller.stub.RebuildProfile(rebuild)


async def test_a_model_version_guards_a_change(listener: Listener) -> None:
    mismatch = (grpc.StatusCode.FAILED_PRECONDITION, "MODEL_VERSION_MISMATCH")
    await listener.caller.register("m2", ("calm", "keys"))
    made = await listener.change(model_version="m1", allow_missing=True, known=None)
    assert made.profile.model_version == "m1"  # though "m2" was registered last
    hidden = pb.Exclusions(hidden_track_ids=["t1"])
    assert await listener.caller.refusal(listener.change(add=hidden, model_version="m2", known=None)) == mismatch
    assert (await listener.kept()).etag == made.profile.etag
    changed = await listener.change(add=hidden, model_version="m1", known=None)
    assert changed.profile.exclusion_count == 1
    unknown = listener.change(user_id="v", model_version="m3", allow_missing=True, known=None)
    assert await listener.caller.refusal(unknown) == (grpc.StatusCode.FAILED_PRECONDITION, "PROTOTYPE_SPACE_UNKNOWN")


async def test_bad_input_is_refused_and_changes_nothing(listener: Listener) -> None:
    await listener.hear(("t1", 1))
    await listener.change(add=pb.Exclusions(hidden_track_ids=[f"x{number}" for number in range(2000)]))
    before = await listener.kept()
    stale = listener.known(model_version="m2")
    too_much = (grpc.StatusCode.INVALID_ARGUMENT, "LIMIT_EXCEEDED")
    cases: list[tuple[dict[str, Any], tuple[grpc.StatusCode, str]]] = [
        ({"add": out(track_ids=["t1"]), "known": None}, INVALID),
        ({"add": out(track_ids=["t1"]), "known": stale}, (grpc.StatusCode.FAILED_PRECONDITION, "MODEL_VERSION_MISMATCH")),
        ({"add": out(track_ids=["t1"]), "known": pb.KnownTracks(model_version="m1", track_ids=["t1"])}, INVALID),
        (
            {
                "add": out(track_ids=["t1"]),
                "known": pb.KnownTracks(model_version="m1", track_ids=["t1"], affinities=listener.wire.matrix([[1.0, 2.0]])),
            },
            INVALID,
        ),
        ({"add": pb.Exclusions(hidden_track_ids=["one.more"])}, too_much),
        ({"add": out(track_ids=["t1"]), "remove": out(track_ids=["t"] * 2000)}, too_much),
        ({"add": out(ranges=[between(day, None) for day in range(101)])}, too_much),
        ({"add": out(track_ids=["t1", "{u}"])}, INVALID),
        ({"add": out(artists=[""])}, INVALID),
        ({"add": out(ranges=[pb.TimeRange()])}, INVALID),
        ({"remove": out(ranges=[between(2, 1)])}, INVALID),
        ({"user_id": "{u}"}, INVALID),
        ({"etag": "e" * 10_240}, INVALID),
        ({"model_version": "{m}"}, INVALID),
    ]
    for fields, expected in cases:
        assert await listener.caller.refusal(listener.change(**fields)) == expected, fields
        assert await listener.kept() == before


async def test_artists_of_events_are_checked(listener: Listener) -> None:
    events = [listener.wire.play("e1", "t1"), listener.wire.play("e2", "t1")]
    for artists in (["Aria"], ["Aria", "a" * 257], ["Aria", "a\nb"]):
        request = profiles_pb2.RecordEventsRequest(
            user_id="u", events=events, affinities=listener.wire.matrix([[1, 0, 0, 0]] * 2), model_version="m1", artists=artists
        )
        assert await listener.caller.refusal(listener.caller.stub.RecordEvents(request)) == INVALID


async def test_exclusions_go_with_the_profile(listener: Listener) -> None:
    await listener.hear(("t1", 1))
    await listener.change(add=out(track_ids=["t1"]))
    await listener.caller.stub.DeleteProfile(profiles_pb2.DeleteProfileRequest(user_id="u"))
    listener.heard = 0
    anew = await listener.hear(("t1", 1))
    assert (anew.recorded, anew.uncounted_events) == (1, 0)
    assert (await listener.kept()).exclusions == pb.Exclusions()


async def test_the_future_is_now(listener: Listener) -> None:
    await listener.hear(("t1", 1))
    events = [listener.wire.play("later", "t2", occurred_at=Timestamp(seconds=200_000_000_000))]
    await listener.caller.record("u", events, [AFFINITIES["t2"]])
    log = await listener.caller.stub.ListEvents(profiles_pb2.ListEventsRequest(user_id="u"))
    assert log.events[1].occurred_at.seconds < 100_000_000_000
    before = await listener.history()
    # What happens the next moment counts as much, to the microsecond; a whole lifetime of the other would have passed else.
    await listener.caller.record("u", [listener.wire.play("now", "t2")], [AFFINITIES["t2"]])
    assert (await listener.history())[1] == pytest.approx(before[1] * math.sqrt(2), rel=1e-6)
