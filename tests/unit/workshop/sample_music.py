"""Small data sets with a known truth: each tag is a direction of the embedding space, tracks lie between those they carry."""

import numpy as np

from leitmotif_services.audio.embedding import AudioDescriptors, Segment
from leitmotif_services.workshop.audience import simulate_audience
from leitmotif_services.workshop.dataset import Interactions, MusicDataset, MusicTrack

TAGS = ("calm", "dark", "jazz", "rock", "synth")
DIMENSION = 24


def described(tempo_bpm=120.0, brightness_hz=1500.0, **others):
    values = {
        "pulse_clarity": 0.5, "loudness_db": -18.0, "dynamics_db": 12.0, "percussiveness": 0.3,
        "onset_rate_hz": 3.0, "majorness": 0.0,
    }  # fmt: skip
    return AudioDescriptors(tempo_bpm=tempo_bpm, brightness_hz=brightness_hz, **(values | others))


def tagged_music(tracks=60, *, noise=0.5, seed=0, with_tags=True):
    """Tracks of one or two tags each; ten artists, who do not depend on the tags. Two segments a track."""
    rng = np.random.default_rng(seed)
    directions = np.linalg.qr(rng.standard_normal((DIMENSION, len(TAGS) + 1)))[0].T
    common = directions[-1]
    made = []
    for number in range(tracks):
        carried = [int(tag) for tag in rng.permutation(len(TAGS))[: 1 + number % 2]]
        centre = common + directions[carried].sum(axis=0)
        segments = centre + noise * rng.standard_normal((2, DIMENSION)) / np.sqrt(DIMENSION) * 2
        segments /= np.linalg.norm(segments, axis=1, keepdims=True)
        mean = segments.mean(axis=0)
        made.append(
            MusicTrack(
                track_id=f"t{number}",
                title=f"Title {number}",
                artist=f"Artist {number % 10}",
                duration_s=15.0,
                embedding=(mean / np.linalg.norm(mean)).astype(np.float32),
                segment_embeddings=segments.astype(np.float32),
                segments=(Segment(0.0, 10.0), Segment(5.0, 10.0)),
                descriptors=described(tempo_bpm=90.0 + 60.0 * (3 in carried), brightness_hz=3000.0 if 4 in carried else 800.0),
                tags={TAGS[tag]: 1.0 for tag in carried} if with_tags else {},
            )
        )
    return tuple(made)


def listening(tracks, listeners=120, seed=0):
    audience = simulate_audience({track.track_id: track.tags for track in tracks}, listeners=listeners, seed=seed)
    place = {track.track_id: position for position, track in enumerate(tracks)}
    user_ids = tuple(person.user_id for person in audience.listeners)
    users = {user_id: position for position, user_id in enumerate(user_ids)}
    entries = sorted((users[entry.user_id], place[entry.track_id], entry.count) for entry in audience.interactions)
    people, positions, counts = zip(*entries, strict=True)
    return Interactions(user_ids, np.array(people), np.array(positions), np.array(counts, np.float32))


def dataset(tracks, interactions=None):
    return MusicDataset(tracks, "sample-1", "5" * 64, interactions, lambda position: f"audio of {position}".encode())


def cut(content, start_s, duration_s):
    return b"OggS" + content + f" from {start_s} for {duration_s}".encode()
