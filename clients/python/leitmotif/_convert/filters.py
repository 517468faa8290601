"""Filters as messages."""

from leitmotif.api.prototypes.v1 import catalogue_pb2 as pb2
from leitmotif.filters import AllOf, AnyOf, Filter, InRange, Not, OneOf


def filter_message_of(kept: Filter | None) -> pb2.Filter | None:
    """The message of a filter; None, which leaves a field unset, for none."""
    return None if kept is None else _message_of(kept)


def _message_of(kept: Filter) -> pb2.Filter:
    match kept:
        case OneOf(field, values):
            return pb2.Filter(field=pb2.FieldCondition(field=field, one_of=pb2.TextValues(values=values)))
        case InRange(field, minimum, maximum):
            return pb2.Filter(field=pb2.FieldCondition(field=field, range=pb2.NumberRange(minimum=minimum, maximum=maximum)))
        case AllOf(filters):
            return pb2.Filter(all=pb2.FilterList(filters=map(_message_of, filters)))
        case AnyOf(filters):
            return pb2.Filter(any=pb2.FilterList(filters=map(_message_of, filters)))
        case Not(negated):
            message = pb2.Filter()
            getattr(message, "not").CopyFrom(_message_of(negated))
            return message
    raise TypeError(f"{kept!r} is no filter of leitmotif.filters")
