"""Embeddings of tracks from an NPZ file of `leitmotif encoder embed`, in place of a table of features."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.runtime.validation import ID_PATTERN
from leitmotif_services.workshop.listening.loading_report import FaultLedger, LoadedListening
from leitmotif_services.workshop.listening.table_rows import TableError
from leitmotif_services.workshop.recommender_bundle import Encoder, encoder_of_columns

UNNAMED = "embeddings"
"""Id of the encoder of a file that does not tell it."""

_SHA256 = re.compile(r"[0-9a-f]{64}")


def with_embeddings(loaded: LoadedListening, path: Path) -> tuple[LoadedListening, Encoder]:
    """The data with audio from the file, reported as if it were a table, and what made it.

    An embedding belongs to the track whose id is the file's path as it was given, its name, or its name without suffix; of two
    of one track, the first stays. Where the file names no encoder, as older ones do not, the dimension stands for that.
    TableError for a file that is not such a file, or of several encoders.
    """
    data, ledger = loaded.data, FaultLedger()
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            embeddings, names = np.asarray(stored["embeddings"], np.float64), [str(name) for name in stored["ids"]]
            encoder = _encoder({key: stored[key] for key in ("encoder_id", "encoder_sha256") if key in stored}, path.name)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TableError(f"{path.name}: is no NPZ file with `embeddings` and `ids`") from error
    if embeddings.ndim != 2 or len(embeddings) != len(names) or not np.isfinite(embeddings).all():
        raise TableError(f"{path.name}: `embeddings` must be finite, with one row for each of `ids`")
    place = {item: position for position, item in enumerate(data.item_ids)}
    audio = np.full((len(data.item_ids), embeddings.shape[1]), np.nan)
    of_track: dict[int, str] = {}
    for name, embedding in zip(names, embeddings, strict=True):
        position = next((place[key] for key in (name, Path(name).name, Path(name).stem) if key in place), None)
        if position is None:
            ledger.name(path.name, "embeddings belong to no track that is left", name)
        elif position in of_track:
            ledger.name(path.name, "the track has an embedding already", f"{name} after {of_track[position]}")
        else:
            of_track[position] = name
            audio[position] = embedding
    if not of_track:
        raise TableError(f"{path.name}: none of its {len(names)} embeddings belongs to a track")
    for position, item in enumerate(data.item_ids):
        if position not in of_track:
            ledger.note(path.name, "tracks have no embedding, and stay without audio", item)
    columns = tuple(f"embedding {column}" for column in range(embeddings.shape[1]))
    with_audio = replace(data, audio=audio, audio_names=columns)
    report = replace(
        loaded.report,
        items_with_audio=len(of_track),
        left_out=(*loaded.report.left_out, *ledger.left_out()),
        noted=(*loaded.report.noted, *ledger.noted()),
    )
    return LoadedListening(with_audio, report), encoder or replace(encoder_of_columns(columns), encoder_id=UNNAMED)


def _encoder(stored: Mapping[str, NDArray[np.generic]], name: str) -> Encoder | None:
    """What the file says; None where it says nothing. One text each, or one for each row, all the same."""
    if not stored:
        return None
    told = {key: sorted({str(value) for value in np.atleast_1d(values)}) for key, values in stored.items()}
    for key, values in told.items():
        if len(values) > 1:
            raise TableError(
                f"{name}: its embeddings are of several encoders, which cannot be compared: {key} {', '.join(values)}"
            )
    encoder_id, sha256 = ("".join(told.get(key, ())) for key in ("encoder_id", "encoder_sha256"))
    if not ID_PATTERN.fullmatch(encoder_id) or not _SHA256.fullmatch(sha256):
        raise TableError(f"{name}: `encoder_id` must be an id and `encoder_sha256` 64 hexadecimal digits")
    return Encoder(encoder_id, sha256)
