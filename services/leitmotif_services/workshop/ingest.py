"""From a folder of music to a bundle that can be served."""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from leitmotif_services.audio.embedding import EmbeddedTrack
from leitmotif_services.prototypes.bundle_writing import write_bundle
from leitmotif_services.workshop.csv_tables import read_interactions, read_tags
from leitmotif_services.workshop.dataset import Interactions, MusicDataset, MusicTrack
from leitmotif_services.workshop.embedder import Embedder, Refused
from leitmotif_services.workshop.embedding_cache import EmbeddingCache
from leitmotif_services.workshop.listening.loading_report import RowFault
from leitmotif_services.workshop.music_folder import MusicFile, find_music
from leitmotif_services.workshop.soundfile_music_files import read_file_tags
from leitmotif_services.workshop.track_naming import names_by_reference, readable, title_and_artist
from leitmotif_services.workshop.training import Progress, rare_tags, train

FEWEST_TRACKS = 2

CACHE_FOLDER = ".leitmotif"


class IngestError(Exception):
    """The folder cannot become a bundle; the text is one sentence for a person."""


@dataclass(frozen=True)
class FailedFile:
    """An audio file that is not in the bundle, or a folder that cannot be read."""

    path: str
    """Relative to the folder; bytes that are not UTF-8 are replaced."""
    reason: str


@dataclass(frozen=True)
class IngestReport:
    """What came of it."""

    tracks: int
    failed: tuple[FailedFile, ...]
    seconds: float
    bundle: Path
    model_version: str
    reused: int
    """Tracks whose embedding was known from an earlier run."""
    other_files: int
    """Files that were passed over since their names are not those of audio files."""
    passed_over: tuple[str, ...]
    """The first of those, relative to the folder."""
    left_out_rows: tuple[RowFault, ...]
    """Rows of the CSV files that were at fault."""
    unused_interactions: int
    """Rows that were in order, but whose track is a failed file."""
    rare_tags: tuple[str, ...]
    """Tags that carry no prototype, since too few tracks have them."""
    prototypes: int
    metrics: Mapping[str, float]


def ingest(
    folder: Path,
    *,
    embedder: Embedder,
    models_root: Path,
    interactions_csv: Path | None = None,
    tags_csv: Path | None = None,
    cache_folder: Path | None = None,
    encoder_artifact: Path | None = None,
    prototypes: int | None = None,
    seed: int = 0,
    on_progress: Progress | None = None,
) -> IngestReport:
    """Embed the audio files below `folder`, train on them, and write a bundle below `models_root`.

    Files that cannot be embedded are reported and left out. Embeddings are kept below `cache_folder`
    (`models_root`/.leitmotif by default) and reused where a file's content and the encoder are the same, so a run that was
    stopped goes on where it was. `encoder_artifact` goes into the bundle. IngestError when fewer than 2 tracks are left;
    TableError for a CSV that cannot be used.
    """
    started = time.monotonic()
    report = on_progress or _unreported
    found = find_music(folder, models_root=models_root)
    unreadable = tuple(FailedFile(_name(path.relative_to(folder)), reason) for path, reason in found.unreadable)
    if not found.files:
        first = f"; {unreadable[0].path}: {unreadable[0].reason}" if unreadable else ""
        raise IngestError(f"{folder} holds no audio files (looked for {', '.join(found.suffixes)}){first}")
    relative = [file.path.relative_to(folder) for file in found.files]
    references = names_by_reference(relative, [file.track_id for file in found.files])
    # The tables are read first: a fault in their header should not wait for an hour of embedding.
    interactions = read_interactions(interactions_csv, references) if interactions_csv else None
    tags = read_tags(tags_csv, references) if tags_csv else None
    cache = EmbeddingCache(cache_folder or models_root / CACHE_FOLDER, embedder.encoder.sha256)
    embedded, failed, reused = _embed(found.files, embedder, cache, report)
    usable = [position for position in range(len(found.files)) if position in embedded]
    failures = unreadable + tuple(FailedFile(_name(relative[position]), failed[position]) for position in sorted(failed))
    if len(usable) < FEWEST_TRACKS:
        first = f"; {failures[0].path}: {failures[0].reason}" if failures else ""
        raise IngestError(f"{len(usable)} of {len(found.files)} audio files can be used, {FEWEST_TRACKS} are the fewest{first}")
    tags_of = {} if tags is None else tags.tags
    listening = None if interactions is None else _of_usable(interactions.interactions, usable)
    dataset = MusicDataset(
        tracks=tuple(_track(found.files[position], embedded[position], tags_of.get(position, {})) for position in usable),
        encoder_id=embedder.encoder.encoder_id,
        encoder_sha256=embedder.encoder.sha256,
        interactions=listening,
        read_audio=lambda row: found.files[usable[row]].path.read_bytes(),
    )
    model = train(dataset, prototypes=prototypes, seed=seed, on_progress=report)
    report("bundle", 0, 1)
    bundle = write_bundle(model, models_root, encoder_artifact=encoder_artifact)
    return IngestReport(
        tracks=len(usable),
        failed=failures,
        seconds=time.monotonic() - started,
        bundle=bundle,
        model_version=bundle.name,
        reused=reused,
        other_files=found.other_files,
        passed_over=tuple(_name(path.relative_to(folder)) for path in found.other_names),
        left_out_rows=(*(interactions.faults if interactions else ()), *(tags.faults if tags else ())),
        unused_interactions=_count(None if interactions is None else interactions.interactions) - _count(listening),
        rare_tags=tuple(rare_tags(dataset)),
        prototypes=len(model.prototypes),
        metrics=model.metrics,
    )


