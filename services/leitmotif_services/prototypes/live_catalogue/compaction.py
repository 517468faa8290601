"""What a bundle of a model holds when it is written now: its catalogue with all changes, everything else as it is."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.prototypes.bundle_writing import Trained, TrainedApn, TrainedModel
from leitmotif_services.prototypes.expression import carriers_expressed_rank, least_expressed_rank
from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.model_kinds import KINDS
from leitmotif_services.prototypes.prototype import Prototype
from leitmotif_services.prototypes.track import Track
from leitmotif_services.runtime.errors import Reason, ServiceError

Floats = NDArray[np.float32]
ReadSnippet = Callable[[ServedModel, str], bytes]

_CLASSES: Mapping[str, Callable[..., Trained]] = {"leitmotif": TrainedModel, "apn": TrainedApn}


def content_of(model: ServedModel, read_snippet: ReadSnippet) -> Trained:
    """The tracks that are alive, with their rows, in the order of their positions; profiles of `profile_version` stay valid.

    Prototypes are those of the bundle, save for how many tracks express them where the catalogue has changed. LIMIT_EXCEEDED when
    no track is left: a bundle has one. `read_snippet` reads an exemplar's audio when it is written, or raises BUNDLE_CORRUPT.
    """
    kind, manifest = KINDS[model.manifest.kind], model.manifest
    changed = len(model.scoring) != manifest.track_count or model.alive is not None
    positions = np.arange(len(model.scoring)) if model.alive is None else np.flatnonzero(model.alive)
    if not len(positions):
        raise ServiceError(Reason.LIMIT_EXCEEDED, "the catalogue has no tracks, and a bundle has at least one", limit=1, actual=0)
    tracks = [model.catalogue.tracks[position] for position in positions.tolist()]
    affinities = np.asarray(model.scoring.affinities[positions] if changed else model.scoring.affinities, np.float32)
    return _CLASSES[manifest.kind](
        kind=manifest.kind,
        encoder_id=manifest.encoder_id,
        encoder_sha256=manifest.encoder_sha256,
        tracks=tracks,
        prototypes=_settled(model.bundle_prototypes, tracks, affinities) if changed else model.bundle_prototypes,
        embeddings=np.asarray(model.embeddings[positions] if changed else model.embeddings, np.float32),
        affinities=affinities,
        edit_gain=manifest.edit_gain,
        metrics=manifest.metrics,
        snippets=_Snippets(model, read_snippet),
        taken_over_from=model.profile_version,
        catalogue_revision=model.catalogue_revision,
        bias=model.scoring.bias(positions),
        **{kind.learned: model.scoring.learned(positions)},
        **model.constants,
    )


def _settled(prototypes: Sequence[Prototype], tracks: Sequence[Track], affinities: Floats) -> tuple[Prototype, ...]:
    """The prototypes with the `expressed_rank` that the tracks (N,) and their affinities (N, K) make."""
    ranked = []
    for column, prototype in enumerate(prototypes):
        rank = least_expressed_rank(len(tracks))
        if prototype.source == "tag":
            carriers = np.fromiter((prototype.label in track.tags for track in tracks), np.bool_, len(tracks))
            rank = carriers_expressed_rank(np.ascontiguousarray(affinities[:, column]), carriers)
        ranked.append(replace(prototype, expressed_rank=rank))
    return tuple(ranked)


class _Snippets(Mapping[str, bytes]):
    """The snippets of a bundle, each read when it is asked for."""

    def __init__(self, model: ServedModel, read_snippet: ReadSnippet) -> None:
        self._model = model
        self._read_snippet = read_snippet
        exemplars = (exemplar for prototype in model.bundle_prototypes for exemplar in prototype.exemplars)
        self._names = dict.fromkeys(exemplar.snippet for exemplar in exemplars if exemplar.snippet)

    def __getitem__(self, name: str) -> bytes:
        if name not in self._names:
            raise KeyError(name)
        return self._read_snippet(self._model, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)
