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
    MP4 = "MP4"
    """M4A, and whatever else shares QuickTime's container."""
    AAC = "AAC"
    """ADTS frames without a container."""
    MATROSKA = "Matroska"
    """WebM as well."""
    AIFF = "AIFF"
    ASF = "ASF"
    """WMA."""
    CAF = "CAF"
    AU = "AU"
    WAVPACK = "WavPack"


LIBSNDFILE_FORMATS = frozenset({AudioFormat.WAV, AudioFormat.FLAC, AudioFormat.OGG, AudioFormat.MP3})
"""Decoded by libsndfile; FFmpeg decodes the others."""

_SIGNATURES = (
    (b"\x1a\x45\xdf\xa3", AudioFormat.MATROSKA),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c", AudioFormat.ASF),
    (b"caff", AudioFormat.CAF),
    (b".snd", AudioFormat.AU),
    (b"wvpk", AudioFormat.WAVPACK),
)
_MP4_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")
_MP4_OUTER_BOXES = frozenset({*_MP4_BOXES, b"styp", b"sidx", b"moof", b"mfra", b"udta", b"meta", b"uuid"})
_VIDEO_SIGNATURES = (b"FLV\x01", b"\x00\x00\x01\xba", b"\x00\x00\x01\xb3")
"""Flash, and MPEG program and elementary streams."""


_OGG_HEADS_BYTES = 4096
"""The first pages of all streams of an OGG file come first."""

_UNKNOWN_LENGTHS = (0xFFFFFFFF, 0x80000000, 0x7FFFFFFF, 0x7FFFFF00, 0x7FFFF000)
"""WAV data sizes of programs that stream and cannot know them: FFmpeg's, arecord's, the largest signed one, arecord's, SoX's."""

_LENGTH_SLACK = 256
"""Some take the header off those, or round them down to whole samples."""


def recognise(content: bytes) -> AudioFormat:
    """The container of a file; AUDIO_EMPTY, AUDIO_FORMAT_UNKNOWN, or AUDIO_CORRUPT where audio tags hold no audio."""
    if not content:
        raise ServiceError(Reason.AUDIO_EMPTY, "the audio has no bytes; send a whole audio file, or samples")
    if content[:4] in (b"RIFF", b"RF64") and content[8:12] == b"WAVE":
        return AudioFormat.WAV
    if content[:4] == b"OggS":
        if b"theora" in content[:_OGG_HEADS_BYTES]:
            raise holds_video(AudioFormat.OGG)
        return AudioFormat.OGG
    if (content[:4] == b"RIFF" and content[8:12] == b"AVI ") or content.startswith(_VIDEO_SIGNATURES):
        raise holds_video("AVI, FLV or MPEG")
    if content[:4] == b"FORM" and content[8:12] in (b"AIFF", b"AIFC"):
        return AudioFormat.AIFF
    if content[4:8] in _MP4_BOXES:
        return AudioFormat.MP4
    for signature, audio_format in _SIGNATURES:
        if content.startswith(signature):
            return audio_format
    behind_tags = skip_id3(content)
    if content[behind_tags : behind_tags + 4] == b"fLaC":
        return AudioFormat.FLAC
    if first_frame(content, behind_tags) is not None:
        return AudioFormat.MP3
    if _is_adts(content, behind_tags):
        return AudioFormat.AAC
    if behind_tags:
        raise corrupt("an ID3 tag is not followed by audio")
    raise ServiceError(
        Reason.AUDIO_FORMAT_UNKNOWN,
        "the bytes, whatever their name, are no WAV, FLAC, OGG, MP3, M4A or other audio file that is decoded; convert them",
        bytes=len(content),
    )


def refuse_cut_off(content: bytes, audio_format: AudioFormat) -> None:
    """AUDIO_CORRUPT when the container promises bytes that are not there. The formats not named tell while they are decoded."""
    if audio_format is AudioFormat.WAV and _wav_is_cut(content):
        raise corrupt("the WAV header promises more samples than the file holds")
    if audio_format is AudioFormat.OGG and _ogg_is_cut(content):
        raise corrupt("the OGG stream ends before its last page")
    if audio_format is AudioFormat.MP3 and _mp3_is_cut(content):
        raise corrupt("the MP3 stream ends within a frame")
    if audio_format is AudioFormat.AAC and _adts_is_cut(content):
        raise corrupt("the AAC stream ends within a frame")
    if audio_format is AudioFormat.MP4 and _mp4_is_cut(content):
        raise corrupt("the MP4 file ends within a box")


