"""Settings of the audio service, read from LEITMOTIF_AUDIO_* variables."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from leitmotif_services.audio.waveform import AudioLimits
from leitmotif_services.runtime.environment import EnvironmentReader
from leitmotif_services.runtime.server import ServerSettings

DEFAULT_PORT = 50051


@dataclass(frozen=True)
class AudioConfig:
    """What the service loads, how much it does at once, and what it refuses."""

    server: ServerSettings
    encoders: tuple[Path, ...] = ()
    """Encoder files beside the package's own, or folders of them; text encoders beside the audio encoders they belong to."""
    default_encoder_id: str = ""
    """Encoder of calls that name none; empty stands for the package's own."""
    workers: int = 1
    """Files encoded at once, in threads."""
    decoders: int = 1
    """Files decoded at once, each in a process: a file that crashes one costs that file alone. As many as `workers` by default;
    with 0 the workers decode as well."""
    max_decode_s: float = 60.0
    """A file whose decoding takes longer is refused, in seconds of wall-clock time. Not with `decoders` 0."""
    waiting: int = 32
    """Calls that may wait for a worker; one more is refused with OVERLOADED."""
    threads: int = 1
    """Threads within one call of the graph. More than one pays off only where there are more cores than callers."""
    max_items: int = 16
    """Most files in one call."""
    max_texts: int = 64
    """Most phrases in one call."""
    max_held_bytes: int = 512 << 20
    """Most bytes of audio, as sent, that calls may have brought at once; more is refused with OVERLOADED.

    What resident memory can reach is the sum of: the loaded encoders and the libraries (120 MB with the package's own encoder
    alone); three times this for what is held (gRPC's bytes, the message made of them, the audio taken out of it); twice this for
    what is on its way, as many of the largest messages as fit into this at a time; for each decoder a process of 80 MB, 12 bytes
    a sample of `limits.max_duration_s` at the rate that the encoder listens to (270 MB for 20 minutes at 22.05 kHz, whatever the
    file), and three times the file; for each decoder and each worker 30 MB of frames and what is made of them. An encoder that
    reads the waveform itself, and samples sent as such, take 12 bytes a sample in the service as well.
    Measured with 256 MiB and 40 callers of 48 MB each: 1.9 GB at most; with files of 20 minutes, on two workers and two decoders:
    0.5 GB in the service, 0.35 GB in each decoder. Files of 8 channels, of 192 kHz, or whose header promises hours take no more:
    decoding stops where the limit is passed.
    """
    max_streams: int = 16
    """Streams of audio open at once; one more is refused with OVERLOADED."""
    max_stream_s: float = 14_400.0
    """Longest stream, in seconds of audio."""
    stream_idle_s: float = 60.0
    """A stream whose caller sends nothing for so long is ended."""
    limits: AudioLimits = field(default_factory=AudioLimits)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "AudioConfig":
        """Read every setting; ConfigurationError names all that are at fault."""
        reader = EnvironmentReader("LEITMOTIF_AUDIO_", environ)
        defaults = AudioLimits()
        paths = reader.text("ENCODERS", default="").split(",")
        cores = os.cpu_count() or 1
        workers = reader.integer("WORKERS", default=min(cores, 64), minimum=1, maximum=256)
        config = cls(
            server=ServerSettings.read(reader, port=DEFAULT_PORT, max_message_bytes=64 << 20),
            encoders=tuple(Path(path).expanduser() for path in map(str.strip, paths) if path),
            default_encoder_id=reader.text("DEFAULT_ENCODER_ID", default=""),
            workers=workers,
            decoders=reader.integer("DECODERS", default=workers, minimum=0, maximum=256),
            max_decode_s=reader.number("MAX_DECODE_S", default=60.0, minimum=0.1, maximum=3600.0),
            waiting=reader.integer("WAITING", default=32, minimum=0, maximum=100_000),
            threads=reader.integer("THREADS", default=1, minimum=1, maximum=256),
            max_items=reader.integer("MAX_ITEMS", default=16, minimum=1, maximum=1024),
            max_texts=reader.integer("MAX_TEXTS", default=64, minimum=1, maximum=1024),
            max_held_bytes=reader.integer("MAX_HELD_BYTES", default=512 << 20, minimum=1 << 16, maximum=1 << 40),
            max_streams=reader.integer("MAX_STREAMS", default=16, minimum=1, maximum=10_000),
            max_stream_s=reader.number("MAX_STREAM_S", default=14_400.0, minimum=1.0, maximum=86_400.0),
            stream_idle_s=reader.number("STREAM_IDLE_S", default=60.0, minimum=0.1, maximum=86_400.0),
            limits=AudioLimits(
                max_bytes=reader.integer("MAX_ITEM_BYTES", default=60 << 20, minimum=1024, maximum=1 << 30),
                max_duration_s=reader.number("MAX_DURATION_S", default=defaults.max_duration_s, minimum=1.0, maximum=86_400.0),
            ),
        )
        reader.finish()
        return config
