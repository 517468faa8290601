import uuid
from pathlib import Path

import pytest

from tests.unit.evaluation.sample_language_models import TEXT, save_gpt2

LONG_TEXT = TEXT * 8
"""With a stride of one, some seconds of work for the small model."""


@pytest.fixture(scope="session")
def evaluation_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`models/gpt2` and some texts; read only."""
    root = tmp_path_factory.mktemp("evaluation")
    save_gpt2(root / "models" / "gpt2")
    texts = root / "texts"
    texts.mkdir()
    (texts / "short.txt").write_text(TEXT)
    (texts / "long.txt").write_text(LONG_TEXT)
    (texts / "binary").write_bytes(b"\x7fELF\x02\x01\xff\xfe")
    (texts / "empty.txt").write_bytes(b"")
    (root / "outside.txt").write_text("secret")
    (texts / "link.txt").symlink_to(root / "outside.txt")
    pickled = root / "models" / "pickled"
    pickled.mkdir()
    (pickled / "config.json").write_text('{"model_type": "gpt2"}')
    (pickled / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    return root


@pytest.fixture(scope="module")
def key_prefix() -> str:
    return f"test-{uuid.uuid4().hex}"