def refuse_rate_of_zero(content: bytes, audio_format: AudioFormat) -> None:
    """AUDIO_CORRUPT for a WAV header that says 0 Hz: decoders refuse it as well, but do not say why."""
    offset = 12
    while audio_format is AudioFormat.WAV and offset + 16 <= len(content):
        name, size, _, rate_hz = struct.unpack_from("<4sIII", content, offset)
        if name == b"fmt ":
            if rate_hz == 0:
                raise corrupt("the WAV header states a sample rate of 0 Hz")
            return
        offset += 8 + size + size % 2


def corrupt(message: str) -> ServiceError:
    """AUDIO_CORRUPT: the bytes begin as audio but cannot be decoded to their end."""
    return ServiceError(Reason.AUDIO_CORRUPT, f"{message}; send it whole, or encode it anew")


def holds_video(container: str) -> ServiceError:
    """AUDIO_FORMAT_UNKNOWN: whether the sound of a film stands for a track is not this service's to decide."""
    return ServiceError(
        Reason.AUDIO_FORMAT_UNKNOWN,
        f"the {container} file holds video; only files of audio alone are embedded: extract its sound first",
    )


def _is_adts(content: bytes, start: int) -> bool:
    """Whether two ADTS frames of one kind follow each other at `start`."""
    first_bytes = _adts_frame_bytes(content, start)
    second = start + first_bytes
    return (
        bool(first_bytes and _adts_frame_bytes(content, second))
        and content[start + 1 : start + 3] == content[second + 1 : second + 3]
    )


def _adts_frame_bytes(content: bytes, offset: int) -> int:
    """Length of the ADTS frame at `offset`, header included; 0 where there is none (ISO/IEC 13818-7, 6.2)."""
    head = content[offset : offset + 7]
    if len(head) < 7 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
        return 0
    frame_bytes = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    return frame_bytes if frame_bytes >= 7 else 0


def _adts_is_cut(content: bytes) -> bool:
    """Whether the frames run on past the end. What follows them may be a tag."""
    offset = skip_id3(content)
    while frame_bytes := _adts_frame_bytes(content, offset):
        offset += frame_bytes
    return offset > len(content) or 0 < len(content) - offset < 7


def _wav_is_cut(content: bytes) -> bool:
    offset, long_size = 12, 0
    while offset + 8 <= len(content):
        name, size = struct.unpack_from("<4sI", content, offset)
        if name == b"ds64" and offset + 24 <= len(content):  # EBU Tech 3306: the size of the whole, then that of the data
            (long_size,) = struct.unpack_from("<Q", content, offset + 16)
        if name == b"data":
            promised = long_size if size == 0xFFFFFFFF and long_size >> 63 == 0 else size
            unknown = promised == 0 or any(0 <= length - promised <= _LENGTH_SLACK for length in _UNKNOWN_LENGTHS)
            return not unknown and offset + 8 + promised > len(content)
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


def _mp4_is_cut(content: bytes) -> bool:
    """Whether one of the outermost boxes (ISO/IEC 14496-12, 4.2) runs past the end. What follows them may be anything."""
    offset = 0
    while offset + 8 <= len(content):
        size, name = struct.unpack_from(">I4s", content, offset)
        if name not in _MP4_OUTER_BOXES or size == 0:  # 0: up to the end
            return False
        if size == 1:
            if offset + 16 > len(content):
                return True
            (size,) = struct.unpack_from(">Q", content, offset + 8)
        offset += max(size, 8)
    return offset > len(content)


def _mp3_is_cut(content: bytes) -> bool:
    start = first_frame(content, skip_id3(content))
    return start is not None and ends_in_mid_frame(content, start)
