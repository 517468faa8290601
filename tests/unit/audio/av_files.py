"""Files that FFmpeg writes: audio that libsndfile does not know, and films."""

import io

import av
import numpy as np

ENCODINGS = {
    "m4a": ("mp4", "aac"),
    "alac": ("mp4", "alac"),
    "adts": ("adts", "aac"),
    "matroska": ("matroska", "aac"),
    "webm": ("webm", "libopus"),
    "aiff": ("aiff", "pcm_s16be"),
    "wma": ("asf", "wmav2"),
    "caf": ("caf", "pcm_s16le"),
    "au": ("au", "pcm_s16be"),
    "wavpack": ("wv", "wavpack"),
}


def av_encoded(samples, rate_hz, container, codec, *, video=False):
    """A file as bytes; `video` adds five frames of it."""
    buffer = io.BytesIO()
    _write(buffer, samples, rate_hz, container, codec, video, {})
    return buffer.getvalue()


def streamable_m4a(samples, rate_hz, folder):
    """With its tables before its samples; FFmpeg writes such a file in two passes, on disk alone."""
    path = folder / "streamable.m4a"
    _write(str(path), samples, rate_hz, "mp4", "aac", False, {"movflags": "faststart"})
    return path.read_bytes()


def _write(target, samples, rate_hz, container, codec, video, options):
    frames = np.atleast_2d(samples.T)
    layouts = {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
    if codec == "alac":
        layouts |= {7: "6.1(back)", 8: "7.1(wide)"}
    layout = layouts[len(frames)]
    with av.open(target, "w", format=container, options=options) as output:
        stream = output.add_stream(codec, rate=rate_hz, layout=layout)
        if codec == "wmav2":
            stream.bit_rate = 128_000
        if codec == "aac":
            stream.bit_rate = 160_000 * len(frames)
        if video:
            film = output.add_stream("mpeg4", rate=5)
            film.width = film.height = 64
            film.pix_fmt = "yuv420p"
            for _ in range(5):
                picture = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
                output.mux(film.encode(picture))
            output.mux(film.encode())
        for start in range(0, frames.shape[1], 1024):
            block = np.ascontiguousarray(frames[:, start : start + 1024].T, np.float32)  # PyAV overruns with eight planes
            frame = av.AudioFrame.from_ndarray(block.reshape(1, -1), format="flt", layout=layout)
            frame.sample_rate = rate_hz
            output.mux(stream.encode(frame))
        output.mux(stream.encode())


def every_av_encoding(samples, rate_hz=48_000):
    return {name: av_encoded(samples, rate_hz, *encoding) for name, encoding in ENCODINGS.items()}
