"""Make the synchronous client, clients/python/leitmotif/_sync, from the asynchronous one; `--check` fails when it is stale.

The two differ in nothing but `async`, `await` and a few names, so one is written and the other is text replaced and
formatted by ruff.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent / "leitmotif"
SOURCE = PACKAGE / "_async"
TARGET = PACKAGE / "_sync"
HEADER = "# Generated from leitmotif/_async/{name} by clients/python/generate_sync.py; edit that file instead.\n"

REPLACEMENTS = (
    (r"\basync (def|for|with)\b", r"\1"),
    (r"\bawait ", ""),
    (r"\bAwaitable\[(\w+(?:\[\w+\])?)\]", r"\1"),
    (r"\basyncio\.to_thread\(([\w.]+)\)", r"\1()"),
    (r"\basyncio\.sleep\b", "time.sleep"),
    (r"\bimport asyncio\b", "import time"),
    (r"\bgrpc\.aio\.", "grpc."),
    (r"^import grpc\.aio\n", ""),
    (r"\b__aenter__\b", "__enter__"),
    (r"\b__aexit__\b", "__exit__"),
    (r"\bAsyncGenerator\[(.+), None\]", r"Generator[\1, None, None]"),
    (r"\baclosing\b", "closing"),
    (r"(\w*)Async([A-Z]\w*)", r"\1\2"),
    (r"\bleitmotif\._async\b", "leitmotif._sync"),
    (r"\bThe asynchronous client\. .*", 'The synchronous client, made from `leitmotif._async`."""'),
)


def to_sync(text: str) -> str:
    """The synchronous form of a piece of the asynchronous client, code or docstring."""
    for pattern, replacement in REPLACEMENTS:
        text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
    return text


def _ruff(text: str, path: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "ruff", *arguments, "--stdin-filename", str(path), "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def generate() -> dict[Path, str]:
    """The text of every module of the synchronous client, by its path."""
    modules = {}
    for source in sorted(SOURCE.glob("*.py")):
        path = TARGET / source.name
        text = HEADER.format(name=source.name) + to_sync(source.read_text(encoding="utf-8"))
        text = _ruff(text, path, "check", "--quiet", "--select", "I,F401,C416,UP028", "--fix", "--unsafe-fixes")
        modules[path] = _ruff(text, path, "format", "--quiet")
    return modules


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when the committed modules are stale")
    check = parser.parse_args().check
    modules = generate()
    stale = [path for path, text in modules.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    orphans = sorted(set(TARGET.glob("*.py")) - set(modules))
    if check:
        for path in [*stale, *orphans]:
            print(f"stale: {path.relative_to(PACKAGE.parent)}", file=sys.stderr)
        if stale or orphans:
            print("run `make stubs` and commit the result", file=sys.stderr)
        return 1 if stale or orphans else 0
    TARGET.mkdir(exist_ok=True)
    for path in stale:
        path.write_text(modules[path], encoding="utf-8")
    for path in orphans:
        path.unlink()
    print(f"{len(modules)} modules, {len(stale)} written, {len(orphans)} removed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
