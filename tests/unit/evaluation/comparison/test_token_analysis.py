import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leitmotif_services.evaluation.comparison.domain_terms import WeightedTerm, domain_terms, occurrences, words_of
from leitmotif_services.evaluation.comparison.token_analysis import HISTOGRAM_BINS, analyse
from leitmotif_services.evaluation.comparison.token_classes import TokenClass, class_of
from leitmotif_services.evaluation.scoring.token_scores import TokenScores
from leitmotif_services.runtime.errors import ServiceError

TEXTS = {0: "\n", 1: " the", 2: " oboe", 3: ",", 4: " 1987", 5: "  ", 6: " plays", 7: " ob", 8: "oe"}


def texts_of(token_ids):
    return [TEXTS[int(token_id)] for token_id in token_ids]


def pair(token_ids, base, adapted, *, documents=None, ranks=None):
    token_ids = np.array(token_ids, np.int64)
    documents = np.zeros(len(token_ids), np.int64) if documents is None else np.array(documents, np.int64)
    base_ranks, adapted_ranks = (None, None) if ranks is None else (np.array(each, np.int64) for each in ranks)
    return (
        TokenScores(token_ids, np.array(base, np.float64), documents, base_ranks),
        TokenScores(token_ids, np.array(adapted, np.float64), documents, adapted_ranks),
    )


def test_contributions_by_hand():
    # Six tokens; the newline worsens by 3 in all, "the" betters by 1, the rest stays.
    analysis = analyse(*pair([0, 1, 0, 2, 3, 1], [1, 1, 1, 1, 1, 1], [3, 0.5, 2, 1, 1, 0.5]), texts_of, top=2)
    assert analysis.mean_change == pytest.approx(2 / 6)
    first, second = analysis.top_tokens
    assert (first.text, first.count, first.token_class) == ("\n", 2, TokenClass.NEWLINE)
    assert (first.contribution, first.mean_change) == pytest.approx((3 / 6, 1.5))
    assert (second.text, second.contribution, second.mean_change) == (" the", pytest.approx(-1 / 6), pytest.approx(-0.5))
    by_class = {each.token_class: each for each in analysis.classes}
    assert by_class[TokenClass.NEWLINE].contribution == pytest.approx(0.5)
    assert by_class[TokenClass.FUNCTION_WORD].contribution == pytest.approx(-1 / 6)
    assert (by_class[TokenClass.DIGITS].count, by_class[TokenClass.DIGITS].mean_change) == (0, 0.0)


def test_without_the_worst_type():
    analysis = analyse(*pair([0, 2, 0, 3], [1, 2, 1, 2], [3, 3, 2, 2]), texts_of)
    one, five = analysis.without_worst[:2]
    assert (one.types, one.share_of_worsening) == (1, pytest.approx(3 / 4))
    assert (one.base_perplexity, one.adapted_perplexity) == pytest.approx((math.exp(2), math.exp(2.5)))
    assert five.share_of_worsening == 1.0  # only two types worsened
    assert (five.base_perplexity, five.adapted_perplexity) == pytest.approx((math.exp(2), math.exp(2)))


def test_nothing_is_left_where_every_type_worsened():
    analysis = analyse(*pair([0, 2], [1, 1], [2, 2]), texts_of)
    assert [each.base_perplexity for each in analysis.without_worst] == [pytest.approx(math.e)] + [1.0] * 4


def test_a_term_may_be_several_tokens_and_has_ranks():
    # "the oboe plays" twice, the second time in two pieces, and once across two documents, which is no term.
    token_ids, documents = [1, 2, 6, 1, 7, 8, 6, 7, 8], [0] * 8 + [1]
    ranks = [[1, 2, 9, 1, 4, 1, 9, 100, 100], [1, 1, 9, 1, 1, 1, 9, 100, 100]]
    scored = pair(token_ids, [1.0] * 9, [0.5] * 9, documents=documents, ranks=ranks)
    analysis = analyse(*scored, texts_of, terms=[WeightedTerm("oboe", 3.0, 2)])
    (term,) = analysis.domain_terms
    assert (term.term, term.count, term.base_mrr, term.adapted_mrr) == ("oboe", 2, pytest.approx((1 / 2 + 1 / 4 + 1) / 3), 1.0)
    assert (analysis.base_median_rank, analysis.adapted_median_rank) == (2.0, 1.0)
    by_class = {each.token_class: each.count for each in analysis.classes}
    assert (by_class[TokenClass.DOMAIN_TERM], by_class[TokenClass.OTHER]) == (3, 4)