def _embed(
    files: tuple[MusicFile, ...], embedder: Embedder, cache: EmbeddingCache, report: Progress
) -> tuple[dict[int, EmbeddedTrack], dict[int, str], int]:
    """Embedded files and the reasons of the failed ones, by position; and how many came from the cache."""
    embedded: dict[int, EmbeddedTrack] = {}
    failed: dict[int, str] = {}
    digests: dict[Path, str] = {}
    wanted: dict[Path, int] = {}
    report("embedding", 0, len(files))
    for position, file in enumerate(files):
        if file.problem:
            failed[position] = file.problem
            continue
        try:
            with file.path.open("rb") as content:
                digest = hashlib.file_digest(content, "sha256").hexdigest()
        except OSError as error:
            failed[position] = f"the file cannot be read: {error.strerror}"
            continue
        known = cache.get(digest)
        if known is not None:
            embedded[position] = known
        else:
            digests[file.path], wanted[file.path] = digest, position
    reused = len(embedded)
    report("embedding", reused + len(failed), len(files))
    for path, outcome in embedder.embed(list(wanted)):
        position = wanted[path]
        if isinstance(outcome, Refused):
            failed[position] = outcome.reason
        else:
            cache.put(digests[path], outcome)
            embedded[position] = outcome
        report("embedding", len(embedded) + len(failed), len(files))
    return embedded, failed, reused


def _name(path: Path) -> str:
    return readable(path.as_posix())


def _track(file: MusicFile, embedded: EmbeddedTrack, tags: Mapping[str, float]) -> MusicTrack:
    own = read_file_tags(file.path)
    title, artist = title_and_artist(file.path.stem, own.title, own.artist)
    return MusicTrack(
        track_id=file.track_id,
        title=title,
        artist=artist,
        duration_s=embedded.duration_s,
        embedding=embedded.embedding,
        segment_embeddings=embedded.segment_embeddings,
        segments=embedded.segments,
        descriptors=embedded.descriptors,
        tags=tags,
        year=own.year,
    )


def _of_usable(interactions: Interactions | None, usable: list[int]) -> Interactions | None:
    """The entries of usable tracks, renumbered; people who heard none of them are gone. None when nothing is left."""
    if interactions is None:
        return None
    renumbered = {position: row for row, position in enumerate(usable)}
    kept = np.array([int(track) in renumbered for track in interactions.tracks], np.bool_)
    left = interactions.entries(kept)
    if not len(left.users):
        return None
    left = left.of_users(np.unique(left.users))
    tracks = np.array([renumbered[int(track)] for track in left.tracks], np.int64)
    return Interactions(left.user_ids, left.users, tracks, left.counts)


def _count(interactions: Interactions | None) -> int:
    return 0 if interactions is None else len(interactions.users)


def _unreported(_stage: str, _done: int, _total: int) -> None:
    pass
