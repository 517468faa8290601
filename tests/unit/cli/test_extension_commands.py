"""Commands of other packages: described from source, loaded when run, missing extras told in one line."""

import sys
from importlib.metadata import EntryPoint

import pytest
from typer.testing import CliRunner

from leitmotif.cli import extension_commands
from leitmotif.cli.main import app

SOURCES = {
    "plain": '''
"""Module text."""
import loaded_when_run

def hello(name: str) -> None:
    """Greet somebody.

    More.
    """
    print(f"hello {name}")
''',
    "group": '''
import typer
tools: typer.Typer = typer.Typer(help="Tools for people.")

@tools.command()
def only() -> None:
    """The only one."""
    print("ran")
''',
    "undocumented": "def command() -> None:\n    pass\n",
    "lacking": '"""Needs more."""\nimport a_package_that_is_not_there\n',
    "broken": "def (",
    "loaded_when_run": "",
}


@pytest.fixture
def extensions(tmp_path, monkeypatch):
    """Installs the sources above as modules with entry points."""
    for name, source in SOURCES.items():
        (tmp_path / f"{name}.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    values = {
        "hello": "plain:hello",
        "tools": "group:tools",
        "quiet": "undocumented:command",
        "lacking": "lacking:command",
        "broken": "broken:command",
        "absent": "no.such.module:command",
    }
    points = [EntryPoint(name, value, extension_commands.GROUP) for name, value in values.items()]
    monkeypatch.setattr(extension_commands, "entry_points", lambda group: points)
    yield {point.name: point for point in points}
    for name in SOURCES:
        sys.modules.pop(name, None)


def invoke(*arguments):
    return CliRunner().invoke(app, arguments)


@pytest.mark.parametrize(
    ("name", "help_text"),
    [
        ("hello", "Greet somebody."),
        ("tools", "Tools for people."),
        ("quiet", ""),
        ("lacking", "Needs more."),
        ("broken", ""),
        ("absent", ""),
    ],
)
def test_help_is_read_from_the_source(extensions, name, help_text):
    assert extension_commands.short_help(extensions[name]) == help_text
    assert not set(SOURCES) & set(sys.modules)


def test_help_lists_everything_and_imports_nothing(extensions):
    shown = invoke("--help")
    assert shown.exit_code == 0
    assert "Greet somebody." in shown.stdout
    assert "Tools for people." in shown.stdout
    assert not set(SOURCES) & set(sys.modules)


def test_a_function_is_a_command(extensions):
    assert invoke("hello", "ada").stdout == "hello ada\n"
    assert "plain" in sys.modules
    assert "group" not in sys.modules


def test_a_typer_is_a_group_even_with_one_command(extensions):
    assert invoke("tools", "only").stdout == "ran\n"
    assert "The only one." in invoke("tools", "--help").stdout


def test_an_own_command_wins_over_an_extension_of_its_name(monkeypatch):
    point = EntryPoint("recommend", "nothing:here", extension_commands.GROUP)
    monkeypatch.setattr(extension_commands, "entry_points", lambda group: [point])
    assert invoke("--help").stdout.count(" recommend ") == 1
    assert "Recommend tracks to a user" in invoke("recommend", "--help").stdout


def test_a_missing_package_is_told_with_what_installs_it(extensions):
    failed = invoke("lacking")
    assert failed.exit_code == 1
    assert failed.stderr == (
        "leitmotif: `lacking` needs a_package_that_is_not_there, which is not installed; run: pip install 'leitmotif[all]'\n"
    )


@pytest.mark.parametrize(
    ("value", "extra"),
    [
        ("leitmotif_services.evaluation.commands:lm", "evaluation"),
        ("leitmotif_services.embedded.commands:up", "embedded"),
        ("leitmotif_services.unheard_of.commands:x", "all"),
        ("single:x", "all"),
    ],
)
def test_the_extra_is_that_of_the_package(value, extra):
    assert extension_commands._extra(EntryPoint("x", value, extension_commands.GROUP)) == extra


def test_a_command_that_is_not_installed_is_told(extensions):
    failed = invoke("absent")
    assert failed.exit_code == 1
    assert failed.stderr == "leitmotif: `absent` is not part of this installation: there is no no\n"


def test_a_misspelt_command_is_wrong_usage(extensions):
    failed = invoke("recomend")
    assert failed.exit_code == 2
    assert "recommend" in failed.stderr


def test_every_installed_extension_says_what_it_does():
    for point in extension_commands.extension_commands().values():
        assert extension_commands.short_help(point), point.name
