"""The scenario of `leitmotif demo`: a listener steers a recommendation, all of it through the public API."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from leitmotif import Client
from leitmotif.types import Profile, Prototype, Recommendations, ScoredTrack

_LIST_LENGTH = 20
_WHOLE_RANKING = 1000
_ALL = -1
_LARGEST_EDIT = 4.0


@dataclass(frozen=True)
class SteeredList:
    """A recommendation, with the share of its tracks that express the boosted and the muted prototype."""

    ranking: Recommendations
    boosted_share: float
    muted_share: float

    @property
    def track_ids(self) -> list[str]:
        """The list, best first."""
        return [scored.track.track_id for scored in self.ranking]


@dataclass(frozen=True)
class Outcome:
    """What the scenario saw, step by step."""

    user_id: str
    prototypes: Sequence[Prototype]
    boosted: Prototype
    boost: float
    """Size of the edit that raised the share."""
    muted: Prototype
    profile_before: Profile
    profile_after: Profile
    before: SteeredList
    after_boost: SteeredList
    after_mute: SteeredList
    after_undo: SteeredList


class NothingToSteerError(Exception):
    """The catalogue is too small or too uniform to show an effect; the message says what is missing."""


def steer(client: Client, user_id: str) -> Outcome:
    """Recommend, boost one prototype, mute another, undo it all; the user's profile ends as it began."""
    prototypes = list(client.prototypes.list())
    profile = client.profiles(user_id, actor="demo")
    profile_before = profile.get()
    # Whole rankings with every contribution: what is in a list, and what steering could bring up.
    before = client.recommend(user_id, count=_WHOLE_RANKING, contributions=_ALL)
    length = min(_LIST_LENGTH, max(2, len(before) // 3))

    boosted = _most_to_gain(prototypes, before.tracks, length)
    boost = 0.0
    after_boost = before
    while _share(after_boost, boosted, length) <= _share(before, boosted, length) and boost < _LARGEST_EDIT:
        profile.boost(boosted.prototype_id, reason="more of it")
        boost += 1.0
        after_boost = client.recommend(user_id, count=_WHOLE_RANKING, contributions=_ALL)

    length, muted = _most_to_lose(prototypes, before, after_boost, boosted, length)
    profile.mute(muted.prototype_id, reason="none of it")
    after_mute = client.recommend(user_id, count=_WHOLE_RANKING, contributions=_ALL)
    profile_after = profile.get()

    for _ in range(int(boost) + 1):
        profile.undo()
    after_undo = client.recommend(user_id, count=_WHOLE_RANKING, contributions=_ALL)

    def top(ranking: Recommendations) -> SteeredList:
        return SteeredList(
            replace(ranking, tracks=ranking.tracks[:length]), _share(ranking, boosted, length), _share(ranking, muted, length)
        )

    return Outcome(
        user_id=user_id,
        prototypes=prototypes,
        boosted=boosted,
        boost=boost,
        muted=muted,
        profile_before=profile_before,
        profile_after=profile_after,
        before=top(before),
        after_boost=top(after_boost),
        after_mute=top(after_mute),
        after_undo=top(after_undo),
    )


def _expresses(scored: ScoredTrack, prototype: Prototype) -> bool:
    return any(
        contribution.prototype_id == prototype.prototype_id and contribution.affinity >= prototype.expressed_affinity > 0
        for contribution in scored.contributions
    )


def _share(ranking: Recommendations, prototype: Prototype, length: int) -> float:
    """Share of the first `length` tracks that express the prototype."""
    listed = ranking.tracks[:length]
    return sum(_expresses(scored, prototype) for scored in listed) / max(1, len(listed))


def _most_to_gain(prototypes: Sequence[Prototype], ranked: Sequence[ScoredTrack], length: int) -> Prototype:
    """The prototype with the most tracks that express it below the list; among equals the one that its tag vouches for best."""

    def gain(prototype: Prototype) -> tuple[int, float]:
        below = sum(_expresses(scored, prototype) for scored in ranked[length:])
        room = length - sum(_expresses(scored, prototype) for scored in ranked[:length])
        return min(below, room), prototype.fidelity.roc_auc if prototype.fidelity else 0.0

    best = max(prototypes, key=gain)
    if gain(best)[0] == 0:
        raise NothingToSteerError("every track is in the list already: no prototype could bring another one up; add more music")
    return best


def _most_to_lose(
    prototypes: Sequence[Prototype], before: Recommendations, after_boost: Recommendations, boosted: Prototype, length: int
) -> tuple[int, Prototype]:
    """The prototype, other than the boosted one, that most tracks of the boosted list express, and the list's length.

    In a small catalogue a short list may hold no such track; then the list is lengthened, as long as the boost still shows.
    """
    others = [prototype for prototype in prototypes if prototype.prototype_id != boosted.prototype_id]
    for longer in range(length, min(_LIST_LENGTH, len(before) - 1) + 1):
        muted = max(others, key=lambda prototype: _share(after_boost, prototype, longer), default=None)
        rises = _share(after_boost, boosted, longer) > _share(before, boosted, longer)
        if muted is not None and rises and _share(after_boost, muted, longer) > 0.0:
            return longer, muted
    raise NothingToSteerError("no track of the list expresses a second prototype that could be muted; add more music")
