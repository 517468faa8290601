"""Generate the committed stubs below clients/python/leitmotif/api from the protos; `--check` fails when they are stale.

The generators are pinned and live in an environment of their own: generated code refuses a protobuf runtime older than
its generator, so an old generator keeps the supported range of protobuf wide, and its pins must not hold back the
runtime that the tests use.
"""

import argparse
import filecmp
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
STUBS = ROOT / "clients/python"
GENERATORS = ("grpcio-tools==1.71.2", "mypy-protobuf==3.6.0", "setuptools==75.8.0")
GENERATOR_VENV = ROOT / ".venv/protoc" / "-".join(GENERATORS).replace("==", "_")


def generator_python() -> Path:
    """The interpreter that has the pinned generators; makes its environment on the first call."""
    python = GENERATOR_VENV / "bin/python"
    ready = GENERATOR_VENV / ".ready"
    if not ready.exists():
        venv.create(GENERATOR_VENV, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *GENERATORS], check=True)
        ready.touch()
    return python


def generate(target: Path) -> list[Path]:
    """Write all stubs below `target` and return their paths relative to it."""
    python = generator_python()
    sources = sorted(PROTOS.rglob("*.proto"))
    googleapis = ROOT / ".venv/lib"
    include = next(googleapis.rglob("google/rpc/status.proto")).parents[2]
    subprocess.run(
        [
            *(python, "-m", "grpc_tools.protoc", f"-I{PROTOS}", f"-I{include}"),
            *(f"--plugin=protoc-gen-mypy_grpc={python.parent / 'protoc-gen-mypy_grpc'}",),
            *(f"--python_out={target}", f"--pyi_out={target}", f"--grpc_python_out={target}", f"--mypy_grpc_out={target}"),
            *map(str, sources),
        ],
        check=True,
        capture_output=True,
    )
    for stub in target.rglob("*_pb2_grpc.py*"):
        if "Stub" not in stub.read_text():  # files without a service get an empty gRPC module
            stub.unlink()
    for folder in {parent for path in target.rglob("*.py") for parent in path.relative_to(target).parents}:
        if folder.parts[:2] == ("leitmotif", "api"):
            (target / folder / "__init__.py").touch()
    return sorted(path.relative_to(target) for path in target.rglob("*.py*"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when the committed stubs are stale")
    check = parser.parse_args().check
    with tempfile.TemporaryDirectory() as folder:
        fresh_root = Path(folder)
        fresh = generate(fresh_root)
        committed = {
            path.relative_to(STUBS) for path in (STUBS / "leitmotif/api").rglob("*.py*") if "__pycache__" not in path.parts
        }
        stale = [
            path for path in fresh if path not in committed or not filecmp.cmp(fresh_root / path, STUBS / path, shallow=False)
        ]
        orphans = sorted(committed - set(fresh))
        if check:
            for path in [*stale, *orphans]:
                print(f"stale: {path}", file=sys.stderr)
            if stale or orphans:
                print("run `make stubs` and commit the result", file=sys.stderr)
            return 1 if stale or orphans else 0
        for path in stale:
            (STUBS / path).parent.mkdir(parents=True, exist_ok=True)
            (STUBS / path).write_bytes((fresh_root / path).read_bytes())
        for path in orphans:
            (STUBS / path).unlink()
        print(f"{len(fresh)} stubs, {len(stale)} written, {len(orphans)} removed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
