import numpy as np
import pytest
from scipy.sparse import csr_array

from leitmotif_services.workshop.listening.listening_data import ListeningData, Tagging
from leitmotif_services.workshop.listening.loading_report import FaultLedger, LoadedListening, report_on
from leitmotif_services.workshop.listening.table_rows import TableError
from leitmotif_services.workshop.recommender_bundle import Encoder
from leitmotif_services.workshop.table_embeddings import UNNAMED, with_embeddings

SHA256 = "0123456789abcdef" * 4
NONE = np.zeros(0, np.int64)
DATA = ListeningData(
    name="own",
    user_ids=("ada",),
    item_ids=("music/one.flac", "two.flac", "three", "four"),
    item_names=("One", "Two", "Three", "Four"),
    artists=("a", "b", "c", "d"),
    counts=csr_array(np.ones((1, 4))),
    tagging=Tagging((), NONE, NONE, NONE, np.zeros(0)),
    audio=np.zeros((4, 0)),
    audio_names=(),
)
IDS = ["music/one.flac", "music/two.flac", "music/three.flac", "music/five.flac"]
EMBEDDINGS = np.arange(8.0).reshape(4, 2).astype(np.float32)


def read(folder, **arrays):
    path = folder / "music.npz"
    np.savez(path, **({"embeddings": EMBEDDINGS, "ids": np.array(IDS)} | arrays))
    return with_embeddings(LoadedListening(DATA, report_on(DATA, FaultLedger())), path)


def told(counted):
    return {entry.reason: (entry.file, entry.count, entry.examples) for entry in counted}


def test_tracks_are_found_by_path_name_and_stem(tmp_path):
    loaded, _ = read(tmp_path)
    data, report = loaded.data, loaded.report
    np.testing.assert_array_equal(data.audio, [[0, 1], [2, 3], [4, 5], [np.nan, np.nan]])
    assert data.audio_names == ("embedding 0", "embedding 1")
    assert report.items_with_audio == 3
    assert told(report.left_out) == {"embeddings belong to no track that is left": ("music.npz", 1, ("music/five.flac",))}
    assert told(report.noted) == {"tracks have no embedding, and stay without audio": ("music.npz", 1, ("four",))}


def test_of_two_embeddings_of_a_track_the_first_stays_and_the_other_is_told(tmp_path):
    loaded, _ = read(tmp_path, ids=np.array(["music/one.flac", "two.flac", "other/two.flac", "four"]))
    np.testing.assert_array_equal(loaded.data.audio, [[0, 1], [2, 3], [np.nan, np.nan], [6, 7]])
    twice = told(loaded.report.left_out)["the track has an embedding already"]
    assert twice == ("music.npz", 1, ("other/two.flac after two.flac",))


@pytest.mark.parametrize("shape", [(), (1,), (4,)])
def test_the_encoder_that_the_file_names_is_the_bundles(shape, tmp_path):
    _, encoder = read(tmp_path, encoder_id=np.full(shape, "music-2"), encoder_sha256=np.full(shape, SHA256))
    assert encoder == Encoder("music-2", SHA256)


def test_a_file_that_names_none_is_known_by_its_dimension(tmp_path):
    _, encoder = read(tmp_path)
    _, wider = read(tmp_path, embeddings=np.ones((4, 3)))
    assert encoder.encoder_id == wider.encoder_id == UNNAMED
    assert encoder.sha256 != wider.sha256


@pytest.mark.parametrize(
    ("arrays", "problem"),
    [
        ({"encoder_id": ["one", "one", "two", "two"], "encoder_sha256": SHA256}, "several encoders.*encoder_id one, two"),
        ({"encoder_id": "one", "encoder_sha256": [SHA256, "f" * 64]}, "several encoders.*encoder_sha256"),
        ({"encoder_id": "one"}, "64 hexadecimal digits"),
        ({"encoder_sha256": SHA256}, "must be an id"),
        ({"encoder_id": "no id/", "encoder_sha256": SHA256}, "must be an id"),
        ({"encoder_id": "one", "encoder_sha256": "abc"}, "64 hexadecimal digits"),
        ({"embeddings": np.full((4, 2), np.inf)}, "must be finite"),
        ({"embeddings": np.zeros((3, 2))}, "one row for each"),
        ({"ids": np.array(["a", "b", "c", "d"])}, "none of its 4 embeddings"),
    ],
)
def test_what_is_wrong_with_a_file_is_told(arrays, problem, tmp_path):
    with pytest.raises(TableError, match=problem):
        read(tmp_path, **arrays)


def test_a_file_of_another_kind_is_told(tmp_path):
    path = tmp_path / "music.npz"
    path.write_text("track_id,energy\n")
    with pytest.raises(TableError, match="is no NPZ file"):
        with_embeddings(LoadedListening(DATA, report_on(DATA, FaultLedger())), path)
