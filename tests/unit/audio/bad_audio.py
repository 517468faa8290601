"""Audio files with one fault each, and pictures beside good audio."""

import io
import struct
from fractions import Fraction

import av
import numpy as np

from tests.unit.audio.audio_files import encoded, music


def float_wav(samples, rate_hz=24_000):
    return encoded(np.asarray(samples, np.float32), rate_hz, subtype="FLOAT")


def with_rate(content, rate_hz):
    """A WAV file with another sample rate in its header."""
    return content[:24] + struct.pack("<I", rate_hz) + content[28:]


def with_promise(container, hours):
    """A file whose header promises `hours` of audio."""
    content = bytearray(encoded(music(2.0), 24_000, container))
    samples = int(hours * 3600 * 24_000)
    if container == "FLAC":
        content[22:26] = struct.pack(">I", samples)
    else:
        content[40:44] = struct.pack("<I", 2 * samples)
    return bytes(content)


def film_without_sound(container, codec="libx264"):
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as output:
        film = output.add_stream(codec, rate=5)
        film.width = film.height = 64
        film.pix_fmt = "yuv420p"
        for _ in range(10):
            output.mux(film.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")))
        output.mux(film.encode())
    return buffer.getvalue()


def picture(side=64):
    """A JPEG file of noise."""
    pixels = np.random.default_rng(0).integers(0, 255, (side, side, 3), dtype=np.uint8)
    codec = av.CodecContext.create("mjpeg", "w")
    codec.width = codec.height = side
    codec.pix_fmt = "yuvj420p"
    codec.time_base = Fraction(1, 25)
    frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuvj420p")
    return b"".join(bytes(packet) for packet in [*codec.encode(frame), *codec.encode(None)])


def mp3_with_cover(content):
    """An ID3v2.3 tag with an APIC frame before an MP3 file."""
    body = b"\x00image/jpeg\x00\x03\x00" + picture()
    frame = b"APIC" + struct.pack(">I", len(body)) + b"\x00\x00" + body
    size = len(frame)
    return b"ID3\x03\x00\x00" + bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0)) + frame + content


def flac_with_cover(content):
    """A PICTURE block (RFC 9639, 8.8) behind the STREAMINFO of a FLAC file."""
    data = picture()
    mime = b"image/jpeg"
    body = struct.pack(">II", 3, len(mime)) + mime + struct.pack(">IIIII", 0, 64, 64, 24, 0) + struct.pack(">I", len(data)) + data
    after_streaminfo = 4 + 4 + 34
    return content[:after_streaminfo] + bytes([6]) + len(body).to_bytes(3, "big") + body + content[after_streaminfo:]


def m4a_with_cover(content):
    """A covr item (moov.udta.meta.ilst) in an M4A file whose moov comes last."""
    data = picture()
    item = _box(b"covr", _box(b"data", struct.pack(">II", 13, 0) + data))
    handler = _box(b"hdlr", bytes(8) + b"mdirappl" + bytes(9))
    own = _box(b"udta", _box(b"meta", bytes(4) + handler + _box(b"ilst", item)))
    at = content.rindex(b"moov") - 4
    (size,) = struct.unpack_from(">I", content, at)
    assert at + size == len(content)
    return content[:at] + struct.pack(">I", size + len(own)) + content[at + 4 :] + own


def _box(name, body):
    return struct.pack(">I", 8 + len(body)) + name + body
