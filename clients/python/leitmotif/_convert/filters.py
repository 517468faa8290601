"""Filters as messages."""

from collections.abc import Sequence

from leitmotif.api.prototypes.v1 import catalogue_pb2 as pb2
from leitmotif.filters import AllOf, AnyOf, Filter, InRange, Not, OneOf

MAX_TOGETHER = 64
"""Filters that one list of a message may hold."""


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
            return pb2.Filter(all=pb2.FilterList(filters=map(_message_of, _in_lists(filters, AllOf))))
        case AnyOf(filters):
            return pb2.Filter(any=pb2.FilterList(filters=map(_message_of, _in_lists(filters, AnyOf))))
        case Not(negated):
            message = pb2.Filter()
            getattr(message, "not").CopyFrom(_message_of(negated))
            return message
    raise TypeError(f"{kept!r} is no filter of leitmotif.filters")


def _in_lists(filters: tuple[Filter, ...], kind: type[AllOf] | type[AnyOf]) -> tuple[Filter, ...]:
    """The same filters, in lists of their kind where they are more than one list may hold.

    Conditions come first and together, so that what is nested already lies no deeper where there is room for it beside them.
    """
    if len(filters) <= MAX_TOGETHER:
        return filters
    conditions = [each for each in filters if isinstance(each, OneOf | InRange)]
    nested = [each for each in filters if not isinstance(each, OneOf | InRange)]
    room = MAX_TOGETHER - len(nested)
    if room > 0 and len(conditions) <= room * MAX_TOGETHER:
        return (*_bundled(conditions, kind), *nested)
    return _in_lists(_bundled([*conditions, *nested], kind), kind)


def _bundled(filters: Sequence[Filter], kind: type[AllOf] | type[AnyOf]) -> tuple[Filter, ...]:
    """The filters in lists as large as may be."""
    return tuple(kind(tuple(filters[start : start + MAX_TOGETHER])) for start in range(0, len(filters), MAX_TOGETHER))
