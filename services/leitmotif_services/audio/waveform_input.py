"""The input of encoders that listen to the waveform itself, such as imported ones: their front end is inside the graph."""

from dataclasses import dataclass

import numpy as np

from leitmotif_services.audio.embedding import Segment
from leitmotif_services.audio.segmentation import FrameGrid
from leitmotif_services.audio.waveform import Samples


@dataclass(frozen=True)
class WaveformInput:
    """Mono float32 samples, nominally within -1 to 1, at one rate. Level and scale are the graph's own affair."""

    sample_rate_hz: int = 16_000

    def __post_init__(self) -> None:
        if not 8_000 <= self.sample_rate_hz <= 192_000:
            raise ValueError(f"the sample rate must be 8000 to 192000 Hz, is {self.sample_rate_hz}")

    def cut(self, samples: Samples, segments: tuple[Segment, ...]) -> list[Samples]:
        """The samples of each segment: as many for segments of one length."""
        grid = FrameGrid(self.sample_rate_hz, frame_samples=1, hop_samples=1)
        return [np.ascontiguousarray(samples[part]) for part in grid.ranges(segments, len(samples))]
