"""The tracks that came to one loaded model since its bundle, and the models that see more and more of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.prototypes.catalogue import Catalogue, searched_text
from leitmotif_services.prototypes.expression import Expression
from leitmotif_services.prototypes.live_catalogue.changed_catalogue import ChangedCatalogue, JoinedTracks
from leitmotif_services.prototypes.live_catalogue.changes import Change, Upsert
from leitmotif_services.prototypes.live_catalogue.growing_rows import GrowingBits, GrowingRows
from leitmotif_services.prototypes.live_catalogue.joined_expression import JoinedExpression
from leitmotif_services.prototypes.live_catalogue.later_fields import JoinedFields, LaterFields
from leitmotif_services.prototypes.live_catalogue.row_estimate import RowEstimate
from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.model_kinds import KINDS
from leitmotif_services.prototypes.search.joined_index import JoinedIndex
from leitmotif_services.prototypes.search.joined_scoring import JoinedScoring
from leitmotif_services.prototypes.search.track_rows import Floats, JoinedRows
from leitmotif_services.prototypes.track import Track


@dataclass(frozen=True)
class _NewRows:
    """What n tracks add to the arrays."""

    tracks: Sequence[Track]
    embeddings: Floats
    affinities: Floats
    learned: Floats
    bias: Floats


class LaterTracks:
    """One model's changes since its bundle. One writer at a time; models that it made stay as they are."""

    def __init__(self, model: ServedModel) -> None:
        """`model`: as its bundle was loaded."""
        catalogue, expression = model.catalogue, model.expression
        if not isinstance(catalogue, Catalogue) or not isinstance(expression, Expression):
            raise TypeError("the model has changes already")
        self._bundle = replace(model, later=None)
        self._catalogue, self._boundary = catalogue, len(catalogue)
        kind = KINDS[model.manifest.kind]
        labels = {each.label: position for position, each in enumerate(model.bundle_prototypes) if each.source == "tag"}
        self._tag_columns = labels
        self._estimate = RowEstimate(kind.head(model.constants), labels if kind.tagged else {}, model.scoring, model.embeddings)
        self._learned = GrowingRows(self._learned_width())
        self._bias = GrowingRows()
        self._affinities = GrowingRows(model.scoring.affinities.shape[1])
        self._embeddings = GrowingRows(model.embeddings.shape[1])
        self._tracks: list[Track] = []
        self._searched: list[str] = []
        self._positions: dict[str, tuple[int, ...]] = {}
        self._fields = LaterFields(catalogue.fields.names)
        self._bits = GrowingBits(expression.packed, self._boundary)
        self._counts = expression.counts.copy()
        self._gone = GrowingRows(dtype=np.int64)

    def __len__(self) -> int:
        """Changes that wait for a compaction: tracks that came, and tracks of the bundle that are gone."""
        gone = self._gone.view()
        return len(self._tracks) + int(np.count_nonzero(gone < self._boundary))

    def applied(self, model: ServedModel, changes: Sequence[Change], revision: int) -> ServedModel:
        """The model after `changes`, each of another track; `model` is the one that this made last, or the bundle's own.

        A deletion of a track that is not there changes nothing.
        """
        gone = [position for change in changes if (position := model.catalogue.position_of(change.track_id)) is not None]
        added = self._new_rows(model, [change for change in changes if isinstance(change, Upsert)])
        if added is not None:
            self._add(added)
        alive = model.alive
        if gone:
            where = np.array(gone, np.int64)
            alive = np.ones(len(model.scoring), np.bool_) if alive is None else alive.copy()
            alive[where] = False
            self._gone.add(where)
            self._counts = self._counts - self._bits.at(where).sum(axis=0)
        if alive is not None:
            alive = np.concatenate([alive, np.ones(self._boundary + len(self._tracks) - len(alive), np.bool_)])
        return self._model(model, alive, revision)

    def _model(self, model: ServedModel, alive: NDArray[np.bool_] | None, revision: int) -> ServedModel:
        bundle, count = self._bundle, len(self._tracks)
        tracks = JoinedTracks(self._catalogue.tracks, self._tracks, count)
        changed = replace(
            model,
            catalogue=ChangedCatalogue(
                self._catalogue,
                tracks,
                JoinedFields(self._catalogue.fields, self._fields, (self._boundary, count)),
                later_positions=self._positions,
                later_searched=self._searched,
                alive=alive,
            ),
            expression=JoinedExpression(self._bits.packed, self._bits.count, bundle.expression.thresholds, self._counts),
            alive=alive,
            catalogue_revision=revision,
            later=self,
        )
        scoring = model.scoring
        measured = len(scoring.later) if isinstance(scoring, JoinedScoring) else 0
        if measured < count:
            later = scoring.of_others(self._learned.view(), self._affinities.view(), self._bias.view(), measured=measured)
            scoring = JoinedScoring(bundle.scoring, later)
        gone = self._gone.view()
        return replace(
            changed,
            scoring=scoring,
            embeddings=JoinedRows(bundle.embeddings, self._embeddings.view()),
            exact=JoinedIndex(bundle.exact, scoring, alive, gone),
            index=JoinedIndex(bundle.index, scoring, alive, gone),
        )

    def _new_rows(self, model: ServedModel, upserts: Sequence[Upsert]) -> _NewRows | None:
        """The rows of the tracks: estimated, or those that the catalogue has of a track whose audio is as before."""
        if not upserts:
            return None
        tracks = [upsert.track for upsert in upserts]
        kept = {
            row: position
            for row, upsert in enumerate(upserts)
            if not upsert.heard_anew and (position := model.catalogue.position_of(upsert.track_id)) is not None
        }
        heard = [model.embeddings[kept[row]] if row in kept else upsert.embedding for row, upsert in enumerate(upserts)]
        embeddings = np.stack(heard).astype(np.float32)
        affinities = self._estimate.affinities(embeddings, tracks)
        rows, positions = np.array(list(kept), np.int64), np.array(list(kept.values()), np.int64)
        learned, bias = np.empty((len(tracks), self._learned_width()), np.float32), self._estimate.bias(len(tracks))
        others = np.setdiff1d(np.arange(len(tracks)), rows)
        if len(others):
            learned[others] = self._estimate.learned(embeddings[others])
        if kept:
            learned[rows], bias[rows] = model.scoring.learned(positions), model.scoring.bias(positions)
            same_tags = [model.catalogue.tracks[position].tags == tracks[row].tags for row, position in kept.items()]
            affinities[rows[same_tags]] = model.scoring.affinities[positions[same_tags]]
        return _NewRows(tracks, embeddings, affinities, learned, bias)

    def _add(self, added: _NewRows) -> None:
        start = self._boundary + len(self._tracks)
        self._learned.add(added.learned)
        self._bias.add(added.bias)
        self._affinities.add(added.affinities)
        self._embeddings.add(added.embeddings)
        self._fields.add(added.tracks)
        self._searched += [searched_text(track) for track in added.tracks]
        expressed = added.affinities >= self._bundle.expression.thresholds
        for row, track in enumerate(added.tracks):
            for tag in track.tags:
                if (column := self._tag_columns.get(tag)) is not None:
                    expressed[row, column] = True
        self._bits.add(expressed)
        self._counts = self._counts + expressed.sum(axis=0)
        self._tracks += added.tracks
        for position, track in enumerate(added.tracks, start=start):
            self._positions[track.track_id] = (*self._positions.get(track.track_id, ()), position)

    def _learned_width(self) -> int:
        return int(self._bundle.scoring.learned(np.arange(1)).shape[1])


def with_changes(model: ServedModel, changes: Sequence[Change], revision: int) -> ServedModel:
    """The model after `changes`, each of another track, of which `revision` is the last."""
    if not changes:
        return replace(model, catalogue_revision=revision)
    later = LaterTracks(model) if model.later is None else model.later  # one that holds nothing is falsy
    return later.applied(model, changes, revision)
