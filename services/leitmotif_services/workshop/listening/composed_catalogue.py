"""A composed catalogue with a simulated audience, as listening data whose truth is known."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from leitmotif_services.workshop.audience import simulate_audience
from leitmotif_services.workshop.embedder import Embedder, Refused
from leitmotif_services.workshop.embedding_cache import EmbeddingCache
from leitmotif_services.workshop.listening.interaction_core import interaction_core
from leitmotif_services.workshop.listening.listening_data import ListeningData, Tagging
from leitmotif_services.workshop.listening.loading_report import FaultLedger, LoadedListening, report_on
from leitmotif_services.workshop.music_writing import WrittenTrack, write_music

NAME = "composed"

TRACKS = 240
LISTENERS = 600
DURATION_S = 10.0

USER_ITEMS = 5
ITEM_USERS = 3

Progress = Callable[[str, int, int], None]


def load(
    folder: Path,
    embedder: Embedder,
    *,
    tracks: int = TRACKS,
    listeners: int = LISTENERS,
    seed: int = 0,
    duration_s: float = DURATION_S,
    on_progress: Progress = lambda _, __, ___: None,
) -> LoadedListening:
    """Compose `tracks` pieces below `folder`, embed them, and let `listeners` listen (`audience.simulate_audience`).

    Tags are what the composer was asked for, given by nobody in particular; audio is the embedding. Keeps people with
    USER_ITEMS tracks and tracks with ITEM_USERS people. Embeddings are kept in the folder for the next time.
    """
    from scipy.sparse import coo_array

    ledger = FaultLedger()

    def composed(done: int) -> None:
        on_progress("composing", done, tracks)

    written = write_music(folder / "music", tracks=tracks, seed=seed, duration_s=duration_s, on_progress=composed)
    cache = EmbeddingCache(folder / "embeddings", embedder.encoder.sha256)
    embeddings = _embeddings(written, embedder, cache, ledger, on_progress)
    pieces = [track for track in written if track.path in embeddings]
    audience = simulate_audience({piece.track_id: piece.piece.tag_weights for piece in pieces}, listeners=listeners, seed=seed)
    row = {person.user_id: position for position, person in enumerate(audience.listeners)}
    column = {piece.track_id: position for position, piece in enumerate(pieces)}
    plays = [(entry.count, row[entry.user_id], column[entry.track_id]) for entry in audience.interactions]
    values, rows, columns = (np.array(part) for part in zip(*plays, strict=True))
    counts = coo_array((values.astype(np.float64), (rows, columns)), shape=(len(row), len(column))).tocsr()
    users, items = interaction_core(counts, user_items=USER_ITEMS, item_users=ITEM_USERS)
    for position in np.setdiff1d(np.arange(len(row)), users):
        ledger.name("", f"people with fewer than {USER_ITEMS} tracks that are left", audience.listeners[position].user_id)
    for position in np.setdiff1d(np.arange(len(column)), items):
        ledger.name("", f"tracks with fewer than {ITEM_USERS} people that are left", pieces[position].track_id)
    kept = [pieces[position] for position in items]
    left = counts[users][:, items].tocsr()
    left.sort_indices()
    audio = np.array([embeddings[piece.path] for piece in kept], np.float64)
    data = ListeningData(
        name=NAME,
        user_ids=tuple(audience.listeners[position].user_id for position in users),
        item_ids=tuple(piece.track_id for piece in kept),
        item_names=tuple(piece.piece.title for piece in kept),
        artists=tuple(piece.piece.artist for piece in kept),
        counts=left,
        tagging=_tagging(kept),
        audio=audio,
        audio_names=tuple(f"embedding_{dimension}" for dimension in range(audio.shape[1])),
    )
    return LoadedListening(data, report_on(data, ledger))


def _embeddings(
    written: list[WrittenTrack], embedder: Embedder, cache: EmbeddingCache, ledger: FaultLedger, on_progress: Progress
) -> dict[Path, np.ndarray]:
    # By the music rather than the file: an Ogg file has another serial number each time it is written.
    digests = {
        track.path: hashlib.sha256(track.path.name.encode() + track.piece.waveform.tobytes()).hexdigest() for track in written
    }
    known = {path: cached.embedding for path, digest in digests.items() if (cached := cache.get(digest)) is not None}
    for path, outcome in embedder.embed([path for path in digests if path not in known]):
        if isinstance(outcome, Refused):
            ledger.name("", "pieces that could not be embedded", f"{path.name}: {outcome.reason}")
        else:
            cache.put(digests[path], outcome)
            known[path] = outcome.embedding
        on_progress("embedding", len(known), len(written))
    return known


def _tagging(kept: list[WrittenTrack]) -> Tagging:
    tags = tuple(sorted({tag for piece in kept for tag in piece.piece.tag_weights}))
    number = {tag: position for position, tag in enumerate(tags)}
    entries = sorted(
        (item, number[tag], weight) for item, piece in enumerate(kept) for tag, weight in piece.piece.tag_weights.items()
    )
    return Tagging(
        tags=tags,
        users=np.full(len(entries), -1, np.int64),
        items=np.array([item for item, _, _ in entries], np.int64),
        tag=np.array([tag for _, tag, _ in entries], np.int64),
        weights=np.array([weight for _, _, weight in entries], np.float64),
    )
