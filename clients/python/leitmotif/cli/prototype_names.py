"""Finds the prototype that a person means, by id or by the label that is shown to them, and those that were created."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import TYPE_CHECKING

from leitmotif.cli.console import fail

if TYPE_CHECKING:
    from leitmotif.types import Prototype


def prototype_named(name: str, prototypes: Iterable["Prototype"]) -> "Prototype":
    """The prototype with that id, else the only one with that label, case ignored; ends the command when there is none."""
    known = list(prototypes)
    matches = [prototype for prototype in known if prototype.prototype_id == name]
    matches = matches or [prototype for prototype in known if prototype.label.casefold() == name.casefold()]
    if not matches:
        fail(f"there is no prototype {name!r}; {_hint(name, known)}")
    if len(matches) > 1:
        fail(f"several prototypes are called {name!r}; take an id: {', '.join(each.prototype_id for each in matches)}")
    return matches[0]


def created_among(prototypes: Iterable["Prototype"]) -> frozenset[str]:
    """Ids of those that were created after the model was trained: listening has no weight on them, an edit has."""
    from leitmotif.types import PrototypeSource

    sources = (PrototypeSource.TRACKS, PrototypeSource.CLIP, PrototypeSource.PHRASE)
    return frozenset(each.prototype_id for each in prototypes if each.source in sources)


def _hint(name: str, known: list["Prototype"]) -> str:
    names = {each.prototype_id.casefold(): each.prototype_id for each in known}
    names |= {each.label.casefold(): each.label for each in known}
    close = [names[match] for match in get_close_matches(name.casefold(), names, n=3)]
    return f"did you mean {', '.join(close)}?" if close else "`leitmotif prototypes list` shows what there is"
