"""A module's name says what it may import: drivers in `<driver>_<port>.py`, gRPC at the edge, the domain pure."""

import ast
import sys
from pathlib import Path

import pytest

SERVICES = Path(__file__).resolve().parents[2] / "services/leitmotif_services"
PACKAGES = ("audio", "prototypes", "profiles", "evaluation")

DRIVERS = (
    "av",
    "redis",
    "msgpack",
    "faiss",
    "matplotlib",
    "onnx",
    "onnxruntime",
    "prometheus_client",
    "safetensors",
    "soundfile",
    "soxr",
    "tokenizers",
    "torch",
    "transformers",
)
EDGE = ("convert", "servicer", "app", "methods", "calls")
"""`…_methods` and `…_calls` are parts of a servicer."""
COMPOSITION = ("convert", "servicer", "app", "config", "commands", "__main__")
PROCESSES = ("worker", "worker_main", "supervisor")
"""Modules of processes of their own: composition as well."""

MODULES = [path for package in PACKAGES for path in sorted((SERVICES / package).rglob("*.py"))]


def named(path):
    return str(path.relative_to(SERVICES))


def imports_of(path):
    """Top-level package, or full name for packages of this project, of everything that a module imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        else:
            continue
        for name in names:
            yield name if name.startswith("leitmotif") else name.partition(".")[0]


def driver_of(path):
    """The driver that a module adapts, by its name; None for other modules."""
    return next((driver for driver in DRIVERS if path.stem.startswith(f"{driver}_")), None)


def at_the_edge(path):
    """A module of that name, or one of several of a kind, such as catalogue_servicer."""
    return path.stem.rpartition("_")[2] in EDGE


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_a_driver_is_imported_by_its_adapters_alone(path):
    imported = set(imports_of(path)) & set(DRIVERS)
    if driver_of(path) is None:
        assert not imported


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_grpc_stays_at_the_edge(path):
    imported = {name for name in imports_of(path) if name in ("grpc", "google") or name.startswith("leitmotif.api")}
    if not at_the_edge(path):
        assert not imported


BOUNDED_EXECUTOR = "leitmotif_services.runtime.admission"
"""Use cases are given one; it is asyncio and threads of the standard library."""

TENANT = "leitmotif_services.runtime.request_context"
"""Names the tenant that a call is for, from plain pairs of text."""

DOMAIN = [
    path
    for path in MODULES
    if path.stem not in (*COMPOSITION, *PROCESSES)
    and path.parent.stem not in COMPOSITION
    and not at_the_edge(path)
    and driver_of(path) is None
]


@pytest.mark.parametrize("path", DOMAIN, ids=named)
def test_the_domain_imports_numpy_and_errors_alone(path):
    own = ".".join(["leitmotif_services", path.relative_to(SERVICES).parts[0]])
    allowed = (*sys.stdlib_module_names, "numpy", "scipy", "leitmotif_services.runtime.errors", BOUNDED_EXECUTOR, TENANT)
    for name in imports_of(path):
        in_own_domain = name.startswith(own) and not name.removeprefix(own + ".").startswith(COMPOSITION)
        assert name in allowed or in_own_domain, name
