"""What an installation brings: the wheel as pip would build and unpack it."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory):
    """Paths of the files inside the wheel."""
    pytest.importorskip("hatchling", reason="the build backend is not installed")
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert built.returncode == 0, built.stderr
    (wheel,) = folder.glob("*.whl")
    return zipfile.ZipFile(wheel).namelist()


def test_only_two_packages_are_shipped(wheel_names):
    top = {name.partition("/")[0] for name in wheel_names}
    assert {name for name in top if not name.endswith(".dist-info")} == {"leitmotif", "leitmotif_services"}


def test_stubs_types_and_both_clients_are_in_it(wheel_names):
    assert "leitmotif/py.typed" in wheel_names
    assert "leitmotif/_sync/client.py" in wheel_names
    assert "leitmotif/_async/client.py" in wheel_names
    assert "leitmotif/api/gateway/v1/gateway_pb2.pyi" in wheel_names


def test_nothing_else_slips_in(wheel_names):
    code = [name for name in wheel_names if ".dist-info/" not in name]
    assert not [name for name in code if "test" in name.split("/")[-1] or "__pycache__" in name or name.endswith(".proto")]
    assert not [name for name in code if name.endswith("generate_sync.py")]


def test_licence_and_entry_points_are_in_it(wheel_names):
    assert any(name.endswith("licenses/LICENSE") for name in wheel_names)
    assert any(name.endswith("entry_points.txt") for name in wheel_names)