def test_other_tokens_are_refused():
    base, _ = pair([0, 1], [1, 1], [1, 1])
    other, _ = pair([0, 2], [1, 1], [1, 1])
    with pytest.raises(ServiceError, match="tokenizer"):
        analyse(base, other, texts_of)


@given(st.lists(st.tuples(st.integers(0, 8), st.floats(0, 50), st.floats(0, 50)), min_size=1, max_size=300), st.data())
def test_contributions_sum_to_the_change(tokens, data):
    token_ids, base, adapted = zip(*tokens, strict=True)
    terms = data.draw(st.sampled_from([(), (WeightedTerm("oboe", 1.0, 1),), (WeightedTerm("plays", 1.0, 1),)]))
    analysis = analyse(*pair(token_ids, base, adapted), texts_of, terms=terms, top=1000)
    expected = math.fsum(b - a for a, b in zip(base, adapted, strict=True)) / len(tokens)
    assert analysis.mean_change == pytest.approx(expected, abs=1e-9)
    assert math.fsum(each.contribution for each in analysis.top_tokens) == pytest.approx(expected, abs=1e-9)
    assert math.fsum(each.contribution for each in analysis.classes) == pytest.approx(expected, abs=1e-9)
    assert sum(each.count for each in analysis.classes) == sum(analysis.change_counts) == len(tokens)
    assert len(analysis.change_edges) == HISTOGRAM_BINS + 1
    shares = [each.share_of_worsening for each in analysis.without_worst]
    assert shares == sorted(shares)
    assert all(-1e-12 <= share <= 1 + 1e-12 for share in shares)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\n", "newline"),
        (" \r\n ", "newline"),
        ("\t", "whitespace"),
        ("\u00a0", "whitespace"),
        (" ,", "punctuation"),
        ("→", "punctuation"),
        ("12", "digits"),
        (" 3.5", "digits"),
        ("٣", "digits"),
        (" The", "function_word"),
        ("’s", "function_word"),
        ("a1", "other"),
        (" oboe", "other"),
        ("音", "other"),
        ("\ufffd", "other"),
        ("", "whitespace"),
    ],
)
def test_classes(text, expected):
    assert class_of(text) == expected


def test_terms_of_a_domain():
    domain = "The oboe sings. The oboe and the clarinet sing; clarinet and oboe. Once: bassoon. Music music."
    reference = ["music and song", "music of the street", "music again", "the street"]
    terms = domain_terms(domain, reference)
    assert [(each.term, each.count) for each in terms] == [("oboe", 3), ("clarinet", 2), ("music", 2)]
    assert terms[0].weight == pytest.approx(3 * math.log(5 / 1))
    assert terms[2].weight == pytest.approx(2 * math.log(5 / 4))
    assert domain_terms(domain, reference, most=1) == terms[:1]
    assert domain_terms("the of and", reference) == []
    # What every passage has says nothing about the domain.
    assert domain_terms("street street", ["street", "a street"]) == []


def test_words():
    assert list(words_of("Don't stop — rock'n'roll, Ärger_2 x2y")) == ["don't", "stop", "rock'n'roll", "ärger", "x", "y"]


def test_where_terms_stand():
    assert occurrences([" ob", "oe", " d'am", "ore", " Oboe"], ["oboe"]) == {"oboe": [range(2), range(4, 5)]}
    assert occurrences(["an oboe here"], ["oboe", "flute"]) == {"oboe": [range(1)], "flute": []}
    assert occurrences([], ["oboe"]) == {"oboe": []}
