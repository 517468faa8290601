"""Settings as names and values that a person reads."""

from dataclasses import fields, is_dataclass
from enum import Enum

Settings = list[tuple[str, str]]


def settings_of(spec: object, *, under: str = "") -> Settings:
    """The fields of a dataclass in order, but those that are None; a dataclass within it puts its name before its own.

    Fields named "settings", "scoring" or "sampling" hold what belongs to the whole, and lend no name.
    """
    if not is_dataclass(spec) or isinstance(spec, type):
        raise TypeError(f"settings are a dataclass, not {type(spec).__name__}")
    found: Settings = []
    for each in fields(spec):
        value = getattr(spec, each.name)
        name = " ".join(part for part in (under, each.name.replace("_", " ")) if part)
        if value is None:
            continue
        if is_dataclass(value) and not isinstance(value, type):
            found += settings_of(value, under="" if each.name in ("settings", "scoring", "sampling") else name)
        else:
            found.append((name, _value_text(value)))
    return found


def _value_text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, list | tuple):
        return ", ".join(map(_value_text, value))
    return str(value)
