"""From files on disk to a bundle that loads: composed music, real recordings, faults, a second run."""

import json
import shutil

import numpy as np
import pytest

from leitmotif_services.audio.engine import DEFAULT_ENCODER
from leitmotif_services.prototypes.profile import Profile
from leitmotif_services.prototypes.ranking.recommendation import recommend
from leitmotif_services.prototypes.safetensors_bundle import load_bundle, read_snippet
from leitmotif_services.workshop.embedding_cache import EmbeddingCache
from leitmotif_services.workshop.ingest import IngestError, ingest
from leitmotif_services.workshop.listening.table_rows import TableError


@pytest.fixture(scope="module")
def ingested(composed, embedder, tmp_path_factory):
    models_root = tmp_path_factory.mktemp("models")
    return ingest(
        composed.folder,
        embedder=embedder,
        models_root=models_root,
        interactions_csv=composed.interactions_csv,
        tags_csv=composed.tags_csv,
        encoder_artifact=DEFAULT_ENCODER,
    )


def test_composed_music_becomes_a_bundle_that_loads(ingested, composed):
    assert ingested.tracks == 72
    assert ingested.failed == ()
    assert ingested.left_out_rows == ()
    assert (ingested.other_files, ingested.passed_over) == (1, ("tags.csv",))
    model = load_bundle(ingested.bundle)
    assert model.model_version == ingested.model_version
    assert [track.track_id for track in model.catalogue.tracks] == [
        track.track_id for track in sorted(composed.written, key=lambda track: track.path.name)
    ]
    by_id = {track.track_id: track.piece for track in composed.written}
    for track in model.catalogue.tracks:
        assert (track.title, track.artist) in {
            (by_id[track.track_id].title, by_id[track.track_id].artist),
            (track.title, by_id[track.track_id].artist),
        }
        assert set(track.tags) == set(by_id[track.track_id].tags)


def test_tags_are_heard_and_listening_is_learnt(ingested):
    model = load_bundle(ingested.bundle)
    aucs = {prototype.label: prototype.fidelity.roc_auc for prototype in model.prototypes if prototype.fidelity}
    assert len(aucs) >= 20
    assert np.mean(list(aucs.values())) > 0.8
    assert aucs["drums"] > 0.85
    assert aucs["piano"] > 0.75
    assert ingested.metrics["ndcg@100"] > ingested.metrics["popularity_ndcg@100"] + 0.1


def test_boosting_a_prototype_brings_its_tracks_up_and_muting_removes_them(ingested):
    model = load_bundle(ingested.bundle)
    count = len(model.prototypes)
    rises = []
    for position in range(count):
        edits = np.zeros(count, np.float32)
        edits[position] = 1.0
        history = np.ones(count, np.float32)
        expressed = {
            track.track_id for track, mask in zip(model.catalogue.tracks, model.expression.mask(position), strict=True) if mask
        }
        before = {ranked.track.track_id for ranked in recommend(model, Profile(history, 0 * edits), count=15)}
        after = {ranked.track.track_id for ranked in recommend(model, Profile(history, edits), count=15)}
        muted = {ranked.track.track_id for ranked in recommend(model, Profile(history, 0 * edits, (position,)), count=15)}
        rises.append((len(after & expressed) - len(before & expressed)) / 15)
        assert not muted & expressed
    assert np.mean(rises) > 0.1
    assert min(rises) >= 0


def test_muting_a_tag_leaves_no_track_that_carries_it(ingested):
    model = load_bundle(ingested.bundle)
    silent = np.zeros(len(model.prototypes), np.float32)
    common = 0
    for position, prototype in enumerate(model.prototypes):
        if prototype.source != "tag":
            continue
        carriers = sum(prototype.label in track.tags for track in model.catalogue.tracks)
        common += carriers > 0.25 * len(model.catalogue)
        ranking = recommend(model, Profile(silent + 1, silent, (position,)), count=len(model.catalogue))
        assert ranking
        assert not [ranked.track.track_id for ranked in ranking if prototype.label in ranked.track.tags]
        assert len(ranking) == len(model.catalogue) - model.expression.counts[position] <= len(model.catalogue) - carriers
    assert common >= 5


