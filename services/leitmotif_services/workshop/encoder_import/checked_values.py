"""Reads values out of a model's JSON: each by name, of one type, within bounds. What is not asked for is not used."""

from collections.abc import Mapping
from typing import Any

from leitmotif_services.workshop.encoder_import.refusal import ImportRefusedError

Bounds = tuple[int, int]


class CheckedValues:
    """One JSON object of a file; names in refusals are prefixed with the file's."""

    def __init__(self, values: Mapping[str, Any], file: str) -> None:
        self._values = values
        self._file = file

    def whole(self, names: Mapping[str, Bounds]) -> dict[str, int]:
        """The whole numbers among `names` that are there; refused outside their bounds."""
        found: dict[str, int] = {}
        for name, bounds in names.items():
            if (value := self._values.get(name)) is not None:
                found[name] = self._whole(name, value, bounds)
        return found

    def wholes(self, names: Mapping[str, Bounds], *, longest: int) -> dict[str, list[int]]:
        """The lists of 1 to `longest` whole numbers among `names` that are there."""
        found: dict[str, list[int]] = {}
        for name, bounds in names.items():
            if (values := self._values.get(name)) is not None:
                if not isinstance(values, list) or not 1 <= len(values) <= longest:
                    raise self._refused(name, f"must be a list of 1 to {longest} whole numbers", values)
                found[name] = [self._whole(name, value, bounds) for value in values]
        return found

    def flags(self, *names: str) -> dict[str, bool]:
        found: dict[str, bool] = {}
        for name in names:
            if (value := self._values.get(name)) is not None:
                if not isinstance(value, bool):
                    raise self._refused(name, "must be true or false", value)
                found[name] = value
        return found

    def numbers(self, names: Mapping[str, tuple[float, float]]) -> dict[str, float]:
        found: dict[str, float] = {}
        for name, (least, most) in names.items():
            if (value := self._values.get(name)) is not None:
                if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
                    raise self._refused(name, f"must be {least:g} to {most:g}", value)
                found[name] = float(value)
        return found

    def choices(self, names: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, allowed in names.items():
            if (value := self._values.get(name)) is not None:
                if value not in allowed:
                    raise self._refused(name, f"must be one of {', '.join(allowed)}", value)
                found[name] = value
        return found

    def _whole(self, name: str, value: object, bounds: Bounds) -> int:
        least, most = bounds
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self._refused(name, f"must be a whole number from {least} to {most}", value)
        return value

    def _refused(self, name: str, rule: str, value: object) -> ImportRefusedError:
        return ImportRefusedError(f"{name} in {self._file} {rule}, is {repr(value)[:64]}")
