"""Decodes with FFmpeg (through PyAV) the containers that libsndfile does not know: from memory alone, audio alone, in bounds.

FFmpeg is told which container it is, so it probes nothing, and it may open no protocol: a playlist or a reference to another
file or host leads nowhere.
"""

import io
import struct
from collections.abc import Iterator

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition
from numpy.typing import NDArray

from leitmotif_services.audio.container_formats import AudioFormat, corrupt, holds_video, refuse_cut_off
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

_DEMUXERS = {
    AudioFormat.MP4: "mov,mp4,m4a,3gp,3g2,mj2",
    AudioFormat.AAC: "aac",
    AudioFormat.MATROSKA: "matroska,webm",
    AudioFormat.AIFF: "aiff",
    AudioFormat.ASF: "asf",
    AudioFormat.CAF: "caf",
    AudioFormat.AU: "au",
    AudioFormat.WAVPACK: "wv",
}

_OPTIONS = {"protocol_whitelist": "none"}

_MOST_STREAMS = 16

_SHORT_BY_S = 0.15
"""A file may hold so much less than its header says: encoders count the samples that they pad with."""

_EXACT = frozenset({AudioFormat.AIFF, AudioFormat.AU, AudioFormat.CAF, AudioFormat.WAVPACK})
"""Nothing is padded in these."""

_PLANES_READ_SAFELY = 8
"""PyAV looks for the end of a frame's planes in FFmpeg's list of them, which has none where all eight are taken."""

_FULL_SCALE = {"u8": 128.0, "s16": 2.0**15, "s32": 2.0**31, "s64": 2.0**63}
"""By sample format; floats are at full scale 1 already."""


def decode_with_ffmpeg(content: bytes, audio_format: AudioFormat, sample_rate_hz: int, limits: AudioLimits) -> Waveform:
    """Decode a whole file in one of FFmpeg's containers to mono; `audio_decoding.decode` says what is refused."""
    refuse_cut_off(content, audio_format)
    if audio_format is AudioFormat.MP4:
        _refuse_impossible_tables(content)
    try:
        with av.open(io.BytesIO(content), "r", format=_DEMUXERS[audio_format], options=_OPTIONS) as container:
            stream = _only_audio(container, audio_format)
            decoded = _Decoded(sample_rate_hz, limits)
            for frame in _frames(container, stream):
                decoded.add(frame)
            samples = decoded.end()
            promised_s = _promised_s(container, stream, audio_format)
    except (av.error.FFmpegError, ValueError, OverflowError) as error:
        raise corrupt(f"the {audio_format} file cannot be decoded") from error
    if decoded.duration_s < promised_s - (0.0 if audio_format in _EXACT else _SHORT_BY_S):
        raise corrupt(f"only {decoded.duration_s:.2f} of {promised_s:.2f} s of the {audio_format} file can be decoded")
    if decoded.duration_s < MINIMUM_DURATION_S:
        raise too_short(decoded.duration_s)
    return Waveform(checked_samples(samples), sample_rate_hz, decoded.duration_s, decoded.rate_hz, decoded.channels)


class _Decoded:
    """Mono samples of frames whose format is that of the first."""

    def __init__(self, sample_rate_hz: int, limits: AudioLimits) -> None:
        self._sample_rate_hz = sample_rate_hz
        self._limits = limits
        self._resampler: MonoResampler | None = None
        self._packer: av.AudioResampler | None = None
        self._parts: list[Samples] = []
        self._frames = 0
        self.rate_hz = self.channels = 0

    @property
    def duration_s(self) -> float:
        return self._frames / self.rate_hz if self.rate_hz else 0.0

    def add(self, frame: AudioFrame) -> None:
        channels = frame.layout.nb_channels
        if self._resampler is None:
            checked_rate_and_channels(frame.sample_rate, channels, self._limits)
            self.rate_hz, self.channels = frame.sample_rate, channels
            self._resampler = MonoResampler(frame.sample_rate, self._sample_rate_hz)
        if (frame.sample_rate, channels) != (self.rate_hz, self.channels):
            raise corrupt("the rate or the number of channels changes within the file")
        self._frames += frame.samples
        if self.duration_s > self._limits.max_duration_s:
            raise too_large("seconds", self._limits.max_duration_s, round(self.duration_s, 3))
        if frame.format.is_planar and channels >= _PLANES_READ_SAFELY:
            self._packer = self._packer or av.AudioResampler(format="flt")
            packed = self._packer.resample(frame)
        else:
            packed = [frame]
        self._parts += [self._resampler.add(_samples(part, channels)) for part in packed]

    def end(self) -> Samples:
        """All samples; AUDIO_CORRUPT when there is none."""
        if self._resampler is None:
            raise corrupt("the file holds no audio that can be decoded")
        return np.concatenate([*self._parts, self._resampler.end()])


def _only_audio(container: InputContainer, audio_format: AudioFormat) -> AudioStream:
    """The first audio stream; AUDIO_FORMAT_UNKNOWN where there is video (a cover is none) or no audio."""
    if len(container.streams) > _MOST_STREAMS:
        raise corrupt(f"the file has {len(container.streams)} streams; at most {_MOST_STREAMS} are read")
    if any(not stream.disposition & Disposition.attached_pic for stream in container.streams.video):
        raise holds_video(audio_format)
    if not container.streams.audio:
        raise ServiceError(Reason.AUDIO_FORMAT_UNKNOWN, f"the {audio_format} file holds no audio; send one that does")
    stream = container.streams.audio[0]
    if stream.codec_context is None:
        raise ServiceError(
            Reason.AUDIO_FORMAT_UNKNOWN,
            f"the {audio_format} file holds audio of a kind that is not decoded; convert it to FLAC or MP3",
        )
    stream.codec_context.thread_type = "NONE"  # threads are the service's own affair
    return stream


def _promised_s(container: InputContainer, stream: AudioStream, audio_format: AudioFormat) -> float:
    """Length of the audio by the file's own word, in seconds; 0 where it gives none."""
    if audio_format is AudioFormat.AAC:
        return 0.0  # bare frames; FFmpeg makes a guess of their bit rate, which is no promise
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    if audio_format is AudioFormat.MATROSKA and container.duration:  # says it of the whole file alone
        return container.duration / av.time_base
    return 0.0


def _frames(container: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
    for packet in container.demux(stream):
        if packet.is_corrupt:
            raise corrupt("a packet of the file is damaged")
        yield from packet.decode()


def _samples(frame: AudioFrame, channels: int) -> NDArray[np.float32]:
    """(n, channels) float32 at full scale 1, of planar or interleaved samples of any width."""
    values = frame.to_ndarray()
    interleaved = values.T if frame.format.is_planar else values.reshape(-1, channels)
    full_scale = _FULL_SCALE.get(frame.format.name.removesuffix("p"))
    if full_scale is None:
        return np.asarray(interleaved, np.float32)
    offset = 128.0 if frame.format.name.startswith("u8") else 0.0
    return np.asarray((interleaved.astype(np.float64) - offset) / full_scale, np.float32)


def _refuse_impossible_tables(content: bytes) -> None:
    """AUDIO_CORRUPT when a sample table of an MP4 file counts more bytes of samples than there are bytes.

    FFmpeg lays the table out in memory before it reads a sample, and a table of samples of one size takes twelve bytes.
    """
    offset = content.find(b"stsz")
    while offset >= 0 and offset + 16 <= len(content):
        size, count = struct.unpack_from(">II", content, offset + 8)
        if count * max(1, size) > len(content):
            raise corrupt("the MP4 file promises more samples than it holds")
        offset = content.find(b"stsz", offset + 4)