def test_exemplars_are_playable(ingested):
    model = load_bundle(ingested.bundle)
    exemplar = model.prototypes[0].exemplars[0]
    assert read_snippet(model, exemplar.snippet).startswith(b"OggS")
    assert all(prototype.exemplars for prototype in model.prototypes)


def test_a_second_run_embeds_nothing_and_gives_the_same_version(ingested, composed):
    again = ingest(
        composed.folder,
        embedder=_NoEmbedder(ingested),
        models_root=ingested.bundle.parent,
        interactions_csv=composed.interactions_csv,
        tags_csv=composed.tags_csv,
        encoder_artifact=DEFAULT_ENCODER,
    )
    assert again.reused == 72
    assert again.model_version == ingested.model_version
    assert again.bundle == ingested.bundle


class _NoEmbedder:
    """Names the encoder; fails when it is asked to embed anything."""

    def __init__(self, report):
        manifest = json.loads((report.bundle / "manifest.json").read_text())
        self.encoder = type("Identity", (), {"encoder_id": manifest["encoder"]["id"], "sha256": manifest["encoder"]["sha256"]})()

    def embed(self, paths):
        assert not list(paths)
        yield from ()


def test_real_recordings_with_a_broken_file(real_music, embedder, tmp_path):
    folder = tmp_path / "music"
    shutil.copytree(real_music, folder)
    whole = sorted(real_music.glob("*.ogg"))
    assert len(whole) == 8
    (folder / "broken.ogg").write_bytes(whole[0].read_bytes()[:5000])
    report = ingest(folder, embedder=embedder, models_root=tmp_path / "models")
    assert report.tracks == 8
    [failed] = report.failed
    assert failed.path == "broken.ogg"
    assert "OGG" in failed.reason
    assert report.other_files == 8  # the licences
    model = load_bundle(report.bundle)
    assert 3 <= len(model.prototypes) <= 12
    assert len({prototype.label for prototype in model.prototypes}) == len(model.prototypes)
    assert {prototype.source for prototype in model.prototypes} == {"discovered"}
    titles = {track.title: track.artist for track in model.catalogue.tracks}
    assert titles["Let's Go Fishin'"] == "Karissa Hobbs"
    assert titles["solo-trumpet-06"] == "sorohanro"  # from the file's name, as it carries no tags
    # A listener of the whale alone: every track is ranked, the whale's own first.
    heard = next(position for position, track in enumerate(model.catalogue.tracks) if "humpback" in track.track_id)
    history = np.asarray(model.scoring.affinities[heard])
    ranking = recommend(model, Profile(history, np.zeros_like(history)), count=8)
    assert len(ranking) == 8
    assert "humpback" in ranking[0].track.track_id


def test_a_stopped_run_goes_on_where_it_was(composed, embedder, tmp_path):
    folder = tmp_path / "music"
    folder.mkdir()
    for track in composed.written[:6]:
        shutil.copy(track.path, folder)

    class Stopping:
        encoder = embedder.encoder

        def embed(self, paths):
            for number, outcome in enumerate(embedder.embed(paths)):
                if number == 3:
                    raise KeyboardInterrupt
                yield outcome

    with pytest.raises(KeyboardInterrupt):
        ingest(folder, embedder=Stopping(), models_root=tmp_path / "models")
    assert not any(not entry.name.startswith(".") for entry in (tmp_path / "models").iterdir())
    report = ingest(folder, embedder=embedder, models_root=tmp_path / "models")
    assert (report.tracks, report.reused) == (6, 3)


