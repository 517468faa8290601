"""Makes OGG files repeatable: libogg draws a random serial number for every stream, so equal audio gives unequal files."""

import struct
import zlib

_HEADER = struct.Struct("<4sBBqIIIB")
"""Capture pattern, version, flags, granule position, serial, page number, CRC, number of segments (RFC 3533)."""

_SERIAL_OFFSET, _CRC_OFFSET = 14, 22

_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def with_serial(content: bytes, serial: int) -> bytes:
    """The OGG file `content`, of one logical stream, with another serial number (32 bits) and the checksums that go with it.

    ValueError when the bytes are not a whole number of OGG pages.
    """
    pages = bytearray(content)
    offset = 0
    while offset < len(pages):
        end = _page_end(pages, offset)
        struct.pack_into("<I", pages, offset + _SERIAL_OFFSET, serial)
        struct.pack_into("<I", pages, offset + _CRC_OFFSET, 0)
        struct.pack_into("<I", pages, offset + _CRC_OFFSET, page_checksum(bytes(pages[offset:end])))
        offset = end
    return bytes(pages)


def page_checksum(page: bytes) -> int:
    """CRC-32 of a page with polynomial 0x04C11DB7, most significant bit first, from 0; the CRC field must be zero.

    zlib computes the mirrored CRC with inverted ends, many times faster than a loop: mirror what goes in and what comes out.
    """
    mirrored = zlib.crc32(page.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)


def _page_end(pages: bytearray, offset: int) -> int:
    if offset + _HEADER.size <= len(pages):
        capture, *_, segments = _HEADER.unpack_from(pages, offset)
        table = offset + _HEADER.size
        end = int(table + segments + sum(pages[table : table + segments]))
        if capture == b"OggS" and table + segments <= len(pages) and end <= len(pages):
            return end
    raise ValueError(f"there is no whole OGG page at byte {offset}")
