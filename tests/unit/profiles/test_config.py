import pytest

from leitmotif_services.profiles.config import ProfilesConfig
from leitmotif_services.profiles.taste.history import EventWeights
from leitmotif_services.runtime.environment import ConfigurationError


def test_defaults_are_the_documented_ones() -> None:
    config = ProfilesConfig.from_environment({})
    assert config == ProfilesConfig(server=config.server)
    assert config.server.listen == "127.0.0.1:50053"
    assert config.redis_url == "redis://127.0.0.1:6379/0"
    assert not config.allow_volatile
    assert config.event_weights == EventWeights(1.0, 3.0, 3.0, 2.0, -0.25, -3.0)


def test_every_setting_is_read() -> None:
    config = ProfilesConfig.from_environment(
        {
            "LEITMOTIF_PROFILES_REDIS_URL": "unix:///run/redis.sock",
            "LEITMOTIF_PROFILES_REDIS_POOL_SIZE": "7",
            "LEITMOTIF_PROFILES_REDIS_TIMEOUT_S": "0.5",
            "LEITMOTIF_PROFILES_KEY_PREFIX": "staging",
            "LEITMOTIF_PROFILES_ALLOW_VOLATILE": "true",
            "LEITMOTIF_PROFILES_WEIGHT_SKIP": "-1",
        }
    )
    assert (config.redis_url, config.redis_pool_size, config.redis_timeout_s) == ("unix:///run/redis.sock", 7, 0.5)
    assert (config.key_prefix, config.allow_volatile, config.event_weights.skip) == ("staging", True, -1.0)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("REDIS_URL", "http://:hunter2@cache"),
        ("REDIS_POOL_SIZE", "0"),
        ("REDIS_TIMEOUT_S", "nan"),
        ("KEY_PREFIX", "a{b}"),
        ("ALLOW_VOLATILE", "perhaps"),
        ("WEIGHT_LIKE", "lots"),
        ("REDIS_HOST", "cache"),
    ],
)
def test_faults_are_named_without_secrets(variable: str, value: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        ProfilesConfig.from_environment({f"LEITMOTIF_PROFILES_{variable}": value})
    assert f"LEITMOTIF_PROFILES_{variable}" in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_the_password_is_not_printed() -> None:
    config = ProfilesConfig.from_environment({"LEITMOTIF_PROFILES_REDIS_URL": "redis://:hunter2@cache"})
    assert "hunter2" not in repr(config)
