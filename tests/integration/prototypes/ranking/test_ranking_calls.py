"""Options, comparisons, explanations and likeness over real gRPC, and what is refused with which reason and field."""

import math

import pytest

from leitmotif.api.prototypes.v1 import catalogue_pb2
from leitmotif.api.prototypes.v1 import prototypes_pb2 as pb2
from tests.integration.prototypes.live_catalogue.calls import delete, message, upsert
from tests.integration.prototypes.running_service import Service, refusal, vector

NAN = float("nan")


def artists(*names: str) -> catalogue_pb2.Filter:
    values = catalogue_pb2.TextValues(values=names)
    return catalogue_pb2.Filter(field=catalogue_pb2.FieldCondition(field="artist", one_of=values))


async def test_options_over_the_wire(service: Service, version: str) -> None:
    async def ask(**options: object) -> list[tuple[str, int, float]]:
        request = pb2.RecommendTracksRequest(profile=vector(version, (2, 1)), options=pb2.RankingOptions(**options))  # type: ignore[arg-type]
        tracks = (await service.stub.RecommendTracks(request)).tracks
        return [(item.track.track_id, item.rank, round(item.score, 6)) for item in tracks]

    assert await ask() == [("bix", 1, 2.25), ("ada", 2, 2.0), ("cab", 3, -0.75)]
    assert await ask(filter=artists("Ada", "Cab")) == [("ada", 1, 2.0), ("cab", 2, -0.75)]
    assert await ask(excluded_track_ids=["bix", "nobody"]) == [("ada", 1, 2.0), ("cab", 2, -0.75)]
    # Ada alone: (0.75, 0.25) as long as (2, 1): times √5 / √0.625 = 2.828427.
    long = math.sqrt(5 / 0.625)
    h = (0.75 * long, 0.25 * long)
    assert await ask(seed_track_ids=["ada"], seed_weight=1.0) == [
        ("bix", 1, round(0.5 * h[0] + h[1] + 0.25, 6)),
        ("cab", 2, round(-h[0] + 0.25 * h[1] + 1, 6)),
    ]
    half = [(2 + h[0]) / 2, (1 + h[1]) / 2]
    assert (await ask(seed_track_ids=["ada"]))[0] == ("bix", 1, pytest.approx(0.5 * half[0] + half[1] + 0.25, abs=2e-6))
    assert {track for track, *_ in await ask(max_per_artist=1, diversity=1, exploration=pb2.Exploration(strength=1))} == {
        "ada",
        "bix",
        "cab",
    }


async def test_hidden_artists_are_left_out_whatever_the_filter_keeps(service: Service, version: str) -> None:
    deepest = artists("Ada", "Bix")
    for _ in range(7):
        deepest = catalogue_pb2.Filter(all=catalogue_pb2.FilterList(filters=[deepest]))
    by_nobody = message("cab")
    by_nobody.track.artist = ""
    await upsert(service, by_nobody)
    profile = vector(version, (2, 1))

    async def ask(hidden: list[str], **options: object) -> list[str]:
        request = pb2.RecommendTracksRequest(profile=profile, hidden_artists=hidden, options=pb2.RankingOptions(**options))  # type: ignore[arg-type]
        listed = [item.track.track_id for item in (await service.stub.RecommendTracks(request)).tracks]
        both = pb2.CompareRankingsRequest(before=profile, after=profile, hidden_artists=hidden, options=request.options)
        compared = await service.stub.CompareRankings(both)
        assert [item.track.track_id for item in compared.before] == [item.track.track_id for item in compared.after] == listed
        return listed

    assert await ask(["Bix"]) == ["ada", "cab"]
    assert await ask(["Bix", "nobody", "bix", "Bix"]) == ["ada", "cab"]
    assert await ask(["Bix"], filter=deepest) == ["ada"]
    assert await ask(["Ada", "Bix"], filter=artists("Ada")) == []  # no contradiction of the caller's


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"diversity": 1.5}, "options.diversity"),
        ({"diversity": -0.1}, "options.diversity"),
        ({"diversity": NAN}, "options.diversity"),
        ({"exploration": pb2.Exploration()}, "options.exploration.strength"),
        ({"exploration": pb2.Exploration(strength=-1)}, "options.exploration.strength"),
        ({"exploration": pb2.Exploration(strength=1.01)}, "options.exploration.strength"),
        ({"exploration": pb2.Exploration(strength=NAN)}, "options.exploration.strength"),
        ({"max_per_artist": -1}, "options.max_per_artist"),
        ({"seed_weight": 0.0}, "options.seed_weight"),
        ({"seed_weight": 1.5}, "options.seed_weight"),
        ({"seed_weight": NAN}, "options.seed_weight"),
        ({"seed_track_ids": ["ada", "a b"]}, "options.seed_track_ids[1]"),
        ({"filter": catalogue_pb2.Filter()}, "options.filter"),
    ],
)
async def test_options_that_cannot_be(service: Service, version: str, options: dict[str, object], field: str) -> None:
    message = pb2.RankingOptions(**options)  # type: ignore[arg-type]
    profile = vector(version, (2, 1))
    for call in (
        service.stub.RecommendTracks(pb2.RecommendTracksRequest(profile=profile, options=message)),
        service.stub.CompareRankings(pb2.CompareRankingsRequest(before=profile, after=profile, options=message)),
    ):
        refused = await refusal(call)
        assert (refused.code.name, refused.reason, refused.fields) == ("INVALID_ARGUMENT", "FIELD_INVALID", [field])


