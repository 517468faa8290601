"""Services that the tests of this folder call."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from leitmotif_services.prototypes.bundle_writing import write_bundle
from tests.integration.prototypes.running_service import Service
from tests.unit.prototypes.sample_models import by_hand


@pytest.fixture
async def empty_service(tmp_path: Path) -> AsyncIterator[Service]:
    """Over a model folder without any bundle."""
    service = Service(tmp_path / "models")
    service.root.mkdir()
    await service.start()
    yield service
    await service.stop()


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    """Over the by-hand model."""
    service = Service(tmp_path / "models")
    write_bundle(by_hand(), service.root, encoder_artifact=None)
    await service.start()
    yield service
    await service.stop()


@pytest.fixture
def version(service: Service) -> str:
    """Model version of the by-hand model."""
    [folder] = [path for path in service.root.iterdir() if path.is_dir() and not path.name.startswith(".")]
    return folder.name
