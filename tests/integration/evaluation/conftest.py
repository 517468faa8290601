import json
import uuid
from pathlib import Path

import pytest

from tests.unit.evaluation.sample_language_models import TEXT, save_gpt2

LONG_TEXT = TEXT * 8
"""With a stride of one, some seconds of work for the small model."""

WEB_TEXT = "".join(
    f"On day {day} somebody wrote of rain, of trains that were late and of {day + 3} other things.\n" for day in range(60)
)
"""A reference that is not about music."""


@pytest.fixture(scope="session")
def evaluation_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`models/gpt2`, another to compare it with, some that cannot be used, and texts; jobs write below `models/adapted` alone."""
    root = tmp_path_factory.mktemp("evaluation")
    save_gpt2(root / "models" / "gpt2")
    save_gpt2(root / "models" / "gpt2-law", n_layer=1)
    other = save_gpt2(root / "models" / "other-tokenizer")
    tokenizer = json.loads((other / "tokenizer.json").read_text())
    (other / "tokenizer.json").write_text(json.dumps(tokenizer | {"normalizer": {"type": "Lowercase"}}))
    huge = save_gpt2(root / "models" / "huge")
    config = json.loads((huge / "config.json").read_text())
    (huge / "config.json").write_text(json.dumps(config | {"n_embd": 4096}))
    texts = root / "texts"
    texts.mkdir()
    (texts / "short.txt").write_text(TEXT)
    (texts / "web.txt").write_text(WEB_TEXT)
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
