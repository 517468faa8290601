"""Keeps finished parts of a study, so that one that was stopped goes on where it was."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import numpy as np

from leitmotif_services.workshop.code_hash import code_hash
from leitmotif_services.workshop.listening.listening_data import ListeningData

Part = dict[str, object]
"""What one part of a study found: made of JSON values."""


class FinishedParts:
    """Parts by key in a folder; without a folder, nothing is kept."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def find(self, key: str) -> Part | None:
        """A part that was kept; None where there is none, or it is not readable."""
        if self._folder is None:
            return None
        try:
            return cast(Part, json.loads((self._folder / f"{key}.json").read_text("utf-8")))
        except (OSError, ValueError):
            return None

    def keep(self, key: str, part: Part) -> None:
        """Write a part whole or not at all."""
        if self._folder is None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        unfinished = self._folder / f"{key}.{os.getpid()}.unfinished"
        unfinished.write_text(json.dumps(part), "utf-8")
        unfinished.replace(self._folder / f"{key}.json")


def part_key(data_hash: str, modules: tuple[str, ...], settings: Mapping[str, object]) -> str:
    """32 hexadecimal digits of everything that a part's figures follow from: the data, the code of `modules` and all that they
    import of this project, the versions of the libraries, and the settings.
    """
    digest = hashlib.sha256(f"{data_hash} {code_hash(modules)}".encode())
    digest.update(json.dumps(dict(settings), sort_keys=True).encode())
    return digest.hexdigest()[:32]


def hash_of_data(data: ListeningData) -> str:
    """SHA-256 over all that a figure or a model can follow from: everything but the names that a person would call items by."""
    digest = hashlib.sha256(data.name.encode())
    for texts in (data.user_ids, data.item_ids, data.artists, data.tagging.tags, data.audio_names):
        digest.update(json.dumps(texts).encode())
    counts, tagging = data.counts, data.tagging
    numbers = (counts.indptr, counts.indices, counts.data, tagging.users, tagging.items, tagging.tag, tagging.weights, data.audio)
    for values in numbers:
        digest.update(np.ascontiguousarray(values, np.float64).tobytes())
    return digest.hexdigest()
