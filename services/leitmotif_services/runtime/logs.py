"""Structured logs: one JSON object a line on stderr."""

import json
import logging
import os
import sys
from datetime import UTC, datetime

from leitmotif_services.runtime.environment import ConfigurationError
from leitmotif_services.runtime.request_context import current_request_id

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """Time (UTC, ISO 8601), level, service, logger, message, request id, and whatever was passed as `extra`."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id := current_request_id():
            entry["request_id"] = request_id
        entry.update({key: value for key, value in vars(record).items() if key not in _STANDARD})
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str, ensure_ascii=False)


LEVEL_VARIABLE = "LEITMOTIF_LOG_LEVEL"


def configure_logs(service: str, default_level: str = "INFO") -> None:
    """Send every logger of the process to stderr as JSON lines; ConfigurationError for a level that there is not."""
    level = os.environ.get(LEVEL_VARIABLE, default_level).upper()
    if level not in logging.getLevelNamesMapping():
        raise ConfigurationError([f"{LEVEL_VARIABLE} must be one of DEBUG, INFO, WARNING, ERROR, is {level!r}"])
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(service))
    logging.basicConfig(level=level, handlers=[handler], force=True)
