"""What is kept of a track once the front end has read it: of its samples, nothing."""

from dataclasses import dataclass

from leitmotif_services.audio.front_end import TrackFrames


@dataclass(frozen=True)
class AnalysedTrack:
    """Frames of a track, and what was known of its waveform."""

    frames: TrackFrames
    rms: float
    """Of the samples, > 0."""
    duration_s: float
    """Length as decoded, in seconds."""
    source_sample_rate_hz: int
    source_channels: int
    analysis_s: float
    """Wall-clock time of the front end, in seconds."""
