"""How far a person's edits move their list, and what they cost: judged by people's tags alone.

All of it is measured on held-out people with their history given, for the 50 most used tags that at least 20 items carry and
that the recommender has a prototype for, always one tag at a time. An item carries a tag when a person whose tags training may
see gave it. "Share" is that of the tag's carriers among the 20 places at the top of a list.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leitmotif_services.workshop.comparison.edited_lists import SHARE_TOLERANCE, EditedLists, edit_for_share
from leitmotif_services.workshop.comparison.judged_tags import JudgedTags
from leitmotif_services.workshop.listening.listening_data import HeldOutPeople
from leitmotif_services.workshop.recommenders.recommender import Advance, SteerableScorer

Doubles = NDArray[np.float64]

DOSES = (0.25, 0.5, 1.0, 2.0)
"""Sizes of an edit."""

TARGET_RISE = 0.25
"""Of the share, at which the price is paid."""


@dataclass(frozen=True)
class Steering:
    """What edits of one kind do, over all tags and people."""

    share: tuple[float, ...]
    """Mean share of the tag, without an edit and at each of DOSES."""
    kept: tuple[float, ...]
    """NDCG@100 over that without an edit, there."""
    price: float
    """NDCG@100 kept where the share has risen by the target: the mean over the tags of NDCG@100 at that edit, divided by
    NDCG@100 without an edit. 1 costs nothing."""
    price_share: float
    """The mean rise of the share there: the target, where every tag reached it."""
    collateral: float
    """Jensen-Shannon divergence (bits, 0 to 1) of the distribution of the other tags in the top 20, before against after the edit
    at which the share has risen by the target; mean over people and tags."""


@dataclass(frozen=True)
class Control:
    """What is measured of one recommender with one seed."""

    tags: tuple[str, ...]
    """Those that it has a prototype for."""
    unanchored: tuple[str, ...]
    """Tags that are judged, but that no prototype is anchored on."""
    edit: Steering
    reranking: Steering
    """The same list of the same recommender, with a bonus for every item that carries the tag: as large as it takes to have the
    mean share that the edit has."""
    tag_ndcg: tuple[float, ...]
    """Mean tag-NDCG@20 without an edit and at each of DOSES."""
    monotone: float
    """Portion of (person, tag) pairs whose share never falls from no edit through DOSES."""
    mute_share: float
    """Mean share of the tag after its prototype is muted."""
    reached: float
    """Portion of tags whose share could be raised by the target, or by half of what was possible where that is less."""
    random_rise: float
    """Mean rise of the share when, instead, a random other prototype of each person's is edited by the size that raised it."""
    random_moved: float
    """Mean size of the change of the share then, up or down."""


def measure_control(
    scorer: SteerableScorer, people: HeldOutPeople, tags: JudgedTags, *, seed: int, advance: Advance
) -> Control | None:
    """Everything in `Control`; None where the recommender has no prototype on a judged tag.

    The price is paid, for each tag, at the size of the edit where the mean share of the people has risen by TARGET_RISE, or by
    half of what is possible where the share without an edit leaves less: found by bisection to ±0.002. A tag that cannot
    be raised so far counts with its largest rise.
    """
    anchored = [tag for tag, name in enumerate(tags.names) if name in scorer.anchors]
    if not anchored:
        return None
    lists = EditedLists(scorer, people, tags)
    rng = np.random.default_rng([seed, 20])
    measured = []
    for tag in anchored:
        measured.append(_measure_tag(lists, tag, rng))
        advance(1.0 / len(anchored))
    return _summary(measured, lists, anchored)


@dataclass(frozen=True)
class _TagMeasures:
    shares: Doubles
    """(1 + doses, V)."""
    tag_ndcg: Doubles
    ndcg: Doubles
    rerank_shares: Doubles
    rerank_ndcg: Doubles
    price: tuple[float, float, float]
    """NDCG@100, rise of the share, collateral."""
    rerank_price: tuple[float, float, float]
    reached: bool
    mute_share: float
    random_change: Doubles
    """(V,)."""


