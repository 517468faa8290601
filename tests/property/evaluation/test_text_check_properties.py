"""A text that comes in pieces is judged as the whole is, wherever it was cut."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from leitmotif_services.evaluation.inputs.text import decode_text
from leitmotif_services.evaluation.inputs.text_check import TextCheck
from leitmotif_services.runtime.errors import ServiceError

PARTS = [b"a", b"\xc3", b"\xa9", b"\xe2\x82", b"\xac", b"\xf0\x9f\x98\x80", b"\xff"]
PIECED = st.lists(st.sampled_from(PARTS), max_size=8).map(b"".join)
BYTES = st.one_of(st.text(max_size=40).map(str.encode), PIECED).map(lambda raw: raw.replace(b"\0", b""))


def judged(check, *arguments):
    try:
        check(*arguments)
    except ServiceError as error:
        return error.reason, error.message, error.metadata
    return None


def in_pieces(raw, cuts):
    check = TextCheck()
    places = sorted({0, len(raw), *(cut % (len(raw) + 1) for cut in cuts)})
    for begin, end in pairwise(places):
        check.add(raw[begin:end])
    check.end()


@given(BYTES, st.lists(st.integers(0, 1000), max_size=6))
def test_pieces_are_judged_as_the_whole(raw, cuts):
    assert judged(in_pieces, raw, cuts) == judged(decode_text, raw)


@given(st.text(max_size=20), st.text(max_size=20), st.lists(st.integers(0, 1000), max_size=6))
def test_a_nul_byte_is_found_where_it_is(before, after, cuts):
    raw = before.encode() + b"\0" + after.encode()
    assert judged(in_pieces, raw, cuts) == judged(decode_text, raw)
