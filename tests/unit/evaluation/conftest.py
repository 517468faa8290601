from pathlib import Path

import pytest

from tests.unit.evaluation.sample_language_models import save_gpt2


@pytest.fixture(scope="session")
def gpt2_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Read only."""
    return save_gpt2(tmp_path_factory.mktemp("gpt2"))
