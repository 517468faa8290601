"""Cuts a track into the overlapping segments that are encoded one by one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.audio.embedding import Segment

QUIET_SEGMENT = 10.0 ** (-60.0 / 10.0)
"""A segment with less than this share of the loudest one's power holds nothing that can be heard beside it."""


@dataclass(frozen=True)
class Segmentation:
    """Parameters; they are stored inside the encoder artifact."""

    segment_s: float = 10.0
    hop_s: float = 5.0
    shortest_tail_s: float = 1.0
    """A last segment is added only when at least so much would otherwise be in no segment."""

    def __post_init__(self) -> None:
        if not 1.0 <= self.segment_s <= 600.0 or not 0.1 <= self.hop_s <= self.segment_s or self.shortest_tail_s < 0.1:
            raise ValueError("segments must be 1 to 600 s long, their hop 0.1 s to a segment, a tail at least 0.1 s")

    def cut(self, duration_s: float) -> tuple[Segment, ...]:
        """The segments of a track, at least one.

        Full segments start every `hop_s`. One last, shorter segment covers the rest; a track that is shorter than a
        segment is one segment.
        """
        if duration_s <= self.segment_s:
            return (Segment(0.0, duration_s),)
        full = int((duration_s - self.segment_s) / self.hop_s + 1e-9) + 1
        segments = [Segment(index * self.hop_s, self.segment_s) for index in range(full)]
        start_s = full * self.hop_s
        if duration_s - (segments[-1].start_s + self.segment_s) >= self.shortest_tail_s:
            segments.append(Segment(start_s, duration_s - start_s))
        return tuple(segments)


@dataclass(frozen=True)
class FrameGrid:
    """Where frames lie in time: frame n covers `frame_samples` samples from n · `hop_samples` on."""

    sample_rate_hz: int
    frame_samples: int
    hop_samples: int

    def ranges(self, segments: tuple[Segment, ...], frames: int) -> list[slice]:
        """The frames, of `frames` in all, that lie within each segment: as many for segments of one length, at least one."""
        ranges = []
        for segment in segments:
            first = min(int(segment.start_s * self.sample_rate_hz / self.hop_samples + 1e-6), frames - 1)
            samples = int(segment.duration_s * self.sample_rate_hz + 1e-6)
            count = max(1, 1 + (samples - self.frame_samples) // self.hop_samples)
            ranges.append(slice(first, min(first + count, frames)))
        return ranges


def audible(segments: tuple[Segment, ...], frame_power: NDArray[np.float32], grid: FrameGrid) -> tuple[Segment, ...]:
    """`segments` without the silent ones; the loudest always stays. `frame_power` is (T,)."""
    power = np.array([frame_power[frames].mean() for frames in grid.ranges(segments, len(frame_power))])
    return tuple(segment for segment, mean in zip(segments, power, strict=True) if mean >= power.max() * QUIET_SEGMENT)
