"""Cuts a short, listenable snippet out of an audio file."""

import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import soundfile

from leitmotif_services.audio.audio_decoding import decode
from leitmotif_services.audio.waveform import AudioLimits
from leitmotif_services.runtime.errors import invalid_field

SAMPLE_RATE_HZ = 44_100
FADE_S = 0.05
"""Long enough that no click is heard where the music is cut, short enough that no beat is lost."""

LONGEST_SNIPPET_S = 60.0
PEAK = 0.9
"""A snippet is turned down to this peak where it is louder: resampling and coding overshoot."""

_BLOCK_FRAMES = 4096
"""libsndfile's Vorbis writer keeps a whole call on the stack; long ones overrun it."""


def cut_snippet(content: bytes, start_s: float, duration_s: float, *, limits: AudioLimits | None = None) -> bytes:
    """An OGG Vorbis file, mono at 44.1 kHz, of `duration_s` seconds of an audio file from `start_s` on.

    What lies past the end is left out. FIELD_INVALID when the stretch is not within the track or longer than a minute;
    the errors of decoding where the file is refused. OSError when the snippet cannot be written.
    """
    if not 0.0 < duration_s <= LONGEST_SNIPPET_S:
        raise invalid_field("duration_s", f"must be above 0 and at most {LONGEST_SNIPPET_S:g}, is {duration_s}")
    # libsndfile calls back into Python and drops what is raised there. Ctrl-C is raised in the main thread only, so it must
    # not be the one that libsndfile calls.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(_cut, content, start_s, duration_s, limits).result()


def _cut(content: bytes, start_s: float, duration_s: float, limits: AudioLimits | None) -> bytes:
    waveform = decode(content, SAMPLE_RATE_HZ, limits)
    if not 0.0 <= start_s < waveform.duration_s:
        raise invalid_field("start_s", f"must be 0 to {waveform.duration_s:.3f}, the length of the track; is {start_s}")
    first = int(start_s * SAMPLE_RATE_HZ)
    samples = waveform.samples[first : first + round(duration_s * SAMPLE_RATE_HZ)].copy()
    peak = float(np.abs(samples).max(initial=0.0))
    if peak > PEAK:
        samples *= np.float32(PEAK / peak)
    fade = min(int(FADE_S * SAMPLE_RATE_HZ), len(samples) // 2)
    ramp = np.linspace(0.0, 1.0, fade, dtype=np.float32)
    samples[:fade] *= ramp
    samples[len(samples) - fade :] *= ramp[::-1]
    buffer = io.BytesIO()
    try:
        with soundfile.SoundFile(buffer, "w", SAMPLE_RATE_HZ, 1, format="OGG", subtype="VORBIS") as snippet:
            for start in range(0, len(samples), _BLOCK_FRAMES):
                snippet.write(samples[start : start + _BLOCK_FRAMES])
    except soundfile.LibsndfileError as error:
        raise OSError(f"the snippet cannot be written: {error}") from error
    return buffer.getvalue()