def _measure_tag(lists: EditedLists, tag: int, rng: np.random.Generator) -> _TagMeasures:
    anchor = lists.anchor(tag)
    at_dose = [lists.base, *(lists.after_edit(anchor, dose) for dose in DOSES)]
    shares = np.stack([lists.share(ranked, tag) for ranked in at_dose])
    with_share = lists.reranked(tag)
    reranked = [lists.base, *(with_share(float(share.mean())) for share in shares[1:])]
    base_share = float(shares[0].mean())
    target = base_share + min(TARGET_RISE, 0.5 * (1.0 - base_share))
    size, priced = edit_for_share(
        lambda size: lists.after_edit(anchor, size), lambda ranked: float(lists.share(ranked, tag).mean()), target
    )
    priced_share = float(lists.share(priced, tag).mean())
    rerank_priced = with_share(priced_share)
    others = (anchor + rng.integers(1, max(lists.prototypes, 2), size=lists.people)) % lists.prototypes
    random_change = lists.share(lists.after_edit(others, size), tag) - shares[0]
    return _TagMeasures(
        shares=shares,
        tag_ndcg=np.array([lists.tag_ndcg(ranked, tag) for ranked in at_dose]),
        ndcg=np.array([lists.ndcg(ranked) for ranked in at_dose]),
        rerank_shares=np.stack([lists.share(ranked, tag) for ranked in reranked]),
        rerank_ndcg=np.array([lists.ndcg(ranked) for ranked in reranked]),
        price=(lists.ndcg(priced), priced_share - base_share, lists.collateral(priced, tag)),
        rerank_price=(
            lists.ndcg(rerank_priced),
            float(lists.share(rerank_priced, tag).mean()) - base_share,
            lists.collateral(rerank_priced, tag),
        ),
        reached=priced_share >= target - 2.0 * SHARE_TOLERANCE,
        mute_share=float(lists.share(lists.after_mute(anchor), tag).mean()),
        random_change=random_change,
    )


def _summary(measured: Sequence[_TagMeasures], lists: EditedLists, anchored: Sequence[int]) -> Control:
    shares = np.stack([tag.shares for tag in measured])  # (tags, 1 + doses, people)
    names = lists.tags.names
    base = lists.base_ndcg

    def kept(ndcg: Doubles) -> Doubles:
        return ndcg / base if base > 0 else np.ones_like(ndcg)  # there is nothing to lose

    def steering(shares: Doubles, ndcg: Doubles, prices: Doubles) -> Steering:
        return Steering(
            share=tuple(shares.mean(axis=(0, 2)).tolist()),
            kept=tuple(kept(ndcg.mean(axis=0)).tolist()),
            price=float(kept(prices[:, 0]).mean()),
            price_share=float(prices[:, 1].mean()),
            collateral=float(prices[:, 2].mean()),
        )

    return Control(
        tags=tuple(names[tag] for tag in anchored),
        unanchored=tuple(name for tag, name in enumerate(names) if tag not in set(anchored)),
        edit=steering(shares, np.stack([tag.ndcg for tag in measured]), np.array([tag.price for tag in measured])),
        reranking=steering(
            np.stack([tag.rerank_shares for tag in measured]),
            np.stack([tag.rerank_ndcg for tag in measured]),
            np.array([tag.rerank_price for tag in measured]),
        ),
        tag_ndcg=tuple(np.stack([tag.tag_ndcg for tag in measured]).mean(axis=0).tolist()),
        monotone=float((np.diff(shares, axis=1) >= -1e-12).all(axis=1).mean()),
        mute_share=float(np.mean([tag.mute_share for tag in measured])),
        reached=float(np.mean([tag.reached for tag in measured])),
        random_rise=float(np.mean([tag.random_change.mean() for tag in measured])),
        random_moved=float(np.mean([np.abs(tag.random_change).mean() for tag in measured])),
    )
