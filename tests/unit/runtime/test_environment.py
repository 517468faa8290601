"""Settings: every fault is reported, all at once, without secrets."""

import pytest

from leitmotif_services.runtime.environment import ConfigurationError, EnvironmentReader


def read_all(environ):
    reader = EnvironmentReader("APP_", environ)
    values = (
        reader.text("NAME", default="n"),
        reader.integer("WORKERS", default=2, minimum=1, maximum=8),
        reader.number("WAIT_S", default=0.5, minimum=0, maximum=1),
        reader.flag("DEBUG", default=False),
        reader.choice("INDEX", default="auto", allowed=("auto", "exact")),
        reader.secret("REDIS_URL", default="redis://localhost"),
    )
    reader.finish()
    return values


def test_defaults():
    assert read_all({}) == ("n", 2, 0.5, False, "auto", "redis://localhost")


def test_values():
    environ = {"APP_NAME": "x", "APP_WORKERS": "8", "APP_WAIT_S": "0.25", "APP_DEBUG": "yes", "APP_INDEX": "exact"}
    assert read_all(environ)[:5] == ("x", 8, 0.25, True, "exact")


def test_other_prefixes_are_left_alone():
    assert read_all({"APPLE": "1", "PATH": "/bin"})[0] == "n"


def test_all_faults_are_reported_at_once():
    environ = {"APP_WORKERS": "9", "APP_WAIT_S": "soon", "APP_DEBUG": "perhaps", "APP_INDEX": "fast", "APP_WROKERS": "3"}
    with pytest.raises(ConfigurationError) as caught:
        read_all(environ)
    problems = caught.value.problems
    assert len(problems) == 5
    for name in environ:
        assert any(problem.startswith(name + " ") for problem in problems), name


def test_a_required_setting_that_is_missing_or_empty():
    for environ in ({}, {"APP_KEY": ""}):
        reader = EnvironmentReader("APP_", environ)
        reader.text("KEY")
        with pytest.raises(ConfigurationError, match="APP_KEY is required"):
            reader.finish()


def test_secrets_are_listed_without_their_value():
    reader = EnvironmentReader("APP_", {"APP_REDIS_URL": "redis://:hunter2@host"})
    assert reader.secret("REDIS_URL", default="redis://:default@host") == "redis://:hunter2@host"
    assert reader.names == {"APP_REDIS_URL": "(secret)"}


@pytest.mark.parametrize("address", ["0.0.0.0:50051", "127.0.0.1:0", "[::1]:50051", "unix:/run/x.sock"])
def test_addresses(address):
    assert EnvironmentReader("APP_", {"APP_LISTEN": address}).address("LISTEN", default="127.0.0.1:1") == address


@pytest.mark.parametrize("address", ["foo", "127.0.0.1:", "127.0.0.1:99999", "127.0.0.1:-1", "50051"])
def test_addresses_that_are_none(address):
    reader = EnvironmentReader("APP_", {"APP_LISTEN": address})
    reader.address("LISTEN", default="127.0.0.1:1")
    with pytest.raises(ConfigurationError, match="APP_LISTEN must be host:port"):
        reader.finish()


@pytest.mark.parametrize("url", ["http://:hunter2@host", "redis://h:abc", "redis://:hunter2@h:99999999", "hunter2"])
def test_urls_at_fault_are_told_without_their_value(url):
    reader = EnvironmentReader("APP_", {"APP_REDIS_URL": url})
    reader.secret_url("REDIS_URL", default="redis://localhost", schemes=("redis", "unix"))
    with pytest.raises(ConfigurationError) as caught:
        reader.finish()
    assert caught.value.problems == ["APP_REDIS_URL must be a URL that begins with redis:// or unix://"]


def test_variables_that_kubernetes_sets_for_a_service_are_no_settings():
    names = ("SERVICE_HOST", "SERVICE_PORT", "SERVICE_PORT_GRPC", "PORT", "PORT_50050_TCP", "PORT_50050_TCP_ADDR")
    EnvironmentReader("APP_", {f"APP_{name}": "10.0.0.1" for name in names}).finish()
