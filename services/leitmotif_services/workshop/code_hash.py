"""Names the code that a result follows from, so that what is kept of it is not taken for what other code would give."""

import ast
import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import cast

_PROJECT = "leitmotif_services"
_LIBRARIES = ("numpy", "scipy", "scikit-learn", "torch", "implicit")
"""Their versions may change a figure."""


def code_hash(modules: tuple[str, ...]) -> str:
    """SHA-256 of the sources of `modules` and all that they import of this project, and of the versions of the libraries."""
    digest = hashlib.sha256()
    for module in sorted(_with_imports(modules)):
        digest.update(module.encode())
        digest.update(_source(module))
    for library in _LIBRARIES:
        digest.update(f"{library} {_version(library)}".encode())
    return digest.hexdigest()


def _with_imports(modules: tuple[str, ...]) -> set[str]:
    found: set[str] = set()
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            waiting += _imported(module)
    return found


@cache
def _imported(module: str) -> tuple[str, ...]:
    """Modules of this project that a module imports, anywhere in it."""
    names = []
    for node in ast.walk(ast.parse(_source(module))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(_PROJECT):
            source = cast(str, node.module)
            names += [source, *(f"{source}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names += [alias.name for alias in node.names if alias.name.startswith(_PROJECT)]
    return tuple(name for name in names if _path(name))


@cache
def _source(module: str) -> bytes:
    path = _path(module)
    return path.read_bytes() if path else b""


@cache
def _path(module: str) -> Path | None:
    try:
        spec = find_spec(module)
    except ModuleNotFoundError:  # a name of a module, rather than a module
        return None
    return Path(spec.origin) if spec and spec.origin else None


@cache
def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "absent"
