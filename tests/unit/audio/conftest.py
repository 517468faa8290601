import pytest

from leitmotif_services.audio.engine import AudioEngine, load_engine


@pytest.fixture(scope="session")
def engine() -> AudioEngine:
    """The package's own encoder."""
    return load_engine()
