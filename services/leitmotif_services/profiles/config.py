"""Settings of the profiles service, read from LEITMOTIF_PROFILES_* variables."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from leitmotif_services.profiles.taste.history import DAY_US, DEFAULT_HALF_LIFE_US, Counting, EventWeights
from leitmotif_services.runtime.environment import ConfigurationError, EnvironmentReader
from leitmotif_services.runtime.server import ServerSettings
from leitmotif_services.runtime.validation import ID_PATTERN

DEFAULT_PORT = 50053

_PREFIX = "LEITMOTIF_PROFILES_"


@dataclass(frozen=True)
class ProfilesConfig:
    """Where profiles are kept, and how much each kind of event counts."""

    server: ServerSettings
    redis_url: str = field(default="redis://127.0.0.1:6379/0", repr=False)
    """redis://, rediss:// (TLS) or unix://; may hold a password."""
    redis_cluster: bool = False
    """The URL names any server of a Redis Cluster; the others are learnt from it."""
    redis_pool_size: int = 64
    """Most connections to Redis, or to each master of a cluster; further calls wait for one, `redis_timeout_s` at most."""
    redis_timeout_s: float = 2.0
    """Longest wait for a connection or for an answer."""
    wait_replicas: int = 0
    """Acknowledge a change once so many replicas have it. On a cluster with one replica a master, 1 means that no acknowledged
    change is lost with a master; with more replicas, all of them would have to have it for that."""
    wait_timeout_s: float = 1.0
    """Longest wait for them. After it the change is not acknowledged, though it may last."""
    key_prefix: str = "leitmotif"
    """Beginning of every key, so that several platforms can share one Redis."""
    allow_volatile: bool = False
    """Accept a Redis that may lose profiles: without append-only file, or one that evicts."""
    inactive_days: int = 0
    """Forget a user, as a whole, so long after the last change; 0 keeps everybody."""
    counting: Counting = field(default_factory=Counting)
    """How much an event counts, by what it is and by its age."""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "ProfilesConfig":
        """Read every setting; ConfigurationError names all that are at fault."""
        reader = EnvironmentReader(_PREFIX, environ)
        cluster = reader.flag("REDIS_CLUSTER", default=False)
        schemes = ("redis", "rediss") if cluster else ("redis", "rediss", "unix")
        config = cls(
            # The affinities of the 10,000 tracks of a full event log come in one message.
            server=ServerSettings.read(reader, port=DEFAULT_PORT, max_message_bytes=64 << 20),
            redis_url=reader.secret_url("REDIS_URL", default="redis://127.0.0.1:6379/0", schemes=schemes),
            redis_cluster=cluster,
            redis_pool_size=reader.integer("REDIS_POOL_SIZE", default=64, minimum=1, maximum=10_000),
            redis_timeout_s=reader.number("REDIS_TIMEOUT_S", default=2.0, minimum=0.01, maximum=60.0),
            wait_replicas=reader.integer("WAIT_REPLICAS", default=0, minimum=0, maximum=100),
            wait_timeout_s=reader.number("WAIT_TIMEOUT_S", default=1.0, minimum=0.001, maximum=60.0),
            key_prefix=reader.matching(
                "KEY_PREFIX", ID_PATTERN, "1 to 128 letters, digits, '.', '_' or '-'", default="leitmotif"
            ),
            allow_volatile=reader.flag("ALLOW_VOLATILE", default=False),
            inactive_days=reader.integer("INACTIVE_DAYS", default=0, minimum=0, maximum=36_500),
            counting=Counting(_event_weights(reader), _half_life_us(reader)),
        )
        reader.finish()
        if cluster and _database(config.redis_url) != 0:
            raise ConfigurationError([f"{_PREFIX}REDIS_URL must name no database but 0: a cluster has no other"])
        return config


def _event_weights(reader: EnvironmentReader) -> EventWeights:
    defaults = EventWeights()

    def weight(name: str, default: float) -> float:
        return reader.number(name, default=default, minimum=-100.0, maximum=100.0)

    return EventWeights(
        play=weight("WEIGHT_PLAY", defaults.play),
        like=weight("WEIGHT_LIKE", defaults.like),
        save=weight("WEIGHT_SAVE", defaults.save),
        playlist_add=weight("WEIGHT_PLAYLIST_ADD", defaults.playlist_add),
        skip=weight("WEIGHT_SKIP", defaults.skip),
        dislike=weight("WEIGHT_DISLIKE", defaults.dislike),
    )


def _half_life_us(reader: EnvironmentReader) -> int:
    """0 for no decay, else at least a microsecond."""
    days = reader.number("HALF_LIFE_DAYS", default=DEFAULT_HALF_LIFE_US / DAY_US, minimum=0.0, maximum=36_500.0)
    return max(1, round(days * DAY_US)) if days else 0


def _database(redis_url: str) -> int:
    url = urlsplit(redis_url)
    named = parse_qs(url.query).get("db", [url.path.strip("/")])[0]
    return int(named) if named.isdecimal() else 0
