"""Every method over gRPC, on the model whose figures were worked out by hand (see test_scoring)."""

import numpy as np
import pytest

from leitmotif.api.prototypes.v1 import catalogue_pb2, models_pb2
from leitmotif.api.prototypes.v1 import prototypes_pb2 as pb2
from leitmotif_services.prototypes.bundle_writing import write_bundle
from leitmotif_services.runtime.server import ServerSettings
from tests.integration.prototypes.running_service import Service, refusal, vector
from tests.unit.prototypes.sample_models import PIANO_AUDIO, by_hand, random_model, retitled


async def test_recommend(service: Service, version: str) -> None:
    profile = vector(version, (2, 1), (0.5, 0))
    response = await service.stub.RecommendTracks(pb2.RecommendTracksRequest(profile=profile, contribution_count=1))
    assert response.model_version == version
    assert [(item.rank, item.track.track_id, item.score, item.bias, item.other_contributions) for item in response.tracks] == [
        (1, "ada", 2.75, 0.5, -0.5),
        (2, "bix", 2.5, 0.25, 1.0),
        (3, "cab", -0.75, 1.0, 0.25),
    ]
    first = response.tracks[0]
    assert first.track == catalogue_pb2.Track(
        track_id="ada", title="Étude in C", artist="Ada", duration_s=61.5, tags=["piano", "solo"]
    )
    assert list(first.contributions) == [
        pb2.Contribution(prototype_id="piano", label="piano", contribution=2.75, edit_contribution=0.75, affinity=0.75)
    ]
    assert first.reason == "Because you listen to piano."


async def test_recommend_with_mute_exclusion_and_all_contributions(service: Service, version: str) -> None:
    request = pb2.RecommendTracksRequest(
        profile=vector(version, (2, 1), muted=(1,)),
        options=pb2.RankingOptions(excluded_track_ids=["cab", "nobody"]),
        contribution_count=-1,
        exact=True,
    )
    response = await service.stub.RecommendTracks(request)
    [only] = response.tracks
    assert (only.track.track_id, only.score) == ("ada", 2.5)
    assert [part.contribution for part in only.contributions] == [2.0, 0.0]


async def test_explain(service: Service, version: str) -> None:
    ask = service.stub.ExplainTrack
    placed = await ask(pb2.ExplainTrackRequest(profile=vector(version, (2, 1)), track_id="cab"))
    assert (placed.track.rank, placed.track.score, list(placed.removed_by)) == (3, -0.75, [])
    assert [(part.prototype_id, part.contribution) for part in placed.track.contributions] == [("piano", -2.0), ("calm", 0.25)]
    removed = await ask(pb2.ExplainTrackRequest(profile=vector(version, (2, 1), muted=(1,)), track_id="bix"))
    assert (removed.track.rank, list(removed.removed_by), removed.model_version) == (0, ["calm"], version)


async def test_affinities(service: Service, version: str) -> None:
    response = await service.catalogue.GetAffinities(catalogue_pb2.GetAffinitiesRequest(track_ids=["cab", "who", "ada", "cab"]))
    assert (list(response.track_ids), list(response.unknown_track_ids)) == (["cab", "ada", "cab"], ["who"])
    rows = np.frombuffer(response.affinities.values, "<f4").reshape(-1, response.affinities.dimension)
    assert rows.tolist() == [[0.0, 0.5], [0.75, 0.25], [0.0, 0.5]]
    assert list(response.artists) == ["Cab", "Ada", "Cab"]
    assert response.model_version == version
    none = await service.catalogue.GetAffinities(catalogue_pb2.GetAffinitiesRequest(track_ids=["who"]))
    assert (none.affinities.values, none.affinities.dimension) == (b"", 2)


async def test_prototypes(service: Service, version: str) -> None:
    response = await service.stub.ListPrototypes(pb2.ListPrototypesRequest())
    piano, calm = response.prototypes
    assert (response.total_size, response.next_page_token, response.model_version) == (2, "", version)
    assert (piano.prototype_id, piano.position, piano.source) == ("piano", 0, pb2.PROTOTYPE_SOURCE_TAG)
    assert (piano.expressed_affinity, piano.expressed_tracks) == (0.75, 1)
    assert piano.fidelity == pb2.Fidelity(roc_auc=0.9, average_precision=0.75, positives=12, weak=False)
    assert [(exemplar.track_id, exemplar.start_s, exemplar.mime_type) for exemplar in piano.exemplars] == [
        ("ada", 12.0, "audio/ogg"),
        ("bix", 0.0, ""),
    ]
    assert (calm.position, calm.source, calm.HasField("fidelity")) == (1, pb2.PROTOTYPE_SOURCE_DISCOVERED, False)
    one = await service.stub.GetPrototype(pb2.GetPrototypeRequest(prototype_id="calm"))
    assert (one.prototype, one.model_version) == (calm, version)


async def test_exemplar_audio_comes_whole_in_bounded_chunks(service: Service) -> None:
    chunks = [chunk async for chunk in service.stub.ReadExemplar(pb2.ReadExemplarRequest(prototype_id="piano"))]
    assert b"".join(chunk.chunk for chunk in chunks) == PIANO_AUDIO
    assert [len(chunk.chunk) for chunk in chunks] == [65_536, 65_536, 22_528]
    assert [chunk.mime_type for chunk in chunks] == ["audio/ogg", "", ""]


