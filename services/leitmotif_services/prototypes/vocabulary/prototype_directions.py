"""Where in the space of embeddings each prototype lies: what sets the tracks that stand for it apart from all others."""

import threading
from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.prototype import Prototype
from leitmotif_services.prototypes.search.track_rows import TrackRows

TOP_TRACKS = 10
"""Tracks of highest affinity that stand for a prototype none of whose exemplars is in the catalogue."""

_MODELS_KEPT = 4
_ROWS_AT_ONCE = 65_536
_SHORTEST = 1e-9


class Directions:
    """Directions of models, worked out when they are first asked for. Safe to use from several threads at once."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._keeping = threading.Lock()
        self._working = threading.Lock()

    def of(self, model: ServedModel) -> NDArray[np.float32]:
        """`prototype_directions` of the model as it was when it was first asked for: a few changed tracks do not turn them.

        Whoever asks for what is being worked out waits for it; those of another model are at hand meanwhile.
        """
        directions = self._found(model.model_version)
        if directions is not None:
            return directions
        with self._working:
            directions = self._found(model.model_version)
            if directions is None:
                directions = prototype_directions(model)
                with self._keeping:
                    self._kept[model.model_version] = directions
                    while len(self._kept) > _MODELS_KEPT:
                        self._kept.popitem(last=False)
        return directions

    def _found(self, model_version: str) -> NDArray[np.float32] | None:
        with self._keeping:
            if model_version in self._kept:
                self._kept.move_to_end(model_version)
            return self._kept.get(model_version)


def prototype_directions(model: ServedModel) -> NDArray[np.float32]:
    """(K, D), of unit length: mean embedding of the exemplars' tracks, less the catalogue's mean, which all music shares.

    Where the catalogue has none of the exemplars, the TOP_TRACKS of highest affinity stand for them. A row of zeros where nothing
    sets them apart. Reads every embedding once, and every affinity where any prototype has no exemplar.
    """
    centre = mean_embedding(model.embeddings)
    standing = {position: _exemplar_positions(model, prototype) for position, prototype in enumerate(model.prototypes)}
    standing |= _strongest(model, [position for position, tracks in standing.items() if not tracks])
    directions = np.zeros((len(model.prototypes), model.manifest.dimension), np.float32)
    for position, tracks in standing.items():
        if not tracks:  # every track was deleted
            continue
        direction = model.embeddings[tracks].astype(np.float64).mean(axis=0) - centre
        length = float(np.linalg.norm(direction))
        if length >= _SHORTEST:
            directions[position] = direction / length
    return directions


def mean_embedding(embeddings: TrackRows) -> NDArray[np.float64]:
    """(D,): the mean of (N, D), read some rows at a time."""
    total = np.zeros(embeddings.shape[1])
    for start in range(0, len(embeddings), _ROWS_AT_ONCE):
        rows = embeddings[np.arange(start, min(start + _ROWS_AT_ONCE, len(embeddings)))]
        total += rows.sum(axis=0, dtype=np.float64)
    return total / len(embeddings)


def _exemplar_positions(model: ServedModel, prototype: Prototype) -> list[int]:
    found = (model.catalogue.position_of(exemplar.track_id) for exemplar in prototype.exemplars)
    return sorted({position for position in found if position is not None})


def _strongest(model: ServedModel, columns: list[int]) -> dict[int, list[int]]:
    """Positions of the TOP_TRACKS of each of those prototypes, by its position."""
    if not columns:
        return {}
    rows = model.scoring.affinities
    values, positions = np.empty((0, len(columns)), np.float32), np.empty((0, len(columns)), np.int64)
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        block = np.arange(start, min(start + _ROWS_AT_ONCE, len(rows)))
        if model.alive is not None:
            block = block[model.alive[block]]
        values = np.concatenate([values, rows[block][:, columns]])
        positions = np.concatenate([positions, np.repeat(block[:, None], len(columns), axis=1)])
        if len(values) > TOP_TRACKS:
            top = np.argpartition(-values, TOP_TRACKS - 1, axis=0)[:TOP_TRACKS]
            values, positions = np.take_along_axis(values, top, axis=0), np.take_along_axis(positions, top, axis=0)
    return {column: positions[:, place].tolist() for place, column in enumerate(columns)}
