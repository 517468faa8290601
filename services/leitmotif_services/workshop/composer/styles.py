"""The styles that pieces are written in: for each attribute, what is usual there."""

from dataclasses import dataclass

Range = tuple[float, float]


@dataclass(frozen=True)
class Style:
    """Closed ranges are drawn from uniformly; tuples of names evenly, a name listed twice being twice as likely."""

    name: str
    tempo_bpm: Range
    brightness: Range
    density: Range
    dynamics: Range
    reverb: Range
    modes: tuple[str, ...]
    leads: tuple[str, ...]
    chords: tuple[str, ...]
    basses: tuple[str, ...]
    drums: tuple[str, ...]
    accompaniments: tuple[str, ...]
    basslines: tuple[str, ...]
    beats_per_bar: int = 4
    swing: Range = (0.0, 0.0)


STYLES: tuple[Style, ...] = (
    Style(
        "ambient", (60, 80), (0.1, 0.5), (0.0, 0.25), (0.1, 0.4), (0.75, 1.0),
        ("major", "dorian", "minor"), ("pad", "bells", "flute"), ("pad", "strings"), ("synth bass", "none"),
        ("none",), ("sustain",), ("drone",),
    ),
    Style(
        "chamber", (66, 112), (0.35, 0.65), (0.25, 0.6), (0.5, 0.9), (0.35, 0.6),
        ("major", "minor", "minor"), ("strings", "flute", "piano"), ("strings", "strings", "piano"), ("none", "bass"),
        ("none",), ("block", "arpeggio"), ("roots",),
    ),
    Style(
        "folk", (84, 124), (0.45, 0.75), (0.3, 0.6), (0.2, 0.5), (0.1, 0.35),
        ("major", "major", "mixolydian", "dorian"), ("flute", "guitar", "strings"), ("guitar",), ("bass", "none"),
        ("none", "light"), ("strum", "arpeggio"), ("root and fifth",),
    ),
    Style(
        "jazz", (88, 168), (0.3, 0.55), (0.4, 0.8), (0.3, 0.6), (0.15, 0.4),
        ("dorian", "major", "minor"), ("piano", "brass", "guitar"), ("piano", "guitar"), ("bass",),
        ("light",), ("comping",), ("walking",), swing=(0.55, 1.0),
    ),
    Style(
        "dance", (118, 138), (0.6, 1.0), (0.5, 0.9), (0.05, 0.25), (0.2, 0.5),
        ("minor", "minor", "major"), ("synth",), ("synth", "pad"), ("synth bass",),
        ("driving",), ("offbeat", "pulse"), ("offbeat", "eighths"),
    ),
    Style(
        "rock", (104, 172), (0.6, 0.9), (0.5, 0.8), (0.2, 0.5), (0.1, 0.35),
        ("mixolydian", "minor", "major"), ("distorted guitar", "distorted guitar", "organ"), ("distorted guitar",), ("bass",),
        ("driving",), ("pulse", "strum"), ("eighths",),
    ),
    Style(
        "march", (98, 126), (0.55, 0.85), (0.35, 0.65), (0.4, 0.8), (0.2, 0.45),
        ("major", "major", "minor"), ("brass",), ("brass", "organ"), ("bass",),
        ("driving", "light"), ("offbeat", "block"), ("root and fifth",),
    ),
    Style(
        "chiptune", (120, 180), (0.75, 1.0), (0.7, 1.0), (0.0, 0.2), (0.0, 0.1),
        ("major", "minor"), ("square",), ("square",), ("synth bass",),
        ("light", "driving", "none"), ("arpeggio",), ("eighths", "root and fifth"),
    ),
    Style(
        "cinematic", (62, 100), (0.2, 0.6), (0.2, 0.5), (0.7, 1.0), (0.6, 0.9),
        ("minor", "minor", "major"), ("brass", "strings", "piano"), ("strings",), ("bass", "synth bass"),
        ("none", "light", "driving"), ("sustain", "pulse"), ("drone", "roots"),
    ),
    Style(
        "hymn", (60, 84), (0.3, 0.6), (0.1, 0.35), (0.2, 0.5), (0.55, 0.9),
        ("major", "major", "minor"), ("organ",), ("organ",), ("none", "bass"),
        ("none",), ("block", "sustain"), ("roots",),
    ),
    Style(
        "waltz", (96, 168), (0.4, 0.7), (0.3, 0.6), (0.3, 0.7), (0.25, 0.5),
        ("major", "minor"), ("strings", "piano", "flute"), ("piano", "strings", "guitar"), ("bass",),
        ("none", "light"), ("oom-pah",), ("roots",), beats_per_bar=3,
    ),
    Style(
        "nocturne", (60, 92), (0.15, 0.45), (0.3, 0.6), (0.4, 0.8), (0.4, 0.7),
        ("minor", "minor", "dorian", "major"), ("piano", "bells"), ("piano",), ("none",),
        ("none",), ("arpeggio",), ("none",),
    ),
)  # fmt: skip
"""Every style, in a fixed order."""

BY_NAME = {style.name: style for style in STYLES}
"""The styles by their names."""
