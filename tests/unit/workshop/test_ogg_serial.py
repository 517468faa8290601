"""Pages are renumbered with checksums that decoders accept."""

import io
import struct

import numpy as np
import pytest
import soundfile

from leitmotif_services.workshop.ogg_serial import page_checksum, with_serial


def vorbis(seconds=1.0):
    buffer = io.BytesIO()
    tone = 0.5 * np.sin(np.arange(int(22_050 * seconds)) / 9)
    with soundfile.SoundFile(buffer, "w", 22_050, 1, format="OGG", subtype="VORBIS") as file:
        file.write(tone)
    return buffer.getvalue()


def by_the_bit(page):
    """The CRC of RFC 3533 as it is defined, a bit at a time."""
    register = 0
    for byte in page:
        register ^= byte << 24
        for _ in range(8):
            register = (register << 1 ^ 0x04C11DB7) & 0xFFFFFFFF if register & 0x80000000 else register << 1
    return register


def test_the_checksum_is_that_of_the_definition():
    assert page_checksum(b"OggS and more") == by_the_bit(b"OggS and more")
    content = bytearray(vorbis(0.1))
    [stored] = struct.unpack_from("<I", content, 22)
    struct.pack_into("<I", content, 22, 0)
    assert page_checksum(bytes(content[: 28 + content[27]])) == stored  # the first page holds one segment


def test_equal_audio_gives_equal_files_that_decode():
    one, two = vorbis(), vorbis()
    assert one != two  # else this module has no purpose any more
    assert with_serial(one, 1) == with_serial(two, 1)
    before, _ = soundfile.read(io.BytesIO(one))
    after, _ = soundfile.read(io.BytesIO(with_serial(one, 1)))
    assert np.array_equal(before, after)
    assert with_serial(with_serial(one, 1), struct.unpack_from("<I", one, 14)[0]) == one


@pytest.mark.parametrize("content", [b"RIFF" + bytes(60), vorbis()[:-3], vorbis()[:20], vorbis() + b"x"])
def test_what_is_no_whole_file_is_refused(content):
    with pytest.raises(ValueError, match="no whole OGG page"):
        with_serial(content, 1)