@pytest.mark.parametrize(("prototype_id", "index"), [("piano", 1), ("piano", 2), ("calm", 0)])
async def test_no_audio_for_an_exemplar(service: Service, prototype_id: str, index: int) -> None:
    call = service.stub.ReadExemplar(pb2.ReadExemplarRequest(prototype_id=prototype_id, exemplar_index=index))
    refused = await refusal(call.read())
    assert (refused.code.name, refused.reason) == ("NOT_FOUND", "EXEMPLAR_NOT_FOUND")
    assert refused.metadata == {"prototypeId": prototype_id, "exemplarIndex": str(index)}


async def test_tracks(service: Service, version: str) -> None:
    response = await service.catalogue.ListTracks(catalogue_pb2.ListTracksRequest())
    assert [track.track_id for track in response.tracks] == ["ada", "bix", "cab"]
    assert (response.total_size, response.model_version) == (3, version)
    found = await service.catalogue.ListTracks(catalogue_pb2.ListTracksRequest(query="CALM"))
    assert [track.track_id for track in found.tracks] == ["bix"]
    assert [
        track.track_id for track in (await service.catalogue.ListTracks(catalogue_pb2.ListTracksRequest(query="éTUDE"))).tracks
    ] == ["ada"]
    one = await service.catalogue.GetTrack(catalogue_pb2.GetTrackRequest(track_id="ada"))
    assert (one.track.title, list(one.affinities), one.model_version) == ("Étude in C", [0.75, 0.25], version)
    assert list(one.expressed_positions) == [0]


async def test_models(service: Service, version: str) -> None:
    answers = (await service.models.GetModel(models_pb2.GetModelRequest())).model
    assert (answers.model_version, answers.kind, answers.encoder_id) == (version, "leitmotif", "mel-cnn-1")
    assert (answers.prototype_count, answers.track_count, dict(answers.metrics), answers.active) == (
        2,
        3,
        {"ndcg@100": 0.5},
        True,
    )
    assert answers.created_at.seconds > 0
    newer = write_bundle(retitled(by_hand(), "!"), service.root, encoder_artifact=None).name
    (service.root / "not-a-bundle").mkdir()
    listed = await service.models.ListModels(models_pb2.ListModelsRequest())
    assert [(model.model_version, model.active) for model in listed.models] == [(newer, False), (version, True)]
    assert list((await service.models.GetModel(models_pb2.GetModelRequest())).prototype_ids) == ["piano", "calm"]


async def test_a_model_with_its_prototypes(service: Service, version: str) -> None:
    plain = await service.models.GetModel(models_pb2.GetModelRequest())
    assert (list(plain.labels), plain.HasField("directions")) == ([], False)
    await service.stub.UpdatePrototype(
        pb2.UpdatePrototypeRequest(prototype={"prototype_id": "calm", "label": "still"}, update_mask={"paths": ["label"]})
    )
    whole = await service.models.GetModel(models_pb2.GetModelRequest(include_prototypes=True, user_id="u"))
    assert (list(whole.prototype_ids), list(whole.labels)) == (["piano", "calm"], ["piano", "still"])
    assert whole.directions.dimension == 3
    rows = np.frombuffer(whole.directions.values, "<f4").reshape(2, 3)
    # Exemplars of piano are ada and bix, e₁ and e₂, of three tracks e₁, e₂, e₃; nothing sets calm apart from the catalogue.
    np.testing.assert_allclose(rows, [np.array([1, 1, -2]) / np.sqrt(6), [0, 0, 0]], atol=1e-6)
    assert whole.model == plain.model


async def test_directions_that_do_not_fit_are_refused_with_a_reason(empty_service: Service) -> None:
    write_bundle(random_model(1, tracks=20, prototypes=3000), empty_service.root, encoder_artifact=None)
    await empty_service.restart(server=ServerSettings(listen="127.0.0.1:0", max_message_bytes=1 << 16, grace_s=5.0))
    refused = await refusal(empty_service.models.GetModel(models_pb2.GetModelRequest(include_prototypes=True)))
    assert (refused.reason, refused.metadata["limit"]) == ("LIMIT_EXCEEDED", "65536")


async def test_pages_join_to_the_whole_list(empty_service: Service) -> None:
    folder = write_bundle(random_model(1, tracks=57, prototypes=23), empty_service.root, encoder_artifact=None)
    await empty_service.models.ActivateModel(models_pb2.ActivateModelRequest(model_version=folder.name))
    for method, request, field in [
        (empty_service.catalogue.ListTracks, catalogue_pb2.ListTracksRequest(query="title"), "tracks"),
        (empty_service.stub.ListPrototypes, pb2.ListPrototypesRequest(), "prototypes"),
    ]:
        request.page_size = 1000
        whole = await method(request)
        assert whole.next_page_token == ""
        request.page_size = 10
        pages = [await method(request)]
        while pages[-1].next_page_token:
            request.page_token = pages[-1].next_page_token
            pages.append(await method(request))
        assert [item for page in pages for item in getattr(page, field)] == list(getattr(whole, field))
        assert {len(getattr(page, field)) for page in pages[:-1]} == {10}
        assert {page.total_size for page in pages} == {len(getattr(whole, field))}
