import pytest

from leitmotif_services.audio.phrase import LONGEST_PHRASE, checked_phrase
from leitmotif_services.runtime.errors import Reason, ServiceError


@pytest.mark.parametrize("text", ["x", " calm  piano ", "静かなピアノ 🎹", "e\N{COMBINING ACUTE ACCENT}", "<pad>", "x" * 2000])
def test_what_may_be_a_phrase_is_left_as_it_is(text):
    assert checked_phrase(text) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Reason.TEXT_EMPTY),
        ("  \N{NO-BREAK SPACE}\N{EM SPACE}", Reason.TEXT_EMPTY),
        ("calm\npiano", Reason.FIELD_INVALID),
        ("calm\0piano", Reason.FIELD_INVALID),
        ("calm\x1b[31mpiano", Reason.FIELD_INVALID),
        ("calm\x85piano", Reason.FIELD_INVALID),
        ("calm\udcffpiano", Reason.FIELD_INVALID),
        ("x" * (LONGEST_PHRASE + 1), Reason.LIMIT_EXCEEDED),
        ("\0" * 1_000_000, Reason.LIMIT_EXCEEDED),
    ],
)
def test_what_may_not(text, reason):
    with pytest.raises(ServiceError) as caught:
        checked_phrase(text)
    assert caught.value.reason is reason
    assert len(caught.value.message) < 200
