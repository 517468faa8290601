"""Commands that other packages bring through the entry-point group `leitmotif.commands`.

An entry point is a typer.Typer (a group of commands) or a plain function (one command). Nothing of a package is imported
until one of its commands is run: what `leitmotif --help` says of it is read from its source.
"""

import ast
from importlib.metadata import EntryPoint, entry_points, metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import typer
import typer.main

from leitmotif.cli.console import fail

GROUP = "leitmotif.commands"


def extension_commands() -> dict[str, EntryPoint]:
    """Installed entry points by the name of their command."""
    return {entry_point.name: entry_point for entry_point in sorted(entry_points(group=GROUP), key=lambda found: found.name)}


def short_help(entry_point: EntryPoint) -> str:
    """First line of what the command says of itself, without importing it; "" where nothing can be read."""
    try:
        spec = find_spec(entry_point.module)  # imports the packages above the module, which hold nothing heavy
        tree = ast.parse(Path((spec and spec.origin) or "").read_text(encoding="utf-8"))
    except (ImportError, OSError, SyntaxError, ValueError):
        return ""
    text = _documentation(tree, entry_point.attr) or ast.get_docstring(tree) or ""
    return text.strip().partition("\n")[0].strip()


def _documentation(tree: ast.Module, name: str) -> str:
    """The docstring of the function `name`, or the `help` of the Typer assigned to `name`; "" where there is neither."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return ast.get_docstring(node) or ""
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        if isinstance(value, ast.Call) and any(isinstance(target, ast.Name) and target.id == name for target in targets):
            for keyword in value.keywords:
                if keyword.arg == "help" and isinstance(keyword.value, ast.Constant):
                    return str(keyword.value.value)
    return ""


def load(entry_point: EntryPoint) -> Any:
    """The command; ends with one line and exit code 1 when what it needs is not installed."""
    try:
        loaded = entry_point.load()
    except ModuleNotFoundError as error:
        missing = error.name or "a package"
        if entry_point.module == missing or entry_point.module.startswith(missing + "."):
            fail(f"`{entry_point.name}` is not part of this installation: there is no {missing}")
        fail(f"`{entry_point.name}` needs {missing}, which is not installed; run: pip install 'leitmotif[{_extra(entry_point)}]'")
    if isinstance(loaded, typer.Typer):
        return typer.main.get_group(loaded)
    app = typer.Typer(add_completion=False)
    app.command(entry_point.name)(loaded)
    return typer.main.get_command(app)


def _extra(entry_point: EntryPoint) -> str:
    """The extra that brings what a command needs: that of its package, else `all`."""
    package = entry_point.module.split(".")[1:2]
    extras = metadata("leitmotif").get_all("Provides-Extra") or []
    return package[0] if package and package[0] in extras else "all"
