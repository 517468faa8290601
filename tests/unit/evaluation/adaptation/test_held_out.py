import pytest
from hypothesis import given
from hypothesis import strategies as st

from leitmotif_services.evaluation.adaptation.held_out import split_held_out
from leitmotif_services.evaluation.inputs.documents import Documents


@pytest.mark.parametrize(
    ("text", "share", "division", "held_out"),
    [
        ("one two three four", 0.5, Documents.WHOLE, "four"),
        ("one\ntwo three\nfour", 0.5, Documents.LINES, "four"),
        ("one\n\ntwo\nthree\n\nfour", 0.6, Documents.PARAGRAPHS, "four"),
        ("a single line of words", 0.5, Documents.LINES, "of words"),
        ("unbrokentext", 0.25, Documents.WHOLE, "ext"),
        ("anything", 0.0, Documents.WHOLE, ""),
    ],
)
def test_the_end_is_held_out_from_where_a_document_begins(text: str, share: float, division: Documents, held_out: str) -> None:
    assert split_held_out(text, share, division) == (text.removesuffix(held_out), held_out)


@given(st.text(st.sampled_from("ab \n\r"), min_size=0, max_size=60), st.floats(0, 0.5), st.sampled_from(Documents))
def test_nothing_is_lost_and_no_more_than_the_share_is_held_out(text: str, share: float, division: Documents) -> None:
    trained, held_out = split_held_out(text, share, division)
    assert trained + held_out == text
    assert len(held_out) <= share * len(text) + 0.5
