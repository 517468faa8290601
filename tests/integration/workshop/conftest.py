"""Composed music on disk with listeners, written once a session, and one embedder of two processes."""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from leitmotif_services.workshop.audience import simulate_audience, write_interactions
from leitmotif_services.workshop.local_embedder import LocalEmbedder
from leitmotif_services.workshop.music_writing import TAGS_FILE, WrittenTrack, write_music


@dataclass
class Collection:
    folder: Path
    written: list[WrittenTrack]
    tags_csv: Path
    interactions_csv: Path


@pytest.fixture(scope="session")
def embedder():
    with LocalEmbedder(workers=2) as embedder:
        yield embedder


@pytest.fixture(scope="session")
def composed(tmp_path_factory):
    """72 pieces of about 10 s and 150 listeners."""
    folder = tmp_path_factory.mktemp("composed")
    written = write_music(folder / "music", tracks=72, seed=1, duration_s=10.0)
    audience = simulate_audience({track.track_id: track.piece.tag_weights for track in written}, listeners=150, seed=1)
    write_interactions(folder / "plays.csv", audience.interactions)
    return Collection(folder / "music", written, folder / "music" / TAGS_FILE, folder / "plays.csv")


@pytest.fixture
def real_music():
    """The folder of real recordings."""
    root = Path(os.environ.get("LEITMOTIF_TEST_DATA", Path(__file__).parents[4] / "shared" / "data"))
    if not (root / "audio").is_dir():
        pytest.skip(f"no real recordings at {root / 'audio'}; set LEITMOTIF_TEST_DATA")
    return root / "audio"
