"""Traffic while the catalogue and the models change under it: no failed call, no track twice on a list, none that was deleted."""

import itertools
import shutil
import threading
import time

import pytest

from leitmotif import Client, F, Track, TrackUpsert
from leitmotif_services.workshop.ingest import ingest
from leitmotif_services.workshop.local_embedder import LocalEmbedder
from leitmotif_services.workshop.music_writing import TAGS_FILE
from tests.e2e.conftest import deploy

SECONDS = 12.0


@pytest.fixture(scope="module")
def models(composed, tmp_path_factory):
    """A folder with two bundles and the versions of both."""
    folder = shutil.copytree(composed.models, tmp_path_factory.mktemp("traffic") / "models")
    with LocalEmbedder(workers=1) as embedder:
        report = ingest(
            composed.music,
            embedder=embedder,
            models_root=folder,
            tags_csv=composed.music / TAGS_FILE,
            prototypes=10,
            seed=1,
        )
    return folder, (composed.model_version, report.model_version)


@pytest.fixture(scope="module")
def deployment(models, tmp_path_factory):
    yield from deploy(tmp_path_factory.mktemp("deployment"), models[0])


class Workers:
    """Threads that repeat a step until they are told to end; the first failure of each is kept."""

    def __init__(self, address):
        self._address = address
        self._stop = threading.Event()
        self._threads = []
        self.failures = []
        self.steps = {}

    def start(self, step):
        def run():
            with Client(self._address) as client:
                for turn in itertools.count():
                    if self._stop.is_set():
                        return
                    try:
                        step(client, turn)
                    except Exception as failure:
                        self.failures.append((step.__name__, failure))
                        return
                    self.steps[step.__name__] = self.steps.get(step.__name__, 0) + 1

        self._threads.append(threading.Thread(target=run))
        self._threads[-1].start()

    def end(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=60)
        assert not any(thread.is_alive() for thread in self._threads)


def test_lists_are_right_while_everything_changes(deployment, client, composed, models):
    _, versions = models
    for number in range(4):
        client.listen(f"listener-{number}", composed.heard)
    (embedding,) = client.audio.embed([sorted(composed.music.glob("*.wav"))[0]])
    deleted_at = {}
    seen_versions, arms = set(), set()
    workers = Workers(deployment.address)

    def checked(page):
        ids = [scored.track.track_id for scored in page]
        assert len(set(ids)) == len(ids)
        stale = [name for name in ids if deleted_at.get(name, page.catalogue_revision + 1) <= page.catalogue_revision]
        assert stale == []
        assert page.model_version
        seen_versions.add(page.model_version)
        arms.add(page.arm)
        return ids

    def reading_pages(own, turn):
        given = [name for page in own.recommend_pages(f"listener-{turn % 4}", 5, include_heard=True) for name in checked(page)]
        assert len(set(given)) == len(given)

    def recommending(own, turn):
        checked(own.recommend(f"listener-{turn % 4}", 10, include_heard=True, filter=~F.tag("no such tag"), max_per_artist=3))

    def in_bulk(own, _):
        for ranking in own.recommend_many([f"listener-{number}" for number in range(4)] * 4):
            checked(ranking)

    def changing_tracks(own, turn):
        names = [f"passing-{turn}-{number}" for number in range(3)]
        tracks = [TrackUpsert(Track(name, tags=("passing",)), embedding.embedding) for name in names]
        done = own.tracks.upsert(tracks, embedding.encoder_id)
        assert done.track_ids == tuple(names), done.failures
        seen = own.recommend("listener-0", 1000, include_heard=True, filter=F.tag("passing"))
        assert seen.catalogue_revision >= done.catalogue_revision
        assert set(names) <= {scored.track.track_id for scored in seen}
        gone = own.tracks.delete(names)
        assert gone.deleted_track_ids == tuple(names)
        deleted_at.update(dict.fromkeys(names, gone.catalogue_revision))

    def steering(own, turn):
        user_id = f"listener-{turn % 4}"
        prototype = own.models.active(user_id).prototype_ids[0]
        tried = own.what_if(user_id, boost={prototype: 0.5})
        assert len({scored.track.track_id for scored in tried.after}) == len(tried.after)
        time.sleep(0.05)  # a person's pace

    def changing_models(own, turn):
        match turn % 4:
            case 0:
                own.models.activate(versions[1])
            case 1:
                own.models.activate(versions[0])
            case 2:
                own.models.start_trial(versions[1], 0.5, f"trial-{turn}")
            case _:
                own.models.end_trial()
        time.sleep(0.3)  # so that each has some traffic

    for step in (reading_pages, recommending, in_bulk, changing_tracks, steering, changing_models):
        workers.start(step)
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and not workers.failures:
        time.sleep(0.05)  # between two looks at the clock and at what failed
    workers.end()
    assert workers.failures == []
    assert min(workers.steps.values()) > 3
    assert set(workers.steps) == {
        step.__name__ for step in (reading_pages, recommending, in_bulk, changing_tracks, steering, changing_models)
    }
    assert len(seen_versions) > 1
    assert len(arms) > 1
