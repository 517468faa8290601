"""Control of a recommender whose every list is known."""

import math

import numpy as np
import pytest

from leitmotif_services.workshop.comparison.control import DOSES, measure_control
from leitmotif_services.workshop.comparison.edited_lists import edit_for_share
from leitmotif_services.workshop.comparison.judged_tags import JudgedTags, jensen_shannon, judged_tags
from leitmotif_services.workshop.comparison.tag_reranking import tag_bonus
from tests.unit.workshop.comparison.small_study import AdditiveScorer, people, training

ITEMS = 60
DISCOUNTS = 1 / np.log2(np.arange(2, 22))


def case(gain=1.0, affinity=1.0):
    """60 items by falling score 0.60, 0.59, …, the last thirty 0.005 less; those carry "late", every third item "third"."""
    carried = np.zeros((ITEMS, 2), bool)
    carried[30:, 0] = True
    carried[::3, 1] = True
    scores = np.arange(ITEMS, 0, -1) / 100 - 0.005 * carried[:, 0]  # nothing ties after an edit
    scorer = AdditiveScorer(scores, affinity * carried.astype(float), {"late": 0, "third": 1}, gain)
    wanted = np.zeros((2, ITEMS))
    wanted[:, [0, 40]] = 1
    return scorer, people(np.zeros((2, ITEMS)), wanted), JudgedTags(("late", "third"), carried)


def measured(scorer, held_out, tags):
    return measure_control(scorer, held_out, tags, seed=0, advance=lambda _: None)


def test_promotion_by_hand():
    # Without an edit, the top twenty hold none of "late" and seven of "third". An edit of 0.25 lifts the m-th of "late"
    # (0.305 - 0.01 m + 0.25) above the (21 - m)-th other (0.40 + 0.01 m) for m ≤ 7. The 12th of "third" (0.265 + 0.25) stands
    # above the 9th other (0.47), the 13th (0.235 + 0.25) not above the 8th (0.49).
    control = measured(*case())
    shares = control.edit.share
    assert shares[0] == pytest.approx((0 + 7 / 20) / 2)
    assert shares[-1] == 1.0
    assert control.monotone == 1.0
    assert shares[1] == pytest.approx((7 / 20 + 12 / 20) / 2)
    assert control.tag_ndcg[-1] == pytest.approx(1.0)
    assert control.tag_ndcg[0] == pytest.approx((0 + DISCOUNTS[::3].sum() / DISCOUNTS.sum()) / 2)


def test_reranking_has_the_share_of_the_edit():
    control = measured(*case())
    assert control.reranking.share == pytest.approx(control.edit.share)
    assert control.reranking.price_share == pytest.approx(control.edit.price_share)
    # This recommender's edit adds the same to all carriers, as a bonus does: the same items are at the top.
    assert control.reranking.collateral == pytest.approx(control.edit.collateral)


def test_a_mute_leaves_none():
    assert measured(*case()).mute_share == 0.0


def test_price_by_hand():
    # The share of "late" rises by 0.25 when items 30 to 34 are among the twenty: the 5th (0.255 + e) above the 16th other (0.45),
    # the 6th (0.245 + e) not above the 15th (0.46). That is an edit of 0.195 to 0.215. Item 40 (0.195 + e) then stands behind ten
    # of "late" and the others above 0.39 to 0.41: 19 to 21 of them. Item 0 stays first.
    scorer, held_out, tags = case()
    control = measured(scorer, held_out, JudgedTags(("late",), tags.carried[:, :1]))
    assert control.edit.price_share == pytest.approx(0.25)
    assert control.reached == 1.0
    without = 1 + 1 / math.log2(1 + 41)
    possible = [(1 + 1 / math.log2(1 + 10 + others + 1)) / without for others in (19, 20, 21)]
    assert any(control.edit.price == pytest.approx(price) for price in possible)


def test_an_edit_that_does_nothing_reaches_nothing():
    control = measured(*case(gain=0.0))
    assert control.reached == 0.0
    assert control.edit.share == pytest.approx([control.edit.share[0]] * (1 + len(DOSES)))
    assert control.edit.price == pytest.approx(1.0)
    assert control.random_rise == 0.0


def test_an_edit_that_lowers_its_tag_is_not_monotone():
    control = measured(*case(gain=-1.0))
    assert control.monotone == 0.5  # "late" cannot fall below none; "third" falls


def test_a_random_edit_moves_other_tags():
    # With two prototypes the other one is always drawn: editing "third" lifts thirds of "late" too, and the other way round.
    control = measured(*case())
    assert control.random_moved > 0
    assert control.random_moved >= abs(control.random_rise)


def test_tags_without_a_prototype_are_named():
    scorer, held_out, tags = case()
    scorer.anchors = {"third": 1}
    control = measured(scorer, held_out, tags)
    assert control.tags == ("third",)
    assert control.unanchored == ("late",)
    scorer.anchors = {}
    assert measured(scorer, held_out, tags) is None


def test_judged_tags_are_the_most_used_that_enough_items_carry():
    counts = np.zeros((40, 4))
    counts[:20, 0] = 1  # weight 20
    counts[:19, 1] = 9  # one carrier too few
    counts[:30, 2] = 2  # weight 60
    counts[:25, 3] = 2  # weight 50
    tags = judged_tags(training(counts, "abcd"), most=2)
    assert tags.names == ("c", "d")
    assert tags.carried.sum(axis=0).tolist() == [30, 25]
    assert judged_tags(training(counts, "abcd")).names == ("c", "d", "a")


def test_jensen_shannon_by_hand():
    half = np.array([[0.5, 0.5, 0.0]])
    assert jensen_shannon(half, half).tolist() == [0.0]
    assert jensen_shannon(half, np.array([[0.0, 0.0, 1.0]])).tolist() == [1.0]
    # m = (0.75, 0.25): ½ (0.5 log2(0.5/0.75) + 0.5 log2(0.5/0.25)) + ½ log2(1/0.75)
    expected = 0.5 * (0.5 * math.log2(2 / 3) + 0.5) + 0.5 * math.log2(4 / 3)
    assert jensen_shannon(np.array([[0.5, 0.5]]), np.array([[1.0, 0.0]])) == pytest.approx([expected])
    nothing = np.zeros((1, 3))
    assert jensen_shannon(nothing, nothing).tolist() == [0.0]
    assert jensen_shannon(nothing, half).tolist() == [1.0]


def test_the_bonus_is_the_smallest_that_reaches_the_share():
    rng = np.random.default_rng(5)
    scores = rng.standard_normal((30, 200))
    carried = rng.random(200) < 0.2

    def share(bonus):
        top = np.argsort(-(scores + bonus * carried), axis=1)[:, :20]
        return carried[top].mean()

    for wanted in (share(0.0) + 0.1, 0.5, 0.8):
        bonus = tag_bonus(scores, carried).for_share(wanted)
        assert share(bonus) >= wanted
        assert share(bonus - 1e-6) < wanted
    assert tag_bonus(scores, carried).for_share(0.0) == 0.0


def test_a_bonus_for_a_share_that_cannot_be_had_is_finite():
    carried = np.arange(50) < 3
    bonus = tag_bonus(np.arange(50.0)[None], carried)
    assert np.isfinite(bonus.for_share(1.0))
    assert bonus.for_share(1.0) == pytest.approx(bonus.for_share(3 / 20))


def test_the_size_for_a_share_is_found():
    size, lists = edit_for_share(lambda size: size, lambda lists: min(lists / 10, 1.0), 0.25)
    assert size == lists
    assert 0.25 - 0.002 <= size / 10 <= 0.25 + 0.002
