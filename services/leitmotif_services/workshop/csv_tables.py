"""Reads interactions and tags from CSV files. A row at fault is left out and told by its number; a file at fault is refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from leitmotif_services.workshop.dataset import Interactions
from leitmotif_services.workshop.listening.loading_report import RowFault
from leitmotif_services.workshop.listening.table_rows import LARGEST_COUNT, csv_rows, positive_number, text_problem


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
    """Read user_id,track_id,count (further columns are ignored; without a count each row counts 1).

    `tracks`: position by reference (see `names_by_reference`). Left out, each with its reason: unknown or ambiguous tracks,
    counts that are no number, not finite, not positive or above LARGEST_COUNT, empty user ids, and a pair of person and
    track that came before. TableError for a file that is not UTF-8 CSV with that header.
    """
    faults: list[RowFault] = []
    counts: dict[tuple[str, int], float] = {}
    for row, values in csv_rows(path, required=("user_id", "track_id")):
        user = values["user_id"]
        problem = text_problem("user_id", user)
        track, track_problem = _track(values["track_id"], tracks)
        count, count_problem = positive_number("count", values.get("count", "1"), LARGEST_COUNT)
        problem = problem or track_problem or count_problem
        if not problem and (user, track) in counts:
            problem = f"user {user!r} and track {values['track_id']!r} came before"
        if problem:
            faults.append(RowFault(path.name, row, problem))
        else:
            counts[user, track] = count
    if not counts:
        return InteractionTable(None, tuple(faults))
    user_ids = tuple(sorted({user for user, _ in counts}))
    place = {user: position for position, user in enumerate(user_ids)}
    entries = sorted((place[user], track, count) for (user, track), count in counts.items())
    users, positions, plays = zip(*entries, strict=True)
    interactions = Interactions(user_ids, np.array(users, np.int64), np.array(positions, np.int64), np.array(plays, np.float32))
    return InteractionTable(interactions, tuple(faults))


def read_tags(path: Path, tracks: Mapping[str, int | None]) -> TagTable:
    """Read track_id,tag,weight (further columns are ignored; without a weight each row weighs 1); faults as for interactions.

    Tags are compared and kept in lower case, without surrounding spaces.
    """
    faults: list[RowFault] = []
    tags: dict[int, dict[str, float]] = {}
    for row, values in csv_rows(path, required=("track_id", "tag")):
        tag = " ".join(values["tag"].split()).lower()
        problem = text_problem("tag", tag)
        track, track_problem = _track(values["track_id"], tracks)
        weight, weight_problem = positive_number("weight", values.get("weight", "1"), LARGEST_COUNT)
        problem = problem or track_problem or weight_problem
        if not problem and tag in tags.get(track, {}):
            problem = f"tag {tag!r} of track {values['track_id']!r} came before"
        if problem:
            faults.append(RowFault(path.name, row, problem))
        else:
            tags.setdefault(track, {})[tag] = weight
    return TagTable(tags, tuple(faults))


def _track(reference: str, tracks: Mapping[str, int | None]) -> tuple[int, str]:
    if reference not in tracks:
        return -1, f"track {reference[:80]!r} is not among the tracks"
    position = tracks[reference]
    if position is None:
        return -1, f"track {reference[:80]!r} names more than one file; use the path or the id"
    return position, ""
