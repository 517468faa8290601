"""Exemplars: the stretches of real tracks that show best what a prototype sounds like."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.prototypes.prototype import Exemplar
from leitmotif_services.workshop.dataset import MusicDataset, Positions

Doubles = NDArray[np.float64]

EXEMPLARS_EACH = 3

_CLOSE = 0.6
"""A further exemplar has at least this share of the first one's affinity."""

_SNIPPET_S = 8.0
"""Longest snippet."""


@dataclass(frozen=True)
class ExemplarSet:
    """Exemplars of each prototype, and their audio by file name."""

    exemplars: tuple[tuple[Exemplar, ...], ...]
    snippets: dict[str, bytes]


def choose_segments(affinity: Doubles, segment_tracks: Positions, artists: Sequence[str], count: int) -> list[int]:
    """Positions of up to `count` of M segments, strongest first, given their affinities (M,) and tracks (M,).

    One an artist, as long as there are artists whose best segment has 0.6 of the strongest one's affinity; a track whose
    artist is unknown stands for itself. Always at least one.
    """
    chosen: list[int] = []
    heard: set[str] = set()
    for segment in np.argsort(-affinity, kind="stable"):
        track = int(segment_tracks[segment])
        artist = artists[track] or f"\0{track}"
        if artist in heard:
            continue
        if chosen and (len(chosen) == count or affinity[segment] < _CLOSE * affinity[chosen[0]]):
            break
        heard.add(artist)
        chosen.append(int(segment))
    return chosen


def cut_exemplars(
    dataset: MusicDataset,
    affinities: Doubles,
    cut: Callable[[bytes, float, float], bytes],
    on_cut: Callable[[int, int], None],
) -> ExemplarSet:
    """Exemplars of K prototypes by the segments' affinities (M, K), each cut from its file, of at most 8 s.

    `cut(content, start_s, duration_s)` gives the snippet as an OGG file. Segments that several prototypes share are cut
    once, and every file is read once. `on_cut` gets the files done and all of them.
    """
    artists = [track.artist for track in dataset.tracks]
    chosen = [choose_segments(column, dataset.segment_tracks, artists, EXEMPLARS_EACH) for column in affinities.T]
    first = np.searchsorted(dataset.segment_tracks, np.arange(len(dataset.tracks)))
    wanted = sorted({segment for segments in chosen for segment in segments})
    names: dict[int, str] = {}
    snippets: dict[str, bytes] = {}
    needed = sorted({int(dataset.segment_tracks[segment]) for segment in wanted})
    for done, track in enumerate(needed, start=1):
        content = dataset.read_audio(track)
        for segment in (position for position in wanted if dataset.segment_tracks[position] == track):
            place = segment - int(first[track])
            start_s, duration_s = _stretch(dataset, track, place)
            names[segment] = f"{dataset.tracks[track].track_id[:100]}-{place}.ogg"
            snippets[names[segment]] = cut(content, start_s, duration_s)
        on_cut(done, len(needed))
    exemplars = tuple(
        tuple(_exemplar(dataset, segment, first, float(column[segment]), names[segment]) for segment in segments)
        for segments, column in zip(chosen, affinities.T, strict=True)
    )
    return ExemplarSet(exemplars, snippets)


def _stretch(dataset: MusicDataset, track: int, place: int) -> tuple[float, float]:
    segment = dataset.tracks[track].segments[place]
    return segment.start_s, min(segment.duration_s, _SNIPPET_S)


def _exemplar(dataset: MusicDataset, segment: int, first: Positions, affinity: float, snippet: str) -> Exemplar:
    position = int(dataset.segment_tracks[segment])
    track = dataset.tracks[position]
    start_s, duration_s = _stretch(dataset, position, segment - int(first[position]))
    return Exemplar(track.track_id, track.title, track.artist, start_s, duration_s, max(0.0, affinity), snippet)
