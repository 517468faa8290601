"""Page tokens continue their own query and no other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leitmotif_services.runtime.errors import Reason, ServiceError
from leitmotif_services.runtime.pagination import decode_page_token, encode_page_token, page_size_of

PRINTABLE = st.text(max_size=50).filter(str.isprintable)


@given(position=PRINTABLE, query=st.text(max_size=20), size=st.integers())
def test_round_trip(position, query, size):
    assert decode_page_token(encode_page_token(position, query, size), query, size) == position


@pytest.mark.parametrize("position", ["x" * 257, "a\nb", "\0"])
def test_a_made_up_token_with_an_absurd_position_is_refused(position):
    with pytest.raises(ServiceError) as caught:
        decode_page_token(encode_page_token(position, "query"), "query")
    assert caught.value.reason is Reason.PAGE_TOKEN_INVALID


def test_no_token_is_the_beginning():
    assert decode_page_token("", "query") == ""


@given(position=PRINTABLE, index=st.integers(min_value=0), replacement=st.sampled_from("ABCxyz059-_é "))
def test_an_altered_token_is_refused(position, index, replacement):
    token = encode_page_token(position, "query")
    index %= len(token)
    altered = token[:index] + replacement + token[index + 1 :]
    if altered == token:
        return
    try:
        decoded = decode_page_token(altered, "query")
    except ServiceError as error:
        assert error.reason is Reason.PAGE_TOKEN_INVALID
    else:  # the last character of base64 may carry bits that stand for nothing
        assert decoded == position


def test_a_token_of_another_query_is_refused():
    with pytest.raises(ServiceError) as caught:
        decode_page_token(encode_page_token("t5", "piano"), "drums")
    assert caught.value.reason is Reason.PAGE_TOKEN_INVALID


@pytest.mark.parametrize(("requested", "size"), [(0, 100), (1, 1), (100, 100), (5000, 1000)])
def test_page_size(requested, size):
    assert page_size_of(requested, default=100, maximum=1000) == size


def test_a_negative_page_size_is_refused():
    with pytest.raises(ServiceError) as caught:
        page_size_of(-1, default=100, maximum=1000)
    assert caught.value.reason is Reason.FIELD_INVALID
