"""Reads settings from environment variables, and reports every fault at once instead of the first."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

_LARGEST_PORT = 65_535

_SERVICE_LINK = re.compile(r"_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP)(_(PROTO|PORT|ADDR))?)?)$")
"""Variables that Kubernetes sets in every pod for a Service, whose name may make them look like settings of ours."""


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

    def matching(self, name: str, pattern: re.Pattern[str], meaning: str, *, default: str) -> str:
        """Text that matches a pattern as a whole; `meaning` says in words what may stand there."""
        raw = self._raw(name, default) or ""
        if not pattern.fullmatch(raw):
            self._problem(name, f"must be {meaning}, is {raw!r}")
            return default
        return raw

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

    def address(self, name: str, *, default: str, unix: bool = True) -> str:
        """Where to listen: host:port with a port of 0 to 65535, or unix:PATH. Empty only where the default is."""
        raw = self._raw(name, default) or ""
        port = raw.rpartition(":")[2]
        is_path = unix and raw.startswith("unix:")
        if raw and not is_path and not (":" in raw and port.isdecimal() and int(port) <= _LARGEST_PORT):
            self._problem(name, f"must be host:port{' or unix:PATH' if unix else ''}, is {raw!r}")
            return default
        return raw

    def secret_url(self, name: str, *, default: str, schemes: tuple[str, ...]) -> str:
        """A URL that may hold a password, with one of a few schemes; told apart from `secret` by being checked."""
        value = self.secret(name, default=default) or default
        try:
            url = urlsplit(value)
            well_formed = url.scheme in schemes and (url.port is None or url.port <= _LARGEST_PORT)
        except ValueError:
            well_formed = False
        if not well_formed:
            self._problem(name, f"must be a URL that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}")
            return default
        return value

    def path(self, name: str, *, default: str | None = None) -> Path:
        """A path; whether something is there is the reader's business."""
        return Path(self._raw(name, default) or "").expanduser()

    def finish(self) -> None:
        """Raise ConfigurationError when any read was at fault."""
        unknown = sorted(
            name
            for name in self._environ
            if name.startswith(self._prefix) and name not in self.names and not _SERVICE_LINK.search(name)
        )
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
