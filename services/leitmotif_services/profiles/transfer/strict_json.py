"""Reads JSON from a stranger: bounded in size, depth and number of values before anything is built, and nothing in it is guessed.

Python's own reader takes NaN, keeps the last of repeated keys and builds whole numbers of any length. Here such values come out
as what no check lets pass, so that whoever checks the document can name the place.
"""

import json
import re
from typing import Any

from leitmotif_services.runtime.errors import Reason, ServiceError

MOST_BYTES = 16 << 20
MOST_DEPTH = 16
MOST_VALUES = 1 << 20
"""Of all values together: some 100 MB in memory. The largest export has less than half as many."""

_MOST_QUOTES = 4 * MOST_VALUES  # two around a key and two around its value
_LONGEST_WHOLE_NUMBER = 20  # digits and sign of a 64-bit number

# A string, closed or not, or a bracket. Possessive, so that each character is looked at once.
_STRING_OR_BRACKET = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?+|[\[\]{}]', re.DOTALL)


class JsonObject(dict[str, Any]):
    """An object, and the keys that it was given more than once."""

    repeated: tuple[str, ...] = ()


class UnusableNumber:
    """A whole number with more digits than any value has."""

    def __init__(self, digits: str) -> None:
        self._characters = len(digits)

    def __repr__(self) -> str:
        return f"a number of {self._characters} characters"


def read_json(text: str) -> Any:
    """The value that `text` is. LIMIT_EXCEEDED for one that is too large, EXPORT_UNREADABLE for text that is no JSON."""
    size = len(text.encode())
    if size > MOST_BYTES:
        raise _too_much("bytes", MOST_BYTES, size)
    values = text.count(",") + text.count("[") + text.count("{")
    if values > MOST_VALUES:
        raise _too_much("values", MOST_VALUES, values)
    quotes = text.count('"')
    if quotes > _MOST_QUOTES:
        raise _too_much("quotes", _MOST_QUOTES, quotes)
    _check_depth(text)
    try:
        return json.loads(text, object_pairs_hook=_json_object, parse_int=_whole_number)
    except ValueError as error:
        # The error holds the whole text.
        raise not_an_export(f"json is no JSON: {str(error)[:200]}") from None


def not_an_export(message: str, schema: str = "") -> ServiceError:
    """EXPORT_UNREADABLE."""
    return ServiceError(Reason.EXPORT_UNREADABLE, message, schema=schema)


def _check_depth(text: str) -> None:
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        match text[match.start()]:
            case "[" | "{":
                depth += 1
                if depth > MOST_DEPTH:
                    raise not_an_export(f"json is nested deeper than {MOST_DEPTH} levels")
            case "]" | "}":
                depth -= 1


def _json_object(pairs: list[tuple[str, Any]]) -> JsonObject:
    made = JsonObject(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        made.repeated = tuple(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
    return made


def _whole_number(digits: str) -> int | UnusableNumber:
    return int(digits) if len(digits) <= _LONGEST_WHOLE_NUMBER else UnusableNumber(digits)


def _too_much(what: str, limit: int, actual: int) -> ServiceError:
    return ServiceError(
        Reason.LIMIT_EXCEEDED, f"json has {actual} {what}, {limit} are allowed", limit=limit, actual=actual, unit=what
    )
