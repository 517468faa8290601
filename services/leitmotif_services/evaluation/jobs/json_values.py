"""Frozen dataclasses as JSON and back, by the types of their fields.

Fields may be str, int, float, bool, enums of strings, other such dataclasses, tuples of one type or of given ones, mappings of
strings, and any of these or None. Fields that are left out take their defaults, so that a dataclass may grow.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

Value = TypeVar("Value")


def to_json(value: object) -> str:
    """JSON of a dataclass; numbers beyond all bounds as Python writes them (Infinity)."""
    return json.dumps(asdict(cast(Any, value)))


def from_json(kind: type[Value], text: str) -> Value:
    """The value again; ValueError, TypeError or KeyError where the text is of another shape."""
    return cast(Value, _decoded(kind, json.loads(text)))


def _decoded(kind: Any, value: Any) -> Any:
    if is_dataclass(kind) and isinstance(kind, type):
        if not isinstance(value, dict):
            raise TypeError(f"{kind.__name__} is an object")
        hints = get_type_hints(kind)
        unknown = set(value) - {each.name for each in fields(kind)}
        if unknown:
            raise KeyError(f"{kind.__name__} has no field {sorted(unknown)}")
        return kind(**{name: _decoded(hints[name], each) for name, each in value.items()})
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is UnionType:
        if value is None and NoneType in arguments:
            return None
        return _decoded(next(each for each in arguments if each is not NoneType), value)
    if origin is tuple:
        kinds = [arguments[0]] * len(value) if arguments[-1] is Ellipsis else arguments
        return tuple(_decoded(each, part) for each, part in zip(kinds, value, strict=True))
    if origin is Mapping:
        return dict(value)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind(value)
    return _plain(kind, value)


def _plain(kind: Any, value: Any) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not kind:
        raise TypeError(f"{value!r} is no {kind}")
    return value
