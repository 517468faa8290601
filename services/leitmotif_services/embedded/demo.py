"""`leitmotif demo`: composed or given music, a platform of its own, and a listener who steers it."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from leitmotif import Client
from leitmotif_services.embedded.demo_scenario import Outcome, steer
from leitmotif_services.embedded.music import serve_music
from leitmotif_services.embedded.platform_process import running_platform
from leitmotif_services.workshop.audience import simulate_audience, write_interactions
from leitmotif_services.workshop.ingest import IngestReport
from leitmotif_services.workshop.music_writing import TAGS_FILE, write_music
from leitmotif_services.workshop.training import Progress

_COMPOSED_TRACKS = 120
_COMPOSED_DURATION_S = 20.0
_LISTENERS = 400
_SEED = 7

_GIVEN_MUSIC_HEARD = 2
"""Tracks that the listener of given music has heard: nobody's listening is known, so the first ones stand in."""


@dataclass(frozen=True)
class Demo:
    """A finished demo whose platform still runs."""

    address: str
    ingested: IngestReport
    outcome: Outcome
    heard: list[str]
    seconds: float


@dataclass(frozen=True)
class _Listening:
    """Tables that training reads, and the person whose profile is steered."""

    interactions_csv: Path | None
    tags_csv: Path | None
    user_id: str
    heard: list[str]


@contextmanager
def running_demo(music: Path | None, on_progress: Progress) -> Iterator[Demo]:
    """Run the demo in a temporary folder; inside the block the platform goes on serving, behind it everything is gone."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="leitmotif-demo-") as folder:
        data = Path(folder)
        on_progress("starting the platform", 0, 1)
        with running_platform(data) as address, Client(address) as client:
            listening = _compose(data, on_progress) if music is None else None
            ingested = serve_music(
                client,
                music or data / "music",
                models_root=data / "models",
                interactions_csv=listening.interactions_csv if listening else None,
                tags_csv=listening.tags_csv if listening else None,
                on_progress=on_progress,
            )
            listening = listening or _first_tracks(client)
            on_progress("steering", 0, 1)
            client.listen(listening.user_id, listening.heard)
            outcome = steer(client, listening.user_id)
            yield Demo(address, ingested, outcome, listening.heard, time.monotonic() - started)


def _compose(data: Path, on_progress: Progress) -> _Listening:
    """Composed music below `data`, and a simulated audience that listened to it; its first listener is the person."""
    written = write_music(
        data / "music",
        tracks=_COMPOSED_TRACKS,
        seed=_SEED,
        duration_s=_COMPOSED_DURATION_S,
        on_progress=lambda done: on_progress("composing", done, _COMPOSED_TRACKS),
    )
    tags = {track.track_id: track.piece.tag_weights for track in written}
    audience = simulate_audience(tags, listeners=_LISTENERS, seed=_SEED)
    interactions_csv = data / "interactions.csv"
    user_id = audience.listeners[0].user_id
    # The person's own listening stays out of training: to the model this is somebody new.
    write_interactions(interactions_csv, [entry for entry in audience.interactions if entry.user_id != user_id])
    heard = [entry.track_id for entry in audience.interactions if entry.user_id == user_id]
    return _Listening(interactions_csv, data / "music" / TAGS_FILE, user_id, heard)


def _first_tracks(client: Client) -> _Listening:
    heard = [track.track_id for track, _ in zip(client.tracks.list(), range(_GIVEN_MUSIC_HEARD), strict=False)]
    return _Listening(None, None, "listener", heard)