def test_a_changed_file_is_embedded_anew(composed, embedder, tmp_path):
    folder = tmp_path / "music"
    folder.mkdir()
    for number, track in enumerate(composed.written[:3]):
        shutil.copy(track.path, folder / f"{number}{track.path.suffix}")
    first = ingest(folder, embedder=embedder, models_root=tmp_path / "models")
    shutil.copy(composed.written[10].path, folder / f"0{composed.written[0].path.suffix}")
    second = ingest(folder, embedder=embedder, models_root=tmp_path / "models")
    assert (first.reused, second.reused) == (0, 2)
    assert first.model_version != second.model_version


def test_a_damaged_cache_entry_is_written_anew(composed, embedder, tmp_path):
    folder, cache = tmp_path / "music", tmp_path / "cache"
    folder.mkdir()
    for track in composed.written[:3]:
        shutil.copy(track.path, folder)
    first = ingest(folder, embedder=embedder, models_root=tmp_path / "models", cache_folder=cache)
    entries = sorted(cache.rglob("*.npz"))
    assert len(entries) == 3
    entries[0].write_bytes(entries[0].read_bytes()[:-200])
    entries[1].write_bytes(b"")
    second = ingest(folder, embedder=embedder, models_root=tmp_path / "models", cache_folder=cache)
    assert second.reused == 1
    assert second.model_version == first.model_version


def test_the_cache_returns_what_was_put(composed, embedder, tmp_path):
    [(_, track)] = embedder.embed([composed.written[0].path])
    cache = EmbeddingCache(tmp_path, "e" * 64)
    assert cache.get("a" * 64) is None
    cache.put("a" * 64, track)
    kept = cache.get("a" * 64)
    assert np.array_equal(kept.embedding, track.embedding)
    assert np.array_equal(kept.segment_embeddings, track.segment_embeddings)
    assert (kept.segments, kept.descriptors, kept.duration_s) == (track.segments, track.descriptors, track.duration_s)
    assert (kept.source_sample_rate_hz, kept.source_channels) == (track.source_sample_rate_hz, track.source_channels)
    assert EmbeddingCache(tmp_path, "f" * 64).get("a" * 64) is None  # another encoder's


def test_rows_of_files_that_failed_and_rows_at_fault_are_told(composed, embedder, tmp_path):
    folder = tmp_path / "music"
    folder.mkdir()
    for number, track in enumerate(composed.written[:4]):
        shutil.copy(track.path, folder / f"{number}{track.path.suffix}")
    (folder / "bad.wav").write_bytes(b"RIFF")
    plays = tmp_path / "plays.csv"
    plays.write_text("user_id,track_id,count\nann,0,1\nann,1,2\nbob,bad,1\nbob,2,nan\nbob,nowhere,1\n")
    report = ingest(folder, embedder=embedder, models_root=tmp_path / "models", interactions_csv=plays)
    assert report.tracks == 4
    assert [failed.path for failed in report.failed] == ["bad.wav"]
    assert [(fault.file, fault.row) for fault in report.left_out_rows] == [("plays.csv", 5), ("plays.csv", 6)]
    assert report.unused_interactions == 1


def test_too_little_music_ends_in_a_sentence(composed, embedder, tmp_path):
    folder = tmp_path / "music"
    (folder / "inner").mkdir(parents=True)
    with pytest.raises(IngestError, match="no audio files"):
        ingest(folder, embedder=embedder, models_root=tmp_path / "models")
    shutil.copy(composed.written[0].path, folder / "inner")
    (folder / "bad.flac").write_bytes(b"fLaC")
    with pytest.raises(IngestError, match=r"1 of 2 audio files can be used, 2 are the fewest; bad\.flac"):
        ingest(folder, embedder=embedder, models_root=tmp_path / "models")


def test_a_table_at_fault_is_refused_before_anything_is_embedded(composed, ingested, tmp_path):
    table = tmp_path / "tags.csv"
    table.write_text("name,tag\nx,y\n")
    with pytest.raises(TableError, match="track_id is missing"):
        ingest(composed.folder, embedder=_NoEmbedder(ingested), models_root=tmp_path / "models", tags_csv=table)
