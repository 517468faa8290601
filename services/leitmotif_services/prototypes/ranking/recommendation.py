"""The use cases over a model: rank the catalogue for a profile, and explain one track."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.profile import Profile
from leitmotif_services.prototypes.ranking.eligible_tracks import eligible, known_position, positions_of
from leitmotif_services.prototypes.ranking.explanation import ALL, Explanation, explain, removal_reason
from leitmotif_services.prototypes.ranking.list_building import fill_list
from leitmotif_services.prototypes.ranking.options import PLAIN, RankingOptions
from leitmotif_services.prototypes.ranking.seeding import blended
from leitmotif_services.prototypes.ranking.sent_tracks import NOTHING_SENT, SESSION_LIMIT, SentTracks
from leitmotif_services.prototypes.track import Track
from leitmotif_services.runtime.errors import Reason, ServiceError

_RETRY_AFTER_S = 1.0


@dataclass(frozen=True, slots=True)
class RankedTrack:
    """A track with its place and the reasons for it."""

    track: Track
    rank: int
    """From 1; 0 for a track that a mute removes."""
    explanation: Explanation


@dataclass(frozen=True, slots=True)
class Page:
    """A stretch of a list."""

    tracks: list[RankedTrack]
    sent: SentTracks | None
    """What the session has sent with this page; None where no page follows."""
    partial: bool
    """Whether a part of the index did not answer, so that tracks may be missing; they are not among those that were sent."""


def recommend(
    model: ServedModel,
    profile: Profile,
    *,
    count: int,
    options: RankingOptions = PLAIN,
    contribution_count: int = 3,
    exact: bool = False,
) -> list[RankedTrack]:
    """The first `count` ≥ 1 tracks of the list, best first; fewer when the options leave fewer.

    `contribution_count`: contributions listed with each track, or `explanation.ALL`. `exact`: search the reference instead of
    the index. TRACK_NOT_FOUND for an unknown seed; STORE_UNAVAILABLE while a part of the index does not answer.
    """
    page = recommend_page(
        model, profile, count=count, options=options, contribution_count=contribution_count, exact=exact, paged=False
    )
    if page.partial:
        raise _part_missing()
    return page.tracks


def recommend_page(
    model: ServedModel,
    profile: Profile,
    *,
    count: int,
    options: RankingOptions = PLAIN,
    contribution_count: int = 3,
    exact: bool = False,
    sent: SentTracks = NOTHING_SENT,
    paged: bool = True,
) -> Page:
    """The next `count` ≥ 1 tracks of the list behind those of the pages before, `sent`; ranks go on.

    `paged`: find out whether another page follows. A partial page is always followed by one, unless the session is full: what
    is missing on it comes later, so that it is not passed over. STORE_UNAVAILABLE instead of a partial page without any track.
    See `recommend` for the rest.
    """
    profile, left_out = starting_from(model, profile, options, seeds_were_known=bool(sent))
    kept = eligible(model, muted=profile.muted, passing=options.filter, left_out=left_out)
    query = model.scoring.query(profile)
    index = model.exact if exact else model.index
    size = min(count, SESSION_LIMIT - len(sent)) if paged else count
    follows = paged and len(sent) + size < SESSION_LIMIT
    filled = fill_list(model, index, query, kept, size + follows, options, sent)
    found = filled.positions[:size]
    if filled.partial and not len(found):
        raise _part_missing()
    tracks = [model.catalogue.tracks[position] for position in found.tolist()]
    parts = model.scoring.contributions(query, found)
    explanations = explain(parts, contribution_count, profile, model.prototypes, model.expression)
    ranked = [
        RankedTrack(track, rank, explanation)
        for rank, (track, explanation) in enumerate(zip(tracks, explanations, strict=True), start=len(sent) + 1)
    ]
    if not follows or (len(filled.positions) <= size and not filled.partial):
        return Page(ranked, None, filled.partial)
    artists = [track.artist for track in tracks if track.artist] if options.max_per_artist else []
    return Page(ranked, sent.with_more([track.track_id for track in tracks], artists), filled.partial)


def _part_missing() -> ServiceError:
    return ServiceError(
        Reason.STORE_UNAVAILABLE, "a part of the catalogue's index does not answer; ask again", retry_after_s=_RETRY_AFTER_S
    )


def explain_track(model: ServedModel, profile: Profile, track_id: str) -> tuple[RankedTrack, list[int]]:
    """One track with all its contributions, and the positions of the muted prototypes that remove it.

    Its rank is its place among all tracks of the catalogue that no mute removes. TRACK_NOT_FOUND for an unknown track.
    """
    position = known_position(model, track_id)
    removed_by = removing(model, profile, position)
    query = model.scoring.query(profile)
    parts = model.scoring.contributions(query, np.array([position]))
    [explanation] = explain(parts, ALL, profile, model.prototypes, model.expression)
    if removed_by:
        reason = removal_reason(removed_by, model.prototypes)
        rank = 0
    else:
        reason = explanation.reason
        rank = model.exact.rank(query, position, eligible(model, muted=profile.muted))
    whole = Explanation(explanation.score, explanation.bias, explanation.contributions, explanation.other_contributions, reason)
    return RankedTrack(model.catalogue.tracks[position], rank, whole), removed_by


def removing(model: ServedModel, profile: Profile, position: int) -> list[int]:
    """The muted prototypes that the track at `position` expresses."""
    return [prototype for prototype in profile.muted if model.expression.mask(prototype)[position]]


def starting_from(
    model: ServedModel, profile: Profile, options: RankingOptions, *, seeds_were_known: bool = False
) -> tuple[Profile, Sequence[int]]:
    """The profile with the seeds in its history, and the positions of the tracks to leave out.

    TRACK_NOT_FOUND for an unknown seed, unless it was known when the session began: a session goes on without it.
    """
    left_out = positions_of(model, options.excluded)
    names = list(dict.fromkeys(options.seeds))
    seeds = positions_of(model, names) if seeds_were_known else [known_position(model, track_id) for track_id in names]
    if not seeds:
        return profile, left_out
    return blended(profile, model.scoring.affinities, seeds, options.seed_weight), [*left_out, *seeds]
