"""The hash that tells whether two models cut a text into the same tokens."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

_UNUSED = ("padding", "truncation")
"""Parts of a pipeline that are left out, since texts are neither padded nor cut by it."""


def hash_tokenizer(pipeline: Mapping[str, Any]) -> str:
    """SHA-256, lower-case hexadecimal, over a pipeline as `tokenizer.json` holds it, in an order of keys of its own."""
    decided = {name: value for name, value in pipeline.items() if name not in _UNUSED}
    return hashlib.sha256(json.dumps(decided, sort_keys=True).encode()).hexdigest()
