import pytest

from leitmotif_services.profiles.config import ProfilesConfig
from leitmotif_services.profiles.taste.history import DAY_US, Counting, EventWeights
from leitmotif_services.runtime.environment import ConfigurationError


def test_defaults_are_the_documented_ones() -> None:
    config = ProfilesConfig.from_environment({})
    assert config == ProfilesConfig(server=config.server)
    assert config.server.listen == "127.0.0.1:50053"
    assert config.redis_url == "redis://127.0.0.1:6379/0"
    assert not config.allow_volatile
    assert config.counting == Counting(EventWeights(1.0, 3.0, 3.0, 2.0, -0.25, -3.0), 180 * DAY_US)


def test_every_setting_is_read() -> None:
    config = ProfilesConfig.from_environment(
        {
            "LEITMOTIF_PROFILES_REDIS_URL": "unix:///run/redis.sock",
            "LEITMOTIF_PROFILES_REDIS_POOL_SIZE": "7",
            "LEITMOTIF_PROFILES_REDIS_TIMEOUT_S": "0.5",
            "LEITMOTIF_PROFILES_WAIT_REPLICAS": "1",
            "LEITMOTIF_PROFILES_WAIT_TIMEOUT_S": "0.25",
            "LEITMOTIF_PROFILES_KEY_PREFIX": "staging",
            "LEITMOTIF_PROFILES_ALLOW_VOLATILE": "true",
            "LEITMOTIF_PROFILES_INACTIVE_DAYS": "365",
            "LEITMOTIF_PROFILES_WEIGHT_SKIP": "-1",
            "LEITMOTIF_PROFILES_HALF_LIFE_DAYS": "30.5",
        }
    )
    assert (config.redis_url, config.redis_pool_size, config.redis_timeout_s) == ("unix:///run/redis.sock", 7, 0.5)
    assert (config.redis_cluster, config.wait_replicas, config.wait_timeout_s) == (False, 1, 0.25)
    assert (config.key_prefix, config.allow_volatile, config.counting.event_weights.skip) == ("staging", True, -1.0)
    assert config.counting.half_life_us == 30 * DAY_US + DAY_US // 2
    assert config.inactive_days == 365


@pytest.mark.parametrize(("days", "half_life_us"), [("0", 0), ("1e-20", 1), ("36500", 36_500 * DAY_US)])
def test_no_half_life_is_told_from_a_short_one(days: str, half_life_us: int) -> None:
    config = ProfilesConfig.from_environment({"LEITMOTIF_PROFILES_HALF_LIFE_DAYS": days})
    assert config.counting.half_life_us == half_life_us


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("REDIS_URL", "http://:hunter2@cache"),
        ("REDIS_POOL_SIZE", "0"),
        ("REDIS_TIMEOUT_S", "nan"),
        ("KEY_PREFIX", "a{b}"),
        ("ALLOW_VOLATILE", "perhaps"),
        ("WEIGHT_LIKE", "lots"),
        ("HALF_LIFE_DAYS", "-1"),
        ("HALF_LIFE_DAYS", "36501"),
        ("HALF_LIFE_DAYS", "nan"),
        ("REDIS_HOST", "cache"),
        ("REDIS_CLUSTER", "three"),
        ("WAIT_REPLICAS", "-1"),
        ("INACTIVE_DAYS", "-1"),
        ("INACTIVE_DAYS", "0.5"),
        ("WAIT_TIMEOUT_S", "0"),
    ],
)
def test_faults_are_named_without_secrets(variable: str, value: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        ProfilesConfig.from_environment({f"LEITMOTIF_PROFILES_{variable}": value})
    assert f"LEITMOTIF_PROFILES_{variable}" in str(refused.value)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("url", ["redis://cache", "rediss://cache:7000/", "redis://cache:7000/0"])
def test_a_cluster_is_named_by_any_of_its_servers(url: str) -> None:
    config = ProfilesConfig.from_environment({"LEITMOTIF_PROFILES_REDIS_CLUSTER": "true", "LEITMOTIF_PROFILES_REDIS_URL": url})
    assert (config.redis_cluster, config.redis_url) == (True, url)


@pytest.mark.parametrize("url", ["unix:///run/redis.sock", "redis://cache/1", "redis://:hunter2@cache?db=2"])
def test_a_cluster_has_no_socket_and_one_database(url: str) -> None:
    with pytest.raises(ConfigurationError, match="LEITMOTIF_PROFILES_REDIS_URL") as refused:
        ProfilesConfig.from_environment({"LEITMOTIF_PROFILES_REDIS_CLUSTER": "true", "LEITMOTIF_PROFILES_REDIS_URL": url})
    assert "hunter2" not in str(refused.value)


def test_the_password_is_not_printed() -> None:
    config = ProfilesConfig.from_environment({"LEITMOTIF_PROFILES_REDIS_URL": "redis://:hunter2@cache"})
    assert "hunter2" not in repr(config)
