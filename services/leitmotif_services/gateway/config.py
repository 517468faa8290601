"""Settings of the gateway, read from LEITMOTIF_GATEWAY_* variables."""

from collections.abc import Mapping
from dataclasses import dataclass

from leitmotif_services.gateway.track_ingestion import MAX_FILE_BYTES
from leitmotif_services.runtime.environment import EnvironmentReader
from leitmotif_services.runtime.request_context import DEFAULT_TENANT
from leitmotif_services.runtime.server import ServerSettings
from leitmotif_services.runtime.validation import ID_PATTERN

DEFAULT_PORT = 50050


@dataclass(frozen=True)
class GatewayConfig:
    """Where the services behind the gateway are, and how long it waits for them."""

    server: ServerSettings
    audio_address: str
    prototypes_address: str
    profiles_address: str
    evaluation_address: str
    call_timeout_s: float
    """Time for a call whose caller set no deadline, in seconds."""
    max_held_bytes: int = 512 << 20
    """Most bytes of requests and answers above 64 KiB that calls may hold at once; more is refused with OVERLOADED.

    Three quarters are for EmbedTracks, the rest for everything else; a call of EmbedTracks, and of a method with large answers,
    waits up to 5 s for room before it is refused. What resident memory can reach is the sum of: 45 MB; 70 KB a watch; three
    times this for what is held (gRPC's bytes, Python's, and gRPC's again on their way out); twice this for requests that hold no
    place yet because they are slow in coming, and what the network brings of such within a second; `max_request_streams` times
    twice the largest message and, for StreamRecommendations, 32 MiB of requests in hand; three times `max_ingest_bytes`; and the
    small messages, 64 KiB a call and direction. Only who means harm fills the last five.
    Measured with the defaults and 40 callers of 48 MB each: 0.9 to 1.1 GB at most, 4.2 GB without the bound.
    """
    max_request_streams: int = 16
    """Open calls that send a stream (EmbedStream, IngestTrack, StreamRecommendations, UploadText); one more is OVERLOADED."""
    long_call_timeout_s: float = 300.0
    """As `call_timeout_s`, for calls that embed audio or write or load a model, in seconds."""
    max_ingest_bytes: int = 128 << 20
    """Most bytes of files that calls of IngestTrack may be receiving at once; a call waits up to 5 s for room, then it is refused
    with OVERLOADED. A file is held up to three times on its way: as chunks, as a message, and as what gRPC sends."""
    tenant: str = DEFAULT_TENANT
    """Whose users all callers of this gateway see; told to every service behind it, in place of what a caller may claim."""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "GatewayConfig":
        """Read every setting; ConfigurationError names all that are at fault."""
        reader = EnvironmentReader("LEITMOTIF_GATEWAY_", environ)
        config = cls(
            server=ServerSettings.read(reader, port=DEFAULT_PORT, max_message_bytes=64 << 20),
            audio_address=reader.text("AUDIO_ADDRESS", default="127.0.0.1:50051"),
            prototypes_address=reader.text("PROTOTYPES_ADDRESS", default="127.0.0.1:50052"),
            profiles_address=reader.text("PROFILES_ADDRESS", default="127.0.0.1:50053"),
            evaluation_address=reader.text("EVALUATION_ADDRESS", default="127.0.0.1:50054"),
            call_timeout_s=reader.number("CALL_TIMEOUT_S", default=30.0, minimum=0.1, maximum=3600.0),
            max_held_bytes=reader.integer("MAX_HELD_BYTES", default=512 << 20, minimum=1 << 20, maximum=1 << 40),
            max_request_streams=reader.integer("MAX_REQUEST_STREAMS", default=16, minimum=1, maximum=10_000),
            long_call_timeout_s=reader.number("LONG_CALL_TIMEOUT_S", default=300.0, minimum=0.1, maximum=3600.0),
            max_ingest_bytes=reader.integer("MAX_INGEST_BYTES", default=128 << 20, minimum=MAX_FILE_BYTES, maximum=1 << 40),
            tenant=reader.matching("TENANT", ID_PATTERN, "an id: letters, digits, '.', '_' or '-'", default=DEFAULT_TENANT),
        )
        reader.finish()
        return config
