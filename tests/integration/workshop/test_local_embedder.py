"""Processes embed what the engine embeds, and survive what kills a decoder."""

import os
import signal
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from leitmotif_services.audio.engine import load_engine
from leitmotif_services.workshop import embedding_worker
from leitmotif_services.workshop.embedder import Refused
from leitmotif_services.workshop.local_embedder import CRASHED, LocalEmbedder


def test_it_gives_what_the_engine_gives(embedder, composed):
    engine = load_engine(threads=1)
    paths = [track.path for track in composed.written[:5]]
    outcomes = dict(embedder.embed(paths))
    assert set(outcomes) == set(paths)
    for path, outcome in outcomes.items():
        alone = engine.embed(path.read_bytes())
        assert np.allclose(outcome.embedding, alone.embedding, atol=1e-6)
        assert outcome.segments == alone.segments
    assert embedder.encoder.encoder_id == engine.encoder.encoder_id
    assert embedder.encoder.sha256 == engine.encoder.sha256


def test_a_bad_file_is_refused_and_the_others_go_on(embedder, composed, tmp_path):
    bad = tmp_path / "bad.mp3"
    bad.write_bytes(b"this is text")
    missing = tmp_path / "missing.ogg"
    good = composed.written[0].path
    outcomes = dict(embedder.embed([bad, missing, good]))
    assert isinstance(outcomes[bad], Refused)
    assert "no WAV, FLAC, OGG" in outcomes[bad].reason
    assert "cannot be read" in outcomes[missing].reason
    assert outcomes[good].embedding.shape


def test_nothing_to_embed_starts_nothing():
    with LocalEmbedder(workers=1) as embedder:
        assert list(embedder.embed([])) == []
        assert embedder._pool is None


def test_a_file_that_kills_its_process_is_the_only_one_refused(composed, tmp_path, monkeypatch):
    """A decoder that crashes on one file stands in for libsndfile on a malicious one: the process really dies."""
    killer = tmp_path / "killer.wav"
    killer.write_bytes(b"x")
    good = [track.path for track in composed.written[:3]]
    submit = ProcessPoolExecutor.submit

    def deadly(pool, work, path):
        return submit(pool, _die) if path == killer else submit(pool, work, path)

    monkeypatch.setattr(ProcessPoolExecutor, "submit", deadly)
    with LocalEmbedder(workers=1) as embedder:
        outcomes = dict(embedder.embed([good[0], killer, *good[1:]]))
    assert outcomes.pop(killer) == Refused(CRASHED)
    assert set(outcomes) == set(good)
    assert not any(isinstance(outcome, Refused) for outcome in outcomes.values())


def _die():
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_worker_sets_its_thread_counts():
    with LocalEmbedder(workers=1) as embedder:
        pool = embedder._started()
        counts = pool.submit(os.getenv, "OMP_NUM_THREADS").result()
        assert counts == "1"
    assert embedding_worker._engine is None  # this process's own is not touched
