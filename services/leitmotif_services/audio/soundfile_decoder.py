"""Decodes audio files from bytes with libsndfile and resamples them with soxr, in blocks, within hard bounds."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import soundfile

from leitmotif_services.audio.container_formats import AudioFormat, corrupt, refuse_cut_off, refuse_rate_of_zero
from leitmotif_services.audio.soxr_resampler import MonoResampler
from leitmotif_services.audio.waveform import (
    MINIMUM_DURATION_S,
    AudioLimits,
    Samples,
    Waveform,
    checked_rate_and_channels,
    checked_samples,
    too_large,
    too_short,
)
from leitmotif_services.runtime.errors import Reason, ServiceError

BLOCK_FRAMES = 1 << 18
"""Frames decoded at a time: 8 MiB at eight channels."""

_WAV_SUBTYPES = frozenset({"PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"})
_OGG_SUBTYPES = frozenset({"VORBIS", "OPUS"})

_FRAMES_UNKNOWN = 1 << 62
"""libsndfile's frame count is this large when the header leaves the length open."""

_MP3_SLACK_FRAMES = 4 * 1152
"""What an MP3 decoder's own delay and an estimated length may differ by."""


class _MemoryFile:
    """Read-only file over bytes that never raises: libsndfile calls it from C, where an exception would be lost."""

    def __init__(self, content: bytes) -> None:
        self._view = memoryview(content)
        self._offset = 0

    def seek(self, offset: int, whence: int = 0) -> int:
        origin = (0, self._offset, len(self._view))[whence] if whence in (0, 1, 2) else 0
        self._offset = min(max(origin + offset, 0), len(self._view))
        return self._offset

    def tell(self) -> int:
        return self._offset

    def readinto(self, target: memoryview) -> int:
        count = min(len(target), len(self._view) - self._offset)
        target[:count] = self._view[self._offset : self._offset + count]
        self._offset += count
        return count

    def write(self, _: bytes) -> int:
        return 0


@contextmanager
def _readable(content: bytes, descriptor: int | None) -> Iterator[_MemoryFile | int]:
    """`content` as libsndfile reads it best: `descriptor` where it is given, one of memory where the system has them.

    It reads 4 KiB at a time. From a descriptor it does so by itself; from a Python object each read takes the interpreter's
    lock, hundreds of times a track, away from other threads.
    """
    if descriptor is not None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
        return
    descriptor = _memory_descriptor(content)
    if descriptor is None:
        yield _MemoryFile(content)
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _memory_descriptor(content: bytes) -> int | None:
    """An open file in memory that holds `content`; None where there are none, or where a limit on file sizes forbids it."""
    if not hasattr(os, "memfd_create"):
        return None
    try:
        descriptor = os.memfd_create("audio", os.MFD_CLOEXEC)
    except OSError:
        return None
    try:
        rest = memoryview(content)
        while len(rest):
            rest = rest[os.write(descriptor, rest) :]
        os.lseek(descriptor, 0, os.SEEK_SET)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


class _SequentialSoundFile(soundfile.SoundFile):  # type: ignore[misc]
    """Read from start to end. Told that it can seek, soundfile seeks after every block, which decodes OGG and MP3 anew."""

    def seekable(self) -> bool:
        return False


def decode_with_libsndfile(
    content: bytes, audio_format: AudioFormat, sample_rate_hz: int, limits: AudioLimits, *, descriptor: int | None = None
) -> Waveform:
    """Decode a whole file in a container of libsndfile's to mono; `audio_decoding.decode` says what is refused."""
    refuse_cut_off(content, audio_format)
    refuse_rate_of_zero(content, audio_format)
    try:
        with _readable(content, descriptor) as file, _SequentialSoundFile(file, closefd=False) as sound:
            _check_header(sound, audio_format, limits)
            samples, decoded_frames = _read_mono(sound, sample_rate_hz, limits)
            _check_length(sound, audio_format, decoded_frames)
            source_rate_hz, channels = int(sound.samplerate), int(sound.channels)
    except soundfile.LibsndfileError as error:
        raise corrupt(f"the {audio_format} file cannot be decoded") from error
    duration_s = decoded_frames / source_rate_hz
    if duration_s < MINIMUM_DURATION_S:
        raise too_short(duration_s)
    return Waveform(checked_samples(samples), sample_rate_hz, duration_s, source_rate_hz, channels)


def _check_header(sound: soundfile.SoundFile, audio_format: AudioFormat, limits: AudioLimits) -> None:
    allowed = {AudioFormat.WAV: _WAV_SUBTYPES, AudioFormat.OGG: _OGG_SUBTYPES}.get(audio_format)
    if allowed is not None and sound.subtype not in allowed:
        raise ServiceError(
            Reason.AUDIO_FORMAT_UNKNOWN,
            f"{audio_format} with {sound.subtype} is not decoded, only {', '.join(sorted(allowed))}: convert it",
        )
    checked_rate_and_channels(sound.samplerate, sound.channels, limits)
    claimed_s = sound.frames / sound.samplerate
    if sound.frames < _FRAMES_UNKNOWN and claimed_s > limits.max_duration_s:
        raise too_large("seconds", limits.max_duration_s, round(claimed_s, 3))


def _read_mono(sound: soundfile.SoundFile, sample_rate_hz: int, limits: AudioLimits) -> tuple[Samples, int]:
    """Mono samples at `sample_rate_hz`, and how many frames were decoded. The header's length is not relied on."""
    resampler = MonoResampler(sound.samplerate, sample_rate_hz)
    limit_frames = int(limits.max_duration_s * sound.samplerate)
    block = np.empty((BLOCK_FRAMES, sound.channels), np.float32)
    parts: list[Samples] = []
    decoded_frames = 0
    while len(frames := sound.read(out=block)):
        decoded_frames += len(frames)
        if decoded_frames > limit_frames:
            raise too_large("seconds", limits.max_duration_s, round(decoded_frames / sound.samplerate, 3))
        parts.append(resampler.add(frames))
    parts.append(resampler.end())
    return np.concatenate(parts), decoded_frames


def _check_length(sound: soundfile.SoundFile, audio_format: AudioFormat, decoded_frames: int) -> None:
    """AUDIO_CORRUPT when fewer frames came out than the container says there are: pages or frames inside were damaged."""
    slack = _MP3_SLACK_FRAMES if audio_format is AudioFormat.MP3 else 0
    if decoded_frames + slack < sound.frames < _FRAMES_UNKNOWN:
        raise corrupt(f"only {decoded_frames} of {sound.frames} frames of the {audio_format} file can be decoded")
