"""Nothing of a text is hidden, and nothing of it acts."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leitmotif_services.evaluation.reports.visible_text import LONGEST, harmless, pieces_of, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (" the", "␣the"),
        ("a b", "a b"),
        ("  ", "␣␣"),
        ("a  ", "a␣␣"),
        ("\n", "\\n"),
        ("\r\n\t", "\\r\\n\\t"),
        ("\x00\x1b[31m", "U+0000U+001B[31m"),
        ("\u202egnp.exe", "U+202Egnp.exe"),
        ("\u200b\ufeff\u2066", "U+200BU+FEFFU+2066"),
        ("\u2028", "U+2028"),
        ("a\u00a0b", "aU+00A0b"),
        ("\ud800", "U+D800"),
        ("naïve", "naïve"),
        ("nai\u0308ve", "nai\u0308ve"),
        ("\u0308", "U+0308"),
        ("שלום", "שלום"),
        ("中文🎻", "中文🎻"),
        ("", "empty"),
    ],
)
def test_what_prints_nothing_is_named(text, shown):
    assert visible(text) == shown


def test_names_are_told_apart_from_a_text_that_looks_like_them():
    assert [piece.is_name for piece in pieces_of("U+202E")] == [False]
    assert [piece.is_name for piece in pieces_of("\u202e")] == [True]


def test_a_heap_of_marks_is_cut_to_three():
    assert visible("e" + "\u0301" * 5) == "e" + "\u0301" * 3 + "U+0301" * 2


def test_a_long_text_ends_in_an_ellipsis():
    assert visible("a" * (LONGEST + 1)) == "a" * LONGEST + "…"
    assert visible("a" * LONGEST) == "a" * LONGEST


HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@given(st.text(st.characters()))
def test_no_character_that_hides_or_acts_is_left(text):
    for shown in (visible(text), harmless(text)):
        assert not {unicodedata.category(character) for character in shown} & HIDDEN


def test_a_sentence_keeps_its_spaces_and_names_what_was_put_into_it():
    assert harmless("12\u202f345 tokens, 3.1\u00a0% of \u202ex") == "12\u202f345 tokens, 3.1\u00a0% of U+202Ex"
    assert harmless("") == ""
