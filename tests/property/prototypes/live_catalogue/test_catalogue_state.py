"""Any sequence of upserts, deletions, restarts, compactions and activations, against a dictionary."""

import shutil
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from leitmotif_services.prototypes.bundle_writing import write_bundle
from leitmotif_services.prototypes.live_catalogue.catalogue_writer import CatalogueWriter, DeleteRequest, UpsertRequest
from leitmotif_services.prototypes.live_catalogue.compactor import CompactionSettings, Compactor
from leitmotif_services.prototypes.live_catalogue.file_journal import FileJournal
from leitmotif_services.prototypes.live_catalogue.filters import FieldIn
from leitmotif_services.prototypes.live_catalogue.replay import caught_up
from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.models.model_registry import ModelRegistry
from leitmotif_services.prototypes.profile import Profile
from leitmotif_services.prototypes.safetensors_bundle import load_bundle, read_manifest, read_snippet
from leitmotif_services.prototypes.track import Track
from tests.unit.prototypes.live_catalogue.changed_models import unit
from tests.unit.prototypes.sample_models import random_apn, random_model

TRACKS, PROTOTYPES = 12, 3
MEMORY = Path("/dev/shm")
"""Where forcing to disk costs nothing: what survives a crash is another test's business."""

TAGS = st.lists(st.sampled_from(["a", "b", "tag"]), max_size=2, unique=True).map(tuple)
IDS = st.one_of(st.integers(0, TRACKS - 1).map(lambda number: f"track-{number}"), st.sampled_from(["new-1", "new-2", "new-3"]))
VALUES = st.integers(-4, 4)


class Catalogue(RuleBasedStateMachine):
    """The expected catalogue holds, by id, the track and the embedding that it was last given."""

    @initialize(seed=st.integers(0, 5), kind=st.sampled_from([random_model, random_apn]))
    def begin(self, seed: int, kind: object) -> None:
        self.root = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
        content = kind(seed, tracks=TRACKS, prototypes=PROTOTYPES)  # type: ignore[operator]
        self.first = write_bundle(content, self.root, encoder_artifact=None).name
        self.expected: dict[str, tuple[Track, np.ndarray]] = {  # type: ignore[type-arg]
            track.track_id: (track, row) for track, row in zip(content.tracks, content.embeddings, strict=True)
        }
        self.start()

    def start(self) -> None:
        self.journal = FileJournal(self.root, segment_bytes=2000)
        self.registry = ModelRegistry(self.root, load_bundle, read_manifest, prepare=lambda model: caught_up(model, self.journal))
        kept = CompactionSettings(share=1e9, most=10**9, kept_bundles=1, kept_journal_bytes=1 << 30)
        self.compactor = Compactor(self.registry, self.journal, kept, read_snippet)
        self.registry.start()
        self.writer = CatalogueWriter(self.journal, self.registry, most_later=1000, on_change=lambda: None)
        self.model = self.registry.current()

    def stop(self) -> None:
        self.writer.close()
        self.compactor.close()
        self.journal.close()

    def teardown(self) -> None:
        if hasattr(self, "writer"):
            self.stop()
            shutil.rmtree(self.root)

    @rule(upserts=st.dictionaries(IDS, st.tuples(TAGS, st.one_of(st.none(), st.tuples(VALUES, VALUES))), min_size=1, max_size=3))
    def upsert(self, upserts: dict[str, tuple[tuple[str, ...], tuple[int, int] | None]]) -> None:
        tracks = {}
        for place, (track_id, (tags, values)) in enumerate(upserts.items()):
            embedding = None if values is None else unit(1, *values, 0, 0, 0, 0, 0)
            tracks[place] = (Track(track_id, f"Title {len(tags)}", "Artist", 1.0, tags), embedding)
        outcome = self.writer.submit(UpsertRequest(tracks, "mel-cnn-1")).result(10)
        for place, (track, embedding) in tracks.items():
            known = self.expected.get(track.track_id)
            assert (place in outcome.refused) == (embedding is None and known is None)
            if place not in outcome.refused:
                heard = known[1] if embedding is None and known is not None else embedding
                assert heard is not None
                self.expected[track.track_id] = (track, heard)

    @rule(track_ids=st.lists(IDS, min_size=1, max_size=3, unique=True))
    def delete(self, track_ids: list[str]) -> None:
        outcome = self.writer.submit(DeleteRequest(track_ids)).result(10)
        for place, track_id in enumerate(track_ids):
            assert (self.expected.pop(track_id, None) is None) == (place in outcome.refused)

    @rule()
    def restart(self) -> None:
        self.stop()
        self.start()

    @precondition(lambda self: self.expected)
    @rule()
    def compact(self) -> None:
        before = self.registry.current()
        self.compactor.compact(before)
        after = self.registry.current()
        assert after.later is None
        assert after.profile_version == before.profile_version == self.first
        assert after.catalogue_revision == before.catalogue_revision
        rows = [(model, np.array([model.catalogue.position_of(each) for each in self.expected])) for model in (before, after)]
        assert np.array_equal(*(model.scoring.affinities[where] for model, where in rows))
        assert np.array_equal(*(model.scoring.learned(where) for model, where in rows))
        assert np.array_equal(*(model.scoring.bias(where) for model, where in rows))

    @rule()
    def activate_the_first_bundle(self) -> None:
        self.registry.activate(self.first)

    @invariant()
    def holds_what_is_expected(self) -> None:
        if not hasattr(self, "writer"):
            return
        model = self.registry.current()
        assert len(model.catalogue) == len(self.expected)
        listed = [model.catalogue.tracks[position] for position in model.catalogue.page(None, "", 100)]
        assert listed == [self.expected[track_id][0] for track_id in sorted(self.expected)]
        for track_id, (_, embedding) in self.expected.items():
            position = model.catalogue.position_of(track_id)
            assert position is not None
            assert np.array_equal(model.embeddings[position], embedding)
        self.ranks_the_living(model)

    def ranks_the_living(self, model: ServedModel) -> None:
        edits = np.array([1.0, 0.0, -0.5], np.float32)
        query = model.scoring.query(Profile(np.array([0.5, -1.0, 0.25], np.float32), edits))
        tagged = model.catalogue.fields.mask(FieldIn("tags", ("a",)))
        for kept in (None, tagged):
            expected = {each for each, (track, _) in self.expected.items() if kept is None or "a" in track.tags}
            for index in (model.index, model.exact):
                found = index.search(query, 100, None if kept is None else kept.copy())
                assert {model.catalogue.tracks[position].track_id for position in found.tolist()} == expected
                assert len(found) == len(expected)
                scores = model.scoring.scores(query, found)
                assert np.all(np.diff(scores) <= 0)
        every = model.index.search(query, 100, None)
        parts = model.scoring.contributions(query, every)
        assert np.allclose(parts.total.sum(axis=1) + parts.bias, parts.scores, atol=1e-5)
        for rank, position in enumerate(every.tolist(), start=1):
            assert model.exact.rank(query, position, None if model.alive is None else model.alive.copy()) == rank


TestCatalogue = Catalogue.TestCase
TestCatalogue.settings = settings(max_examples=25, stateful_step_count=15, deadline=None)
