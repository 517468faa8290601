"""Shows every character of a text that says what it is: of a token, a term, a name. Nothing is hidden, and nothing acts."""

import re
import unicodedata
from dataclasses import dataclass

LONGEST = 80
"""Characters of one text that are shown; a report is read by people."""

_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t", " ": "\N{OPEN BOX}", "\ufffd": "\N{REPLACEMENT CHARACTER}"}
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"})
"""Controls, marks of direction and of joining, halves of pairs, private and unassigned characters, separators and odd spaces."""

_COMBINING = frozenset({"Mn", "Mc", "Me"})
_OWN_SPACES = re.compile("([ \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}]+)")
_MARKS = 3
"""Marks that may be heaped on one character; more would cover what stands around it."""


@dataclass(frozen=True)
class Piece:
    """Characters that are shown as they are, or a name that stands for one that is not."""

    text: str
    is_name: bool


def pieces_of(text: str, *, longest: int = LONGEST) -> list[Piece]:
    """The text in pieces; a space inside words stays one, a space at either end is shown, as is all that prints nothing.

    What is more than `longest` characters ends in an ellipsis; an empty text is named.
    """
    if not text:
        return [Piece("empty", True)]
    shown, cut = text[:longest], len(text) > longest
    first = len(shown) - len(shown.lstrip(" "))
    last = len(shown) if cut else len(shown.rstrip(" "))
    pieces: list[Piece] = []
    marks = 0
    for place, character in enumerate(shown):
        inner_space = character == " " and first <= place < last
        marks = marks + 1 if unicodedata.category(character) in _COMBINING else 0
        bare = marks > 0 and (not pieces or pieces[-1].is_name)
        name = None if inner_space else _name_of(character, combines=not bare and marks <= _MARKS)
        if name is not None:
            pieces.append(Piece(name, True))
        elif pieces and not pieces[-1].is_name:
            pieces[-1] = Piece(pieces[-1].text + character, False)
        else:
            pieces.append(Piece(character, False))
    return [*pieces, Piece("…", True)] if cut else pieces


def visible(text: str, *, longest: int = LONGEST) -> str:
    """The same as plain text, for what cannot mark the names, such as pictures."""
    return "".join(piece.text for piece in pieces_of(text, longest=longest))


def harmless(sentence: str) -> str:
    """A whole sentence, whatever was put into it: its spaces are spaces, also those that do not break; what hides is named."""
    parts = _OWN_SPACES.split(sentence)
    return "".join(visible(part, longest=len(part)) if place % 2 == 0 and part else part for place, part in enumerate(parts))


def _name_of(character: str, *, combines: bool) -> str | None:
    """What stands for a character, None for one that shows itself; a mark that cannot combine with what is before it does not."""
    if character in _NAMED:
        return _NAMED[character]
    category = unicodedata.category(character)
    if category in _HIDDEN or (category in _COMBINING and not combines):
        return f"U+{ord(character):04X}"
    return None
