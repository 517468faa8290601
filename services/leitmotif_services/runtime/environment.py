"""Reads settings from environment variables, and reports every fault at once instead of the first."""

import os
from collections.abc import Mapping
from pathlib import Path


class ConfigurationError(Exception):
    """One or more settings are missing or malformed; `problems` holds a line for each, without secret values."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class EnvironmentReader:
    """Typed reads below one prefix. Faults are collected; `finish` raises them together.

        reader = EnvironmentReader("LEITMOTIF_AUDIO_", os.environ)
        workers = reader.integer("WORKERS", default=2, minimum=1, maximum=64)
        reader.finish()

    A read whose value is at fault returns the default, so that the reads after it still happen. `finish` also reports
    variables below the prefix that were never read: most likely a misspelt name.
    """

    def __init__(self, prefix: str, environ: Mapping[str, str] | None = None) -> None:
        self._prefix = prefix
        self._environ = os.environ if environ is None else environ
        self._problems: list[str] = []
        self.names: dict[str, str] = {}
        """Every variable that was read, with its default as text; what a deployment can set."""

    def text(self, name: str, *, default: str | None = None) -> str:
        """Any text; required when there is no default."""
        return self._raw(name, default) or ""

    def secret(self, name: str, *, default: str = "") -> str:
        """As `text`, but never echoed in a problem nor listed with its default."""
        variable = self._prefix + name
        self.names[variable] = "(secret)"
        return self._environ.get(variable, default)

    def integer(self, name: str, *, default: int, minimum: int, maximum: int) -> int:
        """A whole number within closed bounds."""
        raw = self._raw(name, str(default))
        try:
            value = int(raw or "")
        except ValueError:
            self._problem(name, f"must be a whole number, is {raw!r}")
            return default
        if not minimum <= value <= maximum:
            self._problem(name, f"must be {minimum} to {maximum}, is {value}")
            return default
        return value

    def number(self, name: str, *, default: float, minimum: float, maximum: float) -> float:
        """A real number within closed bounds."""
        raw = self._raw(name, str(default))
        try:
            value = float(raw or "")
        except ValueError:
            self._problem(name, f"must be a number, is {raw!r}")
            return default
        if not minimum <= value <= maximum:
            self._problem(name, f"must be {minimum} to {maximum}, is {value}")
            return default
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        """true/false, 1/0, yes/no or on/off."""
        raw = (self._raw(name, "true" if default else "false") or "").lower()
        if raw in ("true", "1", "yes", "on"):
            return True
        if raw in ("false", "0", "no", "off"):
            return False
        self._problem(name, f"must be true or false, is {raw!r}")
        return default

    def choice(self, name: str, *, default: str, allowed: tuple[str, ...]) -> str:
        """One of a few words."""
        raw = self._raw(name, default) or ""
        if raw not in allowed:
            self._problem(name, f"must be one of {', '.join(allowed)}, is {raw!r}")
            return default
        return raw

    def path(self, name: str, *, default: str | None = None) -> Path:
        """A path; whether something is there is the reader's business."""
        return Path(self._raw(name, default) or "").expanduser()

    def finish(self) -> None:
        """Raise ConfigurationError when any read was at fault."""
        unknown = sorted(name for name in self._environ if name.startswith(self._prefix) and name not in self.names)
        problems = self._problems + [f"{name} is not a setting of this service" for name in unknown]
        if problems:
            raise ConfigurationError(problems)

    def _raw(self, name: str, default: str | None) -> str | None:
        variable = self._prefix + name
        self.names[variable] = "" if default is None else default
        value = self._environ.get(variable, default)
        if value is None or value == "":
            if default is None:
                self._problem(name, "is required")
            return default
        return value

    def _problem(self, name: str, problem: str) -> None:
        self._problems.append(f"{self._prefix}{name} {problem}")
