"""A composed catalogue as listening data: real music, really embedded."""

import pytest

from leitmotif_services.workshop.listening import composed_catalogue
from leitmotif_services.workshop.local_embedder import LocalEmbedder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("composed")


def loaded(folder, stages=None):
    with LocalEmbedder(workers=1) as embedder:
        return composed_catalogue.load(
            folder, embedder, tracks=14, listeners=60, duration_s=4.0, on_progress=lambda *step: (stages or []).append(step)
        )


def test_people_listen_to_music_by_its_tags(folder):
    stages = [("begin", 0, 0)]
    first = loaded(folder, stages)
    data, report = first.data, first.report
    assert 0 < report.users <= 60
    assert data.counts.shape == (len(data.user_ids), len(data.item_ids)) == (report.users, report.items)
    assert data.audio.shape == (report.items, len(data.audio_names))
    assert report.items_with_audio == report.items
    assert set(data.tagging.users.tolist()) == {-1}
    assert set(data.tagging.items.tolist()) == set(range(report.items))
    dropped = sum(entry.count for entry in report.left_out if entry.reason.startswith("tracks"))
    assert report.items + dropped == 14
    assert {stage for stage, _, _ in stages} == {"begin", "composing", "embedding"}

    again_stages = [("begin", 0, 0)]
    again = loaded(folder, again_stages)  # nothing is embedded a second time
    assert {stage for stage, _, _ in again_stages} == {"begin", "composing"}
    assert (again.data.counts != data.counts).nnz == 0
    assert (again.data.audio == data.audio).all()
