"""MPEG audio layer III frame headers: enough to recognise an MP3 file and to see that its last frame was cut off.

Bit layout and tables: ISO/IEC 11172-3 (MPEG-1) and 13818-3 (MPEG-2, and the unofficial 2.5).
"""

from dataclasses import dataclass

_BITRATES_KBPS = {
    1: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES_HZ = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
"""By the header's two version bits: 3 = MPEG-1, 2 = MPEG-2, 0 = MPEG-2.5; 1 is reserved."""

SEARCH_BYTES = 1 << 16
"""The first frame must begin within so many bytes after the tags: room for padding that some taggers leave."""


@dataclass(frozen=True)
class FrameHeader:
    """One frame of layer III."""

    version_bits: int
    sample_rate_hz: int
    frame_bytes: int
    """Length of the frame with its header."""


def frame_header(content: bytes, offset: int) -> FrameHeader | None:
    """The frame header at `offset`; None where there is none, or one of free format (no length to check)."""
    if offset + 4 > len(content) or content[offset] != 0xFF or content[offset + 1] & 0xE0 != 0xE0:
        return None
    version_bits = content[offset + 1] >> 3 & 3
    layer_bits = content[offset + 1] >> 1 & 3
    bitrate_index = content[offset + 2] >> 4
    rate_index = content[offset + 2] >> 2 & 3
    if version_bits == 1 or layer_bits != 1 or bitrate_index in (0, 15) or rate_index == 3:
        return None
    rate_hz = _RATES_HZ[version_bits][rate_index]
    bitrate_kbps = _BITRATES_KBPS[1 if version_bits == 3 else 2][bitrate_index]
    padding = content[offset + 2] >> 1 & 1
    slots = 144 if version_bits == 3 else 72
    return FrameHeader(version_bits, rate_hz, slots * bitrate_kbps * 1000 // rate_hz + padding)


def skip_id3(content: bytes) -> int:
    """Offset behind the ID3v2 tags that open the file; 0 without one. May lie past the end of a file that was cut."""
    offset = 0
    while content[offset : offset + 3] == b"ID3" and offset + 10 <= len(content):
        size = 0
        for byte in content[offset + 6 : offset + 10]:
            size = size << 7 | byte & 0x7F
        offset += 10 + size
    return offset


def first_frame(content: bytes, start: int) -> int | None:
    """Offset of the first frame at or after `start` that another frame of the same kind follows; None without one.

    Any two bytes in 2,000 look like a frame header; two headers at exactly the right distance hardly happen by chance.
    """
    end = min(len(content), start + SEARCH_BYTES)
    offset = content.find(b"\xff", start, end)
    while offset >= 0:
        header = frame_header(content, offset)
        if header is not None:
            following = frame_header(content, offset + header.frame_bytes)
            if following is not None and _same_stream(header, following):
                return offset
        offset = content.find(b"\xff", offset + 1, end)
    return None


def ends_in_mid_frame(content: bytes, start: int) -> bool:
    """Whether the frames from `start` run on past the end of the file.

    Frames that are followed by anything else (a tag, junk) count as complete: players skip it, and so does the decoder.
    """
    offset = start
    while (header := frame_header(content, offset)) is not None:
        offset += header.frame_bytes
    return offset > len(content) or 0 < len(content) - offset < 4


def _same_stream(first: FrameHeader, second: FrameHeader) -> bool:
    return (first.version_bits, first.sample_rate_hz) == (second.version_bits, second.sample_rate_hz)
