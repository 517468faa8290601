"""Reads interactions and tags from CSV files. A row at fault is left out and told by its number; a file at fault is refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from leitmotif_services.workshop.dataset import Interactions
from leitmotif_services.workshop.listening.checked_rows import (
    INTERACTION_COLUMNS,
    TAG_COLUMNS,
    UNKNOWN_TRACK,
    checked_interactions,
    checked_tags,
)
from leitmotif_services.workshop.listening.loading_report import RowFault
from leitmotif_services.workshop.listening.table_rows import OnFault, csv_rows


@dataclass(frozen=True)
class InteractionTable:
    """What an interactions file held. `interactions` is None when no row was usable."""

    interactions: Interactions | None
    faults: tuple[RowFault, ...]


@dataclass(frozen=True)
class TagTable:
    """What a tags file held: tag → weight by track position."""

    tags: Mapping[int, Mapping[str, float]]
    faults: tuple[RowFault, ...]


def read_interactions(path: Path, tracks: Mapping[str, int | None]) -> InteractionTable:
    """Read user_id,track_id,count; further columns are ignored.

    `tracks`: position by reference (see `names_by_reference`). Left out, each with its reason: what `checked_interactions`
    finds at fault, and references to more than one track. TableError for a file that is not UTF-8 CSV with that header.
    """
    faults: list[RowFault] = []
    on_fault = _collects(faults, path.name)
    rows = csv_rows(path, required=INTERACTION_COLUMNS, on_fault=on_fault)
    entries = list(checked_interactions(rows, lambda text: _track(text, tracks), on_fault))
    if not entries:
        return InteractionTable(None, tuple(faults))
    user_ids = tuple(sorted({user for user, _, _ in entries}))
    place = {user: position for position, user in enumerate(user_ids)}
    numbered = sorted((place[user], track, count) for user, track, count in entries)
    users, positions, plays = zip(*numbered, strict=True)
    interactions = Interactions(user_ids, np.array(users, np.int64), np.array(positions, np.int64), np.array(plays, np.float32))
    return InteractionTable(interactions, tuple(faults))


def read_tags(path: Path, tracks: Mapping[str, int | None]) -> TagTable:
    """Read track_id,tag,weight; further columns are ignored, and a track has a tag once. Faults as for interactions."""
    faults: list[RowFault] = []
    on_fault = _collects(faults, path.name)
    rows = csv_rows(path, required=TAG_COLUMNS, on_fault=on_fault)
    tags: dict[int, dict[str, float]] = {}
    for track, tag, _, weight in checked_tags(rows, lambda text: _track(text, tracks), on_fault, by_person=False):
        tags.setdefault(track, {})[tag] = weight
    return TagTable(tags, tuple(faults))


def _collects(faults: list[RowFault], file: str) -> OnFault:
    def on_fault(row: int, reason: str, detail: str) -> None:
        faults.append(RowFault(file, row, f"{reason}: {detail[:80]}" if detail else reason))

    return on_fault


def _track(reference: str, tracks: Mapping[str, int | None]) -> tuple[int, str]:
    if reference not in tracks:
        return -1, UNKNOWN_TRACK
    position = tracks[reference]
    if position is None:
        return -1, "the name is that of more than one file; use the path or the id"
    return position, ""