async def test_refusals_that_name_more_than_a_field(service: Service, version: str) -> None:
    async def refused(**options: object) -> tuple[str, str, dict[str, str]]:
        request = pb2.RecommendTracksRequest(profile=vector(version, (2, 1)), options=pb2.RankingOptions(**options))  # type: ignore[arg-type]
        found = await refusal(service.stub.RecommendTracks(request))
        return found.code.name, found.reason, found.metadata

    nowhere = catalogue_pb2.Filter(all=catalogue_pb2.FilterList(filters=[artists("Ada"), artists("Bix")]))
    assert await refused(filter=nowhere) == ("INVALID_ARGUMENT", "FILTER_CONTRADICTORY", {"field": "artist"})
    assert await refused(seed_track_ids=["ada", "nobody"]) == ("NOT_FOUND", "TRACK_NOT_FOUND", {"trackId": "nobody"})
    assert (await refused(seed_track_ids=["ada"] * 101))[1:] == ("LIMIT_EXCEEDED", {"limit": "100", "actual": "101"})
    unknown = catalogue_pb2.Filter(field=catalogue_pb2.FieldCondition(field="mood"))
    unknown.field.one_of.values.append("dark")
    assert (await refused(filter=unknown))[:2] == ("INVALID_ARGUMENT", "FIELD_INVALID")
    request = pb2.RecommendTracksRequest(profile=vector(version, (2, 1)), user_id="no id")
    assert (await refusal(service.stub.RecommendTracks(request))).fields == ["user_id"]


async def test_comparing(service: Service, version: str) -> None:
    before, after = vector(version, (2, 1)), vector(version, (2, 1), (0.5, 0))
    answer = await service.stub.CompareRankings(pb2.CompareRankingsRequest(before=before, after=after, count=1))
    for profile, ranked in ((before, answer.before), (after, answer.after)):
        alone = await service.stub.RecommendTracks(pb2.RecommendTracksRequest(profile=profile, count=1))
        assert list(alone.tracks) == list(ranked)
    [entered], [left] = answer.entered, answer.left
    assert entered.track == answer.after[0]
    assert (entered.track.track.track_id, entered.rank_before, entered.rank_after) == ("ada", 2, 1)
    assert entered.reason == "Enters because you turned up piano."
    assert (left.track.track.track_id, left.rank_before, left.rank_after, left.track.score) == ("bix", 1, 2, 2.5)
    assert answer.model_version == version


async def test_comparisons_that_cannot_be(service: Service, version: str) -> None:
    right, other = vector(version, (2, 1)), vector("another", (2, 1))
    for before, after in ((right, other), (other, right)):
        refused = await refusal(service.stub.CompareRankings(pb2.CompareRankingsRequest(before=before, after=after)))
        assert (refused.code.name, refused.reason) == ("FAILED_PRECONDITION", "MODEL_VERSION_MISMATCH")
    for before, after, field in (
        (right, vector(version, (2,)), "after.history"),
        (vector(version, (2, NAN)), right, "before.history"),
        (right, vector(version, (2, 1), (), (2,)), "after.muted[0]"),
    ):
        refused = await refusal(service.stub.CompareRankings(pb2.CompareRankingsRequest(before=before, after=after)))
        assert (refused.reason, refused.fields) == ("FIELD_INVALID", [field])
    for count in (-1, 1001, 10**9):
        request = pb2.CompareRankingsRequest(before=right, after=right, count=count)
        assert (await refusal(service.stub.CompareRankings(request))).fields == ["count"]


async def test_what_would_bring_a_track_up(service: Service, version: str) -> None:
    # Bix leads ada by 0.25. On piano ada gains 2·0.5 a unit: 0.25 ties, which goes to the earlier, ada. On calm it loses
    # 2·0.75 a unit: -0.25 / 1.5 is between -0.166 and -0.167.
    request = pb2.ExplainTrackRequest(profile=vector(version, (2, 1)), track_id="ada", target_rank=1)
    answer = await service.stub.ExplainTrack(request)
    assert answer.track.rank == 2
    assert [(edit.prototype_id, edit.label, edit.amount, edit.rank) for edit in answer.lifting_edits] == [
        ("calm", "calm", -0.167, 1),
        ("piano", "piano", 0.25, 1),
    ]
    request.target_rank = 2
    assert list((await service.stub.ExplainTrack(request)).lifting_edits) == []
    request.target_rank = 1
    request.profile.muted.append(0)
    muted = await service.stub.ExplainTrack(request)
    assert (list(muted.removed_by), list(muted.lifting_edits), muted.track.rank) == (["piano"], [], 0)
    for target in (-1, 1001, 10**9):
        request.target_rank = target
        assert (await refusal(service.stub.ExplainTrack(request))).fields == ["target_rank"]


