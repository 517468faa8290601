"""The synchronous client is the asynchronous one without the waiting: same names, arguments, defaults and docstrings."""

import importlib.util
import inspect
import pkgutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import leitmotif._async
import leitmotif._sync

GENERATOR = Path(__file__).resolve().parents[2] / "clients/python/generate_sync.py"


@pytest.fixture(scope="module")
def to_sync():
    spec = importlib.util.spec_from_file_location("generate_sync", GENERATOR)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.to_sync


def module_names(package):
    return sorted(module.name for module in pkgutil.iter_modules(package.__path__))


def members(owner):
    return {
        name: member
        for name, member in vars(owner).items()
        if inspect.isfunction(member)
        or isinstance(member, property)
        or (inspect.isclass(member) and "_async" in member.__module__)
    }


def compared(asynchronous, synchronous, to_sync):
    assert to_sync(asynchronous.__doc__ or "") == (synchronous.__doc__ or "")
    if isinstance(asynchronous, property):
        return
    ours, theirs = inspect.signature(asynchronous), inspect.signature(synchronous)
    assert to_sync(str(ours)).replace("collections.abc.", "") == str(theirs).replace("collections.abc.", "")
    waits = inspect.iscoroutinefunction(asynchronous) or inspect.isasyncgenfunction(asynchronous)
    assert not inspect.iscoroutinefunction(synchronous)
    if waits and inspect.isasyncgenfunction(asynchronous):
        assert inspect.isgeneratorfunction(synchronous)


def test_both_packages_have_the_same_modules():
    assert module_names(leitmotif._async) == module_names(leitmotif._sync)


@pytest.mark.parametrize("module_name", sorted(set(module_names(leitmotif._async)) - {"stubs", "transport"}))
def test_names_signatures_and_docstrings_agree(module_name, to_sync):
    asynchronous = import_module(f"leitmotif._async.{module_name}")
    synchronous = import_module(f"leitmotif._sync.{module_name}")
    classes = [
        value for value in vars(asynchronous).values() if inspect.isclass(value) and value.__module__ == asynchronous.__name__
    ]
    assert classes
    for one in classes:
        other = getattr(synchronous, to_sync(one.__name__))
        assert to_sync(one.__doc__) == other.__doc__
        assert {to_sync(name) for name in members(one)} == set(members(other))
        for name, member in members(one).items():
            compared(member, getattr(other, to_sync(name)) if not isinstance(member, property) else vars(other)[name], to_sync)


def test_the_committed_client_is_fresh():
    checked = subprocess.run([sys.executable, GENERATOR, "--check"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


def test_the_check_tells_a_stale_module(tmp_path):
    root = tmp_path / "clients/python"
    for name in ("_async", "_sync"):
        source = GENERATOR.parent / "leitmotif" / name
        target = root / "leitmotif" / name
        target.mkdir(parents=True)
        for module in source.glob("*.py"):
            (target / module.name).write_text(module.read_text())
    (root / "generate_sync.py").write_text(GENERATOR.read_text())
    (tmp_path / "pyproject.toml").write_text((GENERATOR.parents[2] / "pyproject.toml").read_text())  # how ruff formats
    changed = root / "leitmotif/_async/tracks.py"
    changed.write_text(changed.read_text().replace("page_size: int = 0", "page_size: int = 5"))
    (root / "leitmotif/_sync/orphan.py").touch()
    checked = subprocess.run([sys.executable, root / "generate_sync.py", "--check"], capture_output=True, text=True, check=False)
    assert checked.returncode == 1
    stale, orphan, advice = checked.stderr.splitlines()
    assert (stale, orphan) == ("stale: leitmotif/_sync/tracks.py", "stale: leitmotif/_sync/orphan.py")
    assert "make stubs" in advice
