import pytest
import typer

from leitmotif.cli.prototype_names import prototype_named
from leitmotif.types import Prototype, PrototypeSource


def prototype(prototype_id, label):
    return Prototype(prototype_id, 0, label, "", PrototypeSource.TAG, None, (), 0.0, 0)


KNOWN = [prototype("tag-piano", "piano"), prototype("p-2", "Dark, slow"), prototype("p-3", "choir"), prototype("p-4", "Choir")]


@pytest.mark.parametrize(
    ("name", "found"), [("tag-piano", "tag-piano"), ("Piano", "tag-piano"), ("dark, slow", "p-2"), ("p-4", "p-4")]
)
def test_by_id_or_by_label(name, found):
    assert prototype_named(name, KNOWN).prototype_id == found


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("paino", "leitmotif: there is no prototype 'paino'; did you mean piano?\n"),
        ("zzz", "leitmotif: there is no prototype 'zzz'; `leitmotif prototypes list` shows what there is\n"),
        ("choir", "leitmotif: several prototypes are called 'choir'; take an id: p-3, p-4\n"),
    ],
)
def test_what_cannot_be_found_is_told_with_what_to_do(name, line, capsys):
    with pytest.raises(typer.Exit) as ended:
        prototype_named(name, KNOWN)
    assert ended.value.exit_code == 1
    assert capsys.readouterr().err == line
