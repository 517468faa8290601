"""The bytes of a prototype space: ids, labels, and directions as float16, which moves a cosine by less than 0.001."""

import msgpack
import numpy as np
from numpy.typing import NDArray

from leitmotif_services.profiles.store.msgpack_values import SCHEMA_BEFORE, checked, checked_body, other_schema, packed, readable
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace

_FIXED_ARRAY = 0x90  # a msgpack array of a few: what a value of schema 1 begins with


def encode_space(space: PrototypeSpace) -> bytes:
    """Without the model version, which the key holds."""
    directions = space.directions
    dimension = 0 if directions is None else directions.shape[1]
    numbers = b"" if directions is None else directions.astype("<f2").tobytes()
    return checked(packed((space.prototype_ids, space.labels, space.encoder_id, dimension, numbers)))


def decode_space(model_version: str, value: bytes) -> PrototypeSpace:
    """The space of `encode_space`, of this release or the one before."""

    def decode() -> PrototypeSpace:
        if value[0] & 0xF0 == _FIXED_ARRAY:
            schema, *rest = msgpack.unpackb(value, use_list=False)
            if schema != SCHEMA_BEFORE:
                raise other_schema(schema)
            return PrototypeSpace(model_version, *rest)
        prototype_ids, labels, encoder_id, dimension, numbers = checked_body(value)
        directions = _directions(numbers, dimension) if dimension else None
        return PrototypeSpace(model_version, prototype_ids, labels, directions, encoder_id)

    return readable(f"the prototype space of {model_version!r}", decode)


def _directions(numbers: bytes, dimension: int) -> NDArray[np.float32]:
    directions = np.frombuffer(numbers, "<f2").reshape(-1, dimension).astype(np.float32)
    # Rounding leaves the rows a little off unit length.
    lengths = np.linalg.norm(directions, axis=1, keepdims=True)
    directions /= np.where(lengths == 0.0, np.float32(1.0), lengths)
    directions.flags.writeable = False
    return directions
