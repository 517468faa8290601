"""Recognises an audio file by its content, and sees that it was cut off where its container says how long it is."""

import struct
from enum import StrEnum

from leitmotif_services.audio.mpeg_frames import ends_in_mid_frame, first_frame, skip_id3
from leitmotif_services.runtime.errors import Reason, ServiceError


class AudioFormat(StrEnum):
    """The containers that are decoded."""

    WAV = "WAV"
    FLAC = "FLAC"
    OGG = "OGG"
    MP3 = "MP3"


_UNKNOWN_LENGTH = 0x7FFF0000
"""A WAV data size from here up was written by a program that streamed and could not know it."""


def recognise(content: bytes) -> AudioFormat:
    """The container of a file; AUDIO_EMPTY, AUDIO_FORMAT_UNKNOWN, or AUDIO_CORRUPT where audio tags hold no audio."""
    if not content:
        raise ServiceError(Reason.AUDIO_EMPTY, "the audio has no bytes")
    if content[:4] in (b"RIFF", b"RF64") and content[8:12] == b"WAVE":
        return AudioFormat.WAV
    if content[:4] == b"OggS":
        return AudioFormat.OGG
    behind_tags = skip_id3(content)
    if content[behind_tags : behind_tags + 4] == b"fLaC":
        return AudioFormat.FLAC
    if first_frame(content, behind_tags) is not None:
        return AudioFormat.MP3
    if behind_tags:
        raise corrupt("an ID3 tag is not followed by audio")
    raise ServiceError(
        Reason.AUDIO_FORMAT_UNKNOWN, "the bytes are no WAV, FLAC, OGG (Vorbis or Opus) or MP3 file", bytes=len(content)
    )


def refuse_cut_off(content: bytes, audio_format: AudioFormat) -> None:
    """AUDIO_CORRUPT when the container promises bytes that are not there. FLAC tells while it is decoded."""
    if audio_format is AudioFormat.WAV and _wav_is_cut(content):
        raise corrupt("the WAV header promises more samples than the file holds")
    if audio_format is AudioFormat.OGG and _ogg_is_cut(content):
        raise corrupt("the OGG stream ends before its last page")
    if audio_format is AudioFormat.MP3 and _mp3_is_cut(content):
        raise corrupt("the MP3 stream ends within a frame")


def corrupt(message: str) -> ServiceError:
    """AUDIO_CORRUPT: the bytes begin as audio but cannot be decoded to their end."""
    return ServiceError(Reason.AUDIO_CORRUPT, message)


def _wav_is_cut(content: bytes) -> bool:
    offset = 12
    while offset + 8 <= len(content):
        name, size = struct.unpack_from("<4sI", content, offset)
        if name == b"data":
            return bool(0 < size < _UNKNOWN_LENGTH and offset + 8 + size > len(content))
        offset += 8 + size + size % 2
    return True  # no data chunk within the file


def _ogg_is_cut(content: bytes) -> bool:
    last = content.rfind(b"OggS")
    if last + 27 > len(content):
        return True
    segments = content[last + 26]
    table = content[last + 27 : last + 27 + segments]
    ends_stream = bool(content[last + 5] & 4)
    return not ends_stream or len(table) < segments or last + 27 + segments + sum(table) > len(content)


def _mp3_is_cut(content: bytes) -> bool:
    start = first_frame(content, skip_id3(content))
    return start is not None and ends_in_mid_frame(content, start)
