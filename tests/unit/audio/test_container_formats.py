import struct

import pytest

from leitmotif_services.audio.container_formats import AudioFormat, recognise, refuse_cut_off
from leitmotif_services.audio.mpeg_frames import ends_in_mid_frame, first_frame, frame_header, skip_id3
from leitmotif_services.runtime.errors import Reason, ServiceError
from tests.unit.audio.audio_files import every_encoding

HEADER_128K_44K1 = bytes([0xFF, 0xFB, 0x90, 0x00])
"""MPEG-1 layer III, 128 kbit/s, 44.1 kHz, no padding: 144 · 128000 // 44100 = 417 bytes a frame."""
FRAME = HEADER_128K_44K1 + bytes(413)


def id3(size):
    return b"ID3\x04\x00\x00" + bytes([size >> 21 & 127, size >> 14 & 127, size >> 7 & 127, size & 127]) + bytes(size)


@pytest.fixture(scope="module")
def files():
    return every_encoding(2.0)


@pytest.mark.parametrize(
    ("name", "expected"), [("wav", "WAV"), ("flac", "FLAC"), ("vorbis", "OGG"), ("opus", "OGG"), ("mp3", "MP3")]
)
def test_each_container_is_recognised_by_content(files, name, expected):
    assert recognise(files[name]) is AudioFormat(expected)
    refuse_cut_off(files[name], AudioFormat(expected))


def test_tags_before_mp3_and_flac_are_skipped(files):
    assert recognise(id3(300) + files["mp3"]) is AudioFormat.MP3
    assert recognise(id3(300) + id3(5) + files["flac"]) is AudioFormat.FLAC


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", Reason.AUDIO_EMPTY),
        (b"\xff", Reason.AUDIO_FORMAT_UNKNOWN),
        (b"To be, or not to be, that is the question. " * 100, Reason.AUDIO_FORMAT_UNKNOWN),
        (b"\x00\x00\x00\x20heic" + bytes(2000), Reason.AUDIO_FORMAT_UNKNOWN),
        (b"RIFF\x00\x01\x00\x00AVI LIST" + bytes(300), Reason.AUDIO_FORMAT_UNKNOWN),
        (b"FORM\x00\x01\x00\x00ILBM" + bytes(300), Reason.AUDIO_FORMAT_UNKNOWN),
        (FRAME, Reason.AUDIO_FORMAT_UNKNOWN),  # one frame alone could be chance
        (id3(100) + b"nothing but tags", Reason.AUDIO_CORRUPT),
        (id3(1000)[:100], Reason.AUDIO_CORRUPT),
    ],
)
def test_what_is_no_audio_is_refused(content, reason):
    with pytest.raises(ServiceError) as caught:
        recognise(content)
    assert caught.value.reason is reason


def test_frame_length_by_hand():
    header = frame_header(FRAME, 0)
    assert (header.sample_rate_hz, header.frame_bytes) == (44_100, 417)
    assert frame_header(bytes([0xFF, 0xFB, 0x92, 0x00]), 0).frame_bytes == 418  # with padding
    assert frame_header(bytes([0xFF, 0xF3, 0x80, 0x00]), 0).frame_bytes == 72 * 64_000 // 22_050  # MPEG-2, 64 kbit/s


@pytest.mark.parametrize(
    "header", [[0xFF, 0xEB, 0x90], [0xFF, 0xFD, 0x90], [0xFF, 0xFB, 0xF0], [0xFF, 0xFB, 0x00], [0xFF, 0xFB, 0x9C]]
)
def test_reserved_values_are_no_header(header):
    # Reserved version, layer II, forbidden and free bitrate, reserved sample rate.
    assert frame_header(bytes([*header, 0]), 0) is None


def test_first_frame_needs_a_second_one_at_the_right_distance():
    assert first_frame(b"\xff\xfb" + FRAME * 2, 0) == 2
    assert first_frame(FRAME + b"x" + FRAME, 0) is None


def test_id3_size_is_seven_bits_a_byte():
    assert skip_id3(id3(300) + FRAME) == 310


@pytest.mark.parametrize(("cut", "expected"), [(0, False), (1, True), (416, True), (417, False), (414, True)])
def test_a_cut_within_a_frame_shows(cut, expected):
    content = FRAME * 5
    assert ends_in_mid_frame(content[: len(content) - cut], 0) is expected


def test_a_tag_after_the_last_frame_is_no_cut():
    assert not ends_in_mid_frame(FRAME * 5 + b"TAG" + bytes(125), 0)


UNKNOWN = (0, 0xFFFFFFFF, 0xFFFFFFFF - 44, 0x80000000, 0x7FFFFFFF, 0x7FFFFFFF - 36, 0x7FFFFF00, 0x7FFFF000, 0x7FFFEFFC)
TEN_HOURS = 36_000 * 44_100 * 2


@pytest.mark.parametrize(
    ("data_bytes", "cut"),
    [
        (100, False),
        *((size, True) for size in (101, 1 << 30, 0x7FFF0000, 0x7FFFF200, 0x80000001, TEN_HOURS, 0xFFFFFF00 - 300)),
        *((size, False) for size in UNKNOWN),
    ],
)
def test_wav_that_promises_more_than_it_holds(data_bytes, cut):
    header = b"RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00" + bytes(16)
    content = header + b"LIST\x03\x00\x00\x00abc\x00" + b"data" + struct.pack("<I", data_bytes) + bytes(100)
    if cut:
        with pytest.raises(ServiceError) as caught:
            refuse_cut_off(content, AudioFormat.WAV)
        assert caught.value.reason is Reason.AUDIO_CORRUPT
    else:
        refuse_cut_off(content, AudioFormat.WAV)


@pytest.mark.parametrize(("data_bytes", "cut"), [(100, False), (101, True), (5 << 30, True), (0, False), ((1 << 64) - 1, False)])
def test_a_long_wav_tells_its_length_in_a_chunk_of_its_own(data_bytes, cut):
    long_sizes = b"ds64" + struct.pack("<IQQQI", 28, 0, data_bytes, 0, 0)
    content = b"RF64\xff\xff\xff\xffWAVE" + long_sizes + b"data\xff\xff\xff\xff" + bytes(100)
    if cut:
        with pytest.raises(ServiceError, match="promises more samples"):
            refuse_cut_off(content, AudioFormat.WAV)
    else:
        refuse_cut_off(content, AudioFormat.WAV)
