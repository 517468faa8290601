"""docker-compose.yml, the image and the services' configuration agree; without a Docker engine, but with the real processes."""

import os
import re
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
import yaml

from leitmotif_services.runtime.health_probe import is_serving

ROOT = Path(__file__).resolve().parents[3]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
DOCKERFILE = (ROOT / "services/Dockerfile").read_text()
SERVICES = {name: service for name, service in COMPOSE["services"].items() if "build" in service}


def environment_of(service):
    """The variables of a service, with ${NAME:-default} resolved to the default."""
    return {name: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", str(value)) for name, value in service.get("environment", {}).items()}


def config_of(name):
    module = import_module(f"leitmotif_services.{name}.config")
    config = getattr(module, f"{name.capitalize()}Config")
    return config.from_environment(environment_of(SERVICES[name]))


def port_of(address):
    return int(address.rpartition(":")[2])


def test_the_five_services_and_redis_are_there():
    assert set(SERVICES) == {"audio", "prototypes", "profiles", "evaluation", "gateway"}
    assert set(COMPOSE["services"]) - set(SERVICES) == {"redis"}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_each_variable_is_one_that_the_config_reads(name):
    config_of(name)  # refuses variables below its prefix that it does not read
    assert all(variable.startswith(f"LEITMOTIF_{name.upper()}_") for variable in environment_of(SERVICES[name]))


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_each_port_is_the_one_served(name):
    served = port_of(config_of(name).server.listen)
    probe = SERVICES[name]["healthcheck"]["test"]
    assert probe[:4] == ["CMD", "python", "-m", "leitmotif_services.runtime.health_probe"]
    assert port_of(probe[4]) == served
    if name != "gateway":
        address = environment_of(SERVICES["gateway"])[f"LEITMOTIF_GATEWAY_{name.upper()}_ADDRESS"]
        assert address == f"{name}:{served}"
    for mapping in SERVICES[name].get("ports", []):
        assert port_of(mapping) == served


def test_only_the_gateway_is_published():
    assert [name for name, service in COMPOSE["services"].items() if service.get("ports")] == ["gateway"]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_folders_are_on_volumes_and_the_rest_is_read_only(name):
    service = SERVICES[name]
    mounts = [volume.split(":")[1] for volume in service.get("volumes", [])]
    folders = [value for value in environment_of(service).values() if value.startswith("/")]
    assert sorted(folders) == sorted(mounts)
    assert service["read_only"] is True


def test_nothing_secret_is_inside():
    text = (ROOT / "docker-compose.yml").read_text()
    assert not re.search(r"://[^\s/}]*:[^\s/}]*@", text)
    names = {variable for service in SERVICES.values() for variable in environment_of(service)}
    assert not [name for name in names if re.search("PASSWORD|TOKEN|SECRET|KEY$", name)]


def test_dependencies_are_healthy_before_a_service_starts():
    for name, service in SERVICES.items():
        for dependency, condition in service.get("depends_on", {}).items():
            assert condition == {"condition": "service_healthy"}, name
            assert "healthcheck" in COMPOSE["services"][dependency]


def test_redis_loses_nothing_silently():
    command = " ".join(COMPOSE["services"]["redis"]["command"])
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command


def test_the_image_installs_extras_and_folders_that_exist():
    extras = set(re.search(r"pip install '\.\[([^]]*)\]'", DOCKERFILE).group(1).split(","))
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert extras == set(SERVICES)
    assert extras <= set(declared)
    for line in re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, flags=re.M):
        for source in line.split():
            assert (ROOT / source).exists(), source
    assert "USER 10001" in DOCKERFILE
    assert 'ENTRYPOINT ["python", "-m"]' in DOCKERFILE


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_each_command_is_a_module_that_starts_and_turns_healthy(name, redis_url, tmp_path):
    service = SERVICES[name]
    (module,) = service["command"]
    environment = environment_of(service)
    here = {f"LEITMOTIF_{name.upper()}_LISTEN": "127.0.0.1:0"}
    for variable, value in environment.items():
        if variable.endswith("_REDIS_URL"):
            here[variable] = redis_url
        elif value.startswith("/"):
            folder = tmp_path / Path(value).name
            folder.mkdir(exist_ok=True)
            here[variable] = str(folder)
    process = subprocess.Popen(
        [sys.executable, "-m", module],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment, **here},
    )
    try:
        ready = process.stdout.readline()
        assert ready.startswith(f"leitmotif {name} ready on port "), process.communicate(timeout=20)
        assert is_serving(f"127.0.0.1:{port_of(ready.strip().replace(' ', ':'))}")
        process.terminate()
        assert process.wait(timeout=40) == 0
    finally:
        process.kill()
        process.communicate()


def test_the_probe_says_no_where_nothing_serves():
    assert not is_serving("127.0.0.1:1")