async def test_similar_tracks(service: Service, version: str) -> None:
    # Affinities (0.75, 0.25), (0.25, 1), (0, 0.5); no two tracks express the same prototype.
    request = pb2.FindSimilarTracksRequest(track_id="bix", likeness=pb2.LIKENESS_AFFINITY)
    answer = await service.stub.FindSimilarTracks(request)
    assert [(found.track.track_id, list(found.shared_labels)) for found in answer.tracks] == [("cab", []), ("ada", [])]
    assert [found.similarity for found in answer.tracks] == pytest.approx(
        [0.5 / (math.sqrt(1.0625) * 0.5), 0.4375 / math.sqrt(1.0625 * 0.625)]
    )
    assert answer.model_version == version
    by_sound = await service.stub.FindSimilarTracks(pb2.FindSimilarTracksRequest(track_id="bix"))
    assert [(found.track.track_id, found.similarity) for found in by_sound.tracks] == [("ada", 0.0), ("cab", 0.0)]
    request.filter.CopyFrom(artists("Ada"))
    assert [found.track.track_id for found in (await service.stub.FindSimilarTracks(request)).tracks] == ["ada"]
    request.excluded_track_ids.append("ada")
    assert list((await service.stub.FindSimilarTracks(request)).tracks) == []


async def test_similar_tracks_that_cannot_be_found(service: Service) -> None:
    ask = service.stub.FindSimilarTracks
    unknown = await refusal(ask(pb2.FindSimilarTracksRequest(track_id="nobody")))
    assert (unknown.code.name, unknown.reason, unknown.metadata) == ("NOT_FOUND", "TRACK_NOT_FOUND", {"trackId": "nobody"})
    for fields, field in (
        ({"track_id": ""}, "track_id"),
        ({"track_id": "bix", "count": -1}, "count"),
        ({"track_id": "bix", "count": 1001}, "count"),
        ({"track_id": "bix", "likeness": 77}, "likeness"),
        ({"track_id": "bix", "filter": catalogue_pb2.Filter()}, "filter"),
    ):
        assert (await refusal(ask(pb2.FindSimilarTracksRequest(**fields)))).fields == [field]  # type: ignore[arg-type]
    many = pb2.FindSimilarTracksRequest(track_id="bix", excluded_track_ids=["x"] * 10_001)
    assert (await refusal(ask(many))).metadata == {"limit": "10000", "actual": "10001"}


async def test_changes_of_the_catalogue_are_seen_by_every_call(service: Service, version: str) -> None:
    await delete(service, "cab")
    # Sounds exactly like ada, and not at all like bix.
    revision = (await upsert(service, message("dee", 1.0, 0.0, 0.0, artist="Dee"))).catalogue_revision
    profile = vector(version, (2, 1))
    ranked = await service.stub.RecommendTracks(pb2.RecommendTracksRequest(profile=profile))
    order = [item.track.track_id for item in ranked.tracks]
    assert set(order) == {"ada", "bix", "dee"}
    by_sound = await service.stub.FindSimilarTracks(pb2.FindSimilarTracksRequest(track_id="dee"))
    assert [(each.track.track_id, round(each.similarity, 5)) for each in by_sound.tracks] == [("ada", 1.0), ("bix", 0.0)]
    by_affinity = pb2.FindSimilarTracksRequest(track_id="ada", likeness=pb2.LIKENESS_AFFINITY)
    assert {each.track.track_id for each in (await service.stub.FindSimilarTracks(by_affinity)).tracks} == {"bix", "dee"}
    last = await service.stub.ExplainTrack(pb2.ExplainTrackRequest(profile=profile, track_id=order[-1], target_rank=1))
    assert last.track.rank == 3
    assert last.lifting_edits
    for edit in last.lifting_edits:
        deltas = tuple(edit.amount if edit.prototype_id == name else 0.0 for name in ("piano", "calm"))
        asked = pb2.RecommendTracksRequest(profile=vector(version, (2, 1), deltas), count=1)
        assert [item.track.track_id for item in (await service.stub.RecommendTracks(asked)).tracks] == [order[-1]]
    best = pb2.CompareRankingsRequest(before=profile, after=vector(version, (2, 1), deltas), count=1)
    compared = await service.stub.CompareRankings(best)
    assert [(each.track.track.track_id, each.rank_before) for each in compared.entered] == [(order[-1], 3)]
    seeded = pb2.RecommendTracksRequest(profile=profile, options=pb2.RankingOptions(seed_track_ids=["dee"]))
    assert {item.track.track_id for item in (await service.stub.RecommendTracks(seeded)).tracks} == {"ada", "bix"}
    for answer in (ranked, by_sound, last, compared):
        assert (answer.catalogue_revision, answer.model_version) == (revision, version)
    for call in (
        service.stub.ExplainTrack(pb2.ExplainTrackRequest(profile=profile, track_id="cab")),
        service.stub.FindSimilarTracks(pb2.FindSimilarTracksRequest(track_id="cab")),
    ):
        assert (await refusal(call)).reason == "TRACK_NOT_FOUND"
