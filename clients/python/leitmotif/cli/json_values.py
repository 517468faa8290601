"""Results of the SDK as values that JSON can hold."""

import math
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any


def json_value(value: object) -> Any:
    """Dataclasses become objects, tuples lists, times ISO 8601 text; a number that is not finite becomes null."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: json_value(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(key): json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(item) for item in value]
    return value
