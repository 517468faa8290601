"""A user stays in one arm, larger shares keep the users of smaller ones, and the arms are of the sizes that were asked for."""

import math
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from leitmotif_services.prototypes.models.trial import Trial, draw

ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,30}", fullmatch=True)
shares = st.floats(0.0, 1.0, exclude_min=True)
BEGAN = datetime(2025, 1, 31, tzinfo=UTC)


@given(ids, ids, shares, shares)
def test_a_larger_share_keeps_those_of_a_smaller_one(name: str, user_id: str, one: float, another: float) -> None:
    smaller, larger = (Trial("v", share, name, BEGAN) for share in sorted((one, another)))
    if smaller.arm_of(user_id) == "trial":
        assert larger.arm_of(user_id) == "trial"
    assert Trial("w", larger.share, name, datetime.now(UTC)).arm_of(user_id) == larger.arm_of(user_id)


@given(ids, ids)
def test_a_share_of_one_is_everybody(name: str, user_id: str) -> None:
    assert 0.0 <= draw(name, user_id) < 1.0
    assert Trial("v", 1.0, name, BEGAN).arm_of(user_id) == "trial"
    assert Trial("v", 1.0, name, BEGAN).arm_of("") == ""


def test_arms_have_the_sizes_asked_for_and_names_draw_independently() -> None:
    users = [f"user-{number}" for number in range(20_000)]
    for share in (0.01, 0.1, 0.5, 0.9):
        first, second = ({user for user in users if Trial("v", share, name, BEGAN).arm_of(user) == "trial"} for name in "ab")
        # Five standard deviations of a binomial draw: the users are fixed, so this cannot fail by chance.
        margin = 5 * math.sqrt(len(users) * share * (1 - share))
        assert abs(len(first) - share * len(users)) < margin
        assert abs(len(first & second) - share * share * len(users)) < margin


def test_the_draw_is_the_same_in_every_release() -> None:
    assert [round(draw("spring", user), 6) for user in ("ada", "bix", "cab")] == [0.344238, 0.690939, 0.213693]
