"""The scenario of `leitmotif demo`: a listener steers a recommendation, all of it through the public API."""

from collections.abc import Sequence
from dataclasses import dataclass

from leitmotif import Client
from leitmotif.types import Profile, Prototype, Recommendations, ScoredTrack

_LIST_LENGTH = 20
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
    # The whole ranking with every contribution: what is listed, and what a boost could bring up.
    everything = list(client.recommend(user_id, count=1000, contributions=_ALL))
    length = min(_LIST_LENGTH, max(2, len(everything) // 3))
    profile = client.profiles(user_id, actor="demo")
    profile_before = profile.get()

    boosted = _most_to_gain(prototypes, everything, length)
    before = client.recommend(user_id, count=length, contributions=_ALL)
    boost = 0.0
    after_boost = before
    while _share(after_boost, boosted) <= _share(before, boosted) and boost < _LARGEST_EDIT:
        profile.boost(boosted.prototype_id, reason="more of it")
        boost += 1.0
        after_boost = client.recommend(user_id, count=length, contributions=_ALL)

    muted = _most_to_lose(prototypes, after_boost, boosted)
    profile.mute(muted.prototype_id, reason="none of it")
    after_mute = client.recommend(user_id, count=length, contributions=_ALL)
    profile_after = profile.get()

    for _ in range(int(boost) + 1):
        profile.undo()
    after_undo = client.recommend(user_id, count=length, contributions=_ALL)

    def shares(ranking: Recommendations) -> SteeredList:
        return SteeredList(ranking, _share(ranking, boosted), _share(ranking, muted))

    return Outcome(
        user_id=user_id,
        prototypes=prototypes,
        boosted=boosted,
        boost=boost,
        muted=muted,
        profile_before=profile_before,
        profile_after=profile_after,
        before=shares(before),
        after_boost=shares(after_boost),
        after_mute=shares(after_mute),
        after_undo=shares(after_undo),
    )


def _expresses(scored: ScoredTrack, prototype: Prototype) -> bool:
    return any(
        contribution.prototype_id == prototype.prototype_id and contribution.affinity >= prototype.expressed_affinity > 0
        for contribution in scored.contributions
    )


def _share(ranking: Recommendations, prototype: Prototype) -> float:
    return sum(_expresses(scored, prototype) for scored in ranking) / max(1, len(ranking))


def _most_to_gain(prototypes: Sequence[Prototype], everything: Sequence[ScoredTrack], length: int) -> Prototype:
    """The prototype with the most tracks that express it below the list; among equals the one that its tag vouches for best."""

    def gain(prototype: Prototype) -> tuple[int, float]:
        below = sum(_expresses(scored, prototype) for scored in everything[length:])
        room = length - sum(_expresses(scored, prototype) for scored in everything[:length])
        return min(below, room), prototype.fidelity.roc_auc if prototype.fidelity else 0.0

    best = max(prototypes, key=gain)
    if gain(best)[0] == 0:
        raise NothingToSteerError("every track is in the list already: no prototype could bring another one up; add more music")
    return best


def _most_to_lose(prototypes: Sequence[Prototype], ranking: Recommendations, boosted: Prototype) -> Prototype:
    """The prototype, other than the boosted one, that most tracks of the list express."""
    others = [prototype for prototype in prototypes if prototype.prototype_id != boosted.prototype_id]
    muted = max(others, key=lambda prototype: _share(ranking, prototype), default=None)
    if muted is None or _share(ranking, muted) == 0.0:
        raise NothingToSteerError("no track of the list expresses a second prototype that could be muted; add more music")
    return muted
