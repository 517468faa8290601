"""Messages of the prototypes API ↔ domain."""

import sys
from collections.abc import Sequence
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from leitmotif.api.common.v1 import vectors_pb2
from leitmotif.api.prototypes.v1 import catalogue_pb2
from leitmotif.api.prototypes.v1 import prototypes_pb2 as pb2
from leitmotif_services.prototypes.manifest import MIME_TYPES
from leitmotif_services.prototypes.profile import WEIGHT_LIMIT, Profile
from leitmotif_services.prototypes.prototype import Exemplar, Fidelity, Prototype, Source
from leitmotif_services.prototypes.ranking.explanation import Contribution
from leitmotif_services.prototypes.ranking.recommendation import RankedTrack
from leitmotif_services.prototypes.track import Track
from leitmotif_services.runtime.errors import Reason, ServiceError, invalid_field
from leitmotif_services.runtime.validation import checked_id

SOURCES: dict[Source, pb2.PrototypeSource] = {
    "tag": pb2.PROTOTYPE_SOURCE_TAG,
    "discovered": pb2.PROTOTYPE_SOURCE_DISCOVERED,
    "tracks": pb2.PROTOTYPE_SOURCE_TRACKS,
    "clip": pb2.PROTOTYPE_SOURCE_CLIP,
    "phrase": pb2.PROTOTYPE_SOURCE_PHRASE,
}
"""Wire value of each source."""


def profile_of(
    message: vectors_pb2.ProfileVector, *, model_version: str, prototype_count: int, field: str = "profile"
) -> Profile:
    """The profile that stands at `field` in its request, for a model of that version with K prototypes.

    MODEL_VERSION_MISMATCH (metadata: expected, actual) when it was made with another version; FIELD_INVALID when a vector
    has the wrong length or holds NaN, infinity or a magnitude above WEIGHT_LIMIT, or when the mutes are out of range,
    unsorted or repeated.
    """
    actual = checked_id(f"{field}.model_version", message.model_version)
    if actual != model_version:
        raise ServiceError(
            Reason.MODEL_VERSION_MISMATCH,
            f"the profile is of model version {actual}, {model_version} answers",
            expected=model_version,
            actual=actual,
        )
    history = _weights(f"{field}.history", message.history, prototype_count)
    edits = np.zeros_like(history) if not message.edits else _weights(f"{field}.edits", message.edits, prototype_count)
    if len(message.muted) > prototype_count:
        raise invalid_field(f"{field}.muted", f"must have at most {prototype_count} entries, has {len(message.muted)}")
    muted = tuple(message.muted)
    for index, position in enumerate(muted):
        if not 0 <= position < prototype_count:
            raise invalid_field(f"{field}.muted[{index}]", f"must be 0 to {prototype_count - 1}, is {position}")
        if index and position <= muted[index - 1]:
            raise invalid_field(f"{field}.muted[{index}]", "must be greater than the position before it")
    return Profile(history, edits, muted)


def float_matrix(rows: NDArray[np.float32]) -> vectors_pb2.FloatMatrix:
    """(n, K) as a message."""
    return vectors_pb2.FloatMatrix(values=rows.astype("<f4").tobytes(), dimension=rows.shape[1])


def track_message(track: Track) -> catalogue_pb2.Track:
    """A track as a message."""
    message = catalogue_pb2.Track(
        track_id=track.track_id,
        title=track.title,
        artist=track.artist,
        duration_s=track.duration_s,
        tags=track.tags,
        year=track.year,
    )
    # Most have no further fields, and setting an empty map costs as much as setting all of the rest.
    if track.texts:
        message.texts.update(track.texts)
    if track.numbers:
        message.numbers.update(track.numbers)
    return message


def prototype_message(
    prototype: Prototype, *, position: int, expressed_affinity: float, expressed_tracks: int, hidden: bool
) -> pb2.Prototype:
    """A prototype as a message, with what the catalogue says of it."""
    return pb2.Prototype(
        prototype_id=prototype.prototype_id,
        position=position,
        label=prototype.label,
        description=prototype.description,
        source=SOURCES[prototype.source],
        fidelity=None if prototype.fidelity is None else _fidelity_message(prototype.fidelity),
        exemplars=[_exemplar_message(exemplar) for exemplar in prototype.exemplars],
        expressed_affinity=expressed_affinity,
        expressed_tracks=expressed_tracks,
        hidden=hidden,
    )


def mime_type_of(snippet: str) -> str:
    """MIME type of a snippet by its file name; empty for no snippet."""
    return MIME_TYPES[PurePosixPath(snippet).suffix] if snippet else ""


def scored_track_message(ranked: RankedTrack, prototypes: Sequence[Prototype]) -> pb2.ScoredTrack:
    """A ranked track with its explanation as a message."""
    explanation = ranked.explanation
    return pb2.ScoredTrack(
        track=track_message(ranked.track),
        rank=ranked.rank,
        score=explanation.score,
        bias=explanation.bias,
        contributions=[_contribution_message(part, prototypes[part.prototype]) for part in explanation.contributions],
        other_contributions=explanation.other_contributions,
        reason=explanation.reason,
    )


def _weights(field: str, raw: bytes, count: int) -> NDArray[np.float32]:
    if len(raw) != 4 * count:
        raise invalid_field(field, f"must have {4 * count} bytes, 4 for each of {count} prototypes; has {len(raw)}")
    weights = np.frombuffer(raw, dtype="<f4")
    if not np.isfinite(weights).all():
        raise invalid_field(field, "must not hold NaN or infinite values")
    if float(np.abs(weights).max()) > WEIGHT_LIMIT:
        raise invalid_field(field, f"must not hold a magnitude above {WEIGHT_LIMIT:g}")
    return weights if sys.byteorder == "little" else weights.astype(np.float32)


def _fidelity_message(fidelity: Fidelity) -> pb2.Fidelity:
    return pb2.Fidelity(
        roc_auc=fidelity.roc_auc,
        average_precision=fidelity.average_precision,
        positives=fidelity.positives,
        weak=fidelity.weak,
    )


def _exemplar_message(exemplar: Exemplar) -> pb2.Exemplar:
    return pb2.Exemplar(
        track_id=exemplar.track_id,
        title=exemplar.title,
        artist=exemplar.artist,
        start_s=exemplar.start_s,
        duration_s=exemplar.duration_s,
        affinity=exemplar.affinity,
        mime_type=mime_type_of(exemplar.snippet),
    )


def _contribution_message(part: Contribution, prototype: Prototype) -> pb2.Contribution:
    return pb2.Contribution(
        prototype_id=prototype.prototype_id,
        label=prototype.label,
        contribution=part.contribution,
        edit_contribution=part.edit_contribution,
        affinity=part.affinity,
    )
