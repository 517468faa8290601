"""What a served model promises, whatever its kind; that an edit never hurts who has more of it is `leitmotif`'s alone."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from leitmotif.api.prototypes.v1 import catalogue_pb2, models_pb2
from leitmotif.api.prototypes.v1 import prototypes_pb2 as pb2
from leitmotif_services.prototypes.bundle_writing import Trained, write_bundle
from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.model_kinds import KINDS
from leitmotif_services.prototypes.profile import Profile
from leitmotif_services.prototypes.ranking.options import RankingOptions
from leitmotif_services.prototypes.ranking.recommendation import RankedTrack, explain_track, recommend
from leitmotif_services.prototypes.safetensors_bundle import load_bundle
from leitmotif_services.runtime.errors import Reason, ServiceError
from tests.integration.prototypes.running_service import Service, vector
from tests.unit.prototypes.sample_models import random_apn, random_model, served

TRACKS, PROTOTYPES = 120, 6
MAKERS: dict[str, Callable[..., Trained]] = {"leitmotif": random_model, "apn": random_apn}

HISTORY = (2.0, 0.5, 1.0, 0.0, 0.25, 0.75)
EDITS = (0.0, 1.0, 0.0, -0.5, 0.0, 0.0)


@pytest.fixture(params=sorted(KINDS))
def trained(request: pytest.FixtureRequest) -> Trained:
    return MAKERS[request.param](11, tracks=TRACKS, prototypes=PROTOTYPES)


@pytest.fixture
def model(trained: Trained, tmp_path: Path) -> ServedModel:
    return served(trained, tmp_path)


def asked(muted: tuple[int, ...] = (), edits: tuple[float, ...] = EDITS) -> Profile:
    return Profile(np.array(HISTORY, np.float32), np.array(edits, np.float32), muted)


def ids(ranked: list[RankedTrack]) -> list[str]:
    return [item.track.track_id for item in ranked]


def test_every_track_once_best_first(model: ServedModel) -> None:
    ranked = recommend(model, asked(), count=1000)
    scores = [item.explanation.score for item in ranked]
    assert len(ranked) == len(set(ids(ranked))) == TRACKS
    assert scores == sorted(scores, reverse=True)
    assert [item.rank for item in ranked] == list(range(1, TRACKS + 1))


def test_faiss_answers_as_the_reference(trained: Trained, model: ServedModel, tmp_path: Path) -> None:
    fast = served(trained, tmp_path, "faiss")
    for count in (1, 7, 50):
        assert recommend(fast, asked(), count=count) == recommend(model, asked(), count=count)


def test_bias_and_contributions_sum_to_the_score(model: ServedModel) -> None:
    for listed in (0, 2, PROTOTYPES):
        for item in recommend(model, asked(), count=TRACKS, contribution_count=listed):
            told = item.explanation
            assert len(told.contributions) == listed
            total = told.bias + told.other_contributions + sum(part.contribution for part in told.contributions)
            assert total == pytest.approx(told.score, abs=1e-9)


def test_only_what_was_edited_has_an_edits_contribution(model: ServedModel) -> None:
    explanation = explain_track(model, asked(), "track-3")[0].explanation
    assert {part.prototype for part in explanation.contributions} == set(range(PROTOTYPES))
    assert {part.prototype for part in explanation.contributions if part.edit_contribution != 0} <= {1, 3}
    unedited = explain_track(model, asked(edits=(0.0,) * PROTOTYPES), "track-3")[0].explanation
    assert all(part.edit_contribution == 0 for part in unedited.contributions)


def test_an_edit_moves_the_list(model: ServedModel) -> None:
    assert ids(recommend(model, asked(edits=(0, 0, 0, 0, 8, 0)), count=20)) != ids(
        recommend(model, asked(edits=(0,) * PROTOTYPES), count=20)
    )


def test_explaining_agrees_with_recommending(model: ServedModel) -> None:
    for item in recommend(model, asked(), count=TRACKS, contribution_count=-1)[::17]:
        explained, removed_by = explain_track(model, asked(), item.track.track_id)
        assert (explained, removed_by) == (item, [])


def test_a_muted_prototype_removes_its_top_decile_and_counts_for_nothing(model: ServedModel) -> None:
    ranked = recommend(model, asked(muted=(2,)), count=1000, contribution_count=-1)
    decile = np.argsort(-model.scoring.affinities[:, 2])[: TRACKS // 10]
    removed = {model.catalogue.tracks[position].track_id for position in decile}
    assert not removed & set(ids(ranked))
    assert len(ranked) == TRACKS - len(removed)
    for item in ranked:
        assert [part.contribution for part in item.explanation.contributions if part.prototype == 2] == [0.0]
    explained, removed_by = explain_track(model, asked(muted=(2,)), sorted(removed)[0])
    assert (explained.rank, removed_by, explained.explanation.reason) == (0, [2], "Left out because you muted label 2.")


def test_excluded_tracks_leave_no_gap(model: ServedModel) -> None:
    everything = ids(recommend(model, asked(), count=1000))
    left = recommend(model, asked(), count=10, options=RankingOptions(excluded=[*everything[:5], "nobody"]))
    assert ids(left) == everything[5:15]
    assert [item.rank for item in left] == list(range(1, 11))


def test_an_unknown_track_is_told(model: ServedModel) -> None:
    with pytest.raises(ServiceError) as refused:
        explain_track(model, asked(), "nobody")
    assert refused.value.reason == Reason.TRACK_NOT_FOUND


def test_an_altered_array_is_refused(trained: Trained, tmp_path: Path) -> None:
    folder = write_bundle(trained, tmp_path, encoder_artifact=None)
    path = folder / "arrays.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ServiceError) as refused:
        load_bundle(folder)
    assert (refused.value.reason, refused.value.metadata["file"]) == (Reason.BUNDLE_CORRUPT, "arrays.safetensors")


def test_a_shape_at_odds_with_the_rest_is_refused_by_name(trained: Trained, tmp_path: Path) -> None:
    name = "output_weights" if trained.kind == "apn" else "responses"
    wrong = dataclasses.replace(trained, **{name: getattr(trained, name)[:, 1:]})
    with pytest.raises(ValueError, match=f"{name} is float32 of shape"):
        write_bundle(wrong, tmp_path, encoder_artifact=None)
    assert not any(path.is_dir() for path in tmp_path.iterdir())


def test_a_kind_that_is_not_known_is_refused(trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_bundle(trained, tmp_path, encoder_artifact=None)
    monkeypatch.delitem(KINDS, trained.kind)  # type: ignore[arg-type]
    with pytest.raises(ServiceError, match=f"kind '{trained.kind}'") as refused:
        load_bundle(folder)
    assert refused.value.reason == Reason.BUNDLE_SCHEMA_UNKNOWN


async def test_both_kinds_serve_from_one_folder(tmp_path: Path) -> None:
    models = {kind: make(11, tracks=TRACKS, prototypes=PROTOTYPES) for kind, make in MAKERS.items()}
    root = tmp_path / "models"
    versions = {kind: write_bundle(model, root, encoder_artifact=None).name for kind, model in models.items()}
    service = Service(root)
    await service.start()
    try:
        for kind, version in versions.items():
            activated = await service.models.ActivateModel(models_pb2.ActivateModelRequest(model_version=version))
            assert (activated.model.kind, activated.model.active) == (kind, True)
            profile = vector(version, HISTORY, EDITS, muted=(2,))
            answer = await service.stub.RecommendTracks(
                pb2.RecommendTracksRequest(
                    profile=profile, count=5, contribution_count=-1, options=pb2.RankingOptions(excluded_track_ids=["track-0"])
                )
            )
            assert (answer.model_version, [item.rank for item in answer.tracks]) == (version, [1, 2, 3, 4, 5])
            first = answer.tracks[0]
            assert first.bias + sum(part.contribution for part in first.contributions) == pytest.approx(first.score, abs=1e-5)
            explained = await service.stub.ExplainTrack(pb2.ExplainTrackRequest(profile=profile, track_id=first.track.track_id))
            assert explained.track.score == first.score
            affinities = await service.catalogue.GetAffinities(catalogue_pb2.GetAffinitiesRequest(track_ids=["track-1"]))
            assert affinities.affinities.dimension == PROTOTYPES
        listed = await service.models.ListModels(models_pb2.ListModelsRequest())
        assert {model.kind for model in listed.models} == set(KINDS)
    finally:
        await service.stop()
