"""Random models with artists, years and ties, and random options over them."""

import dataclasses
import functools
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from leitmotif_services.prototypes.live_catalogue.filters import All, Any, FieldIn, FieldRange, Filter, Not
from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.profile import Profile
from leitmotif_services.prototypes.ranking.options import Exploration, RankingOptions
from tests.unit.prototypes.sample_models import random_apn, random_model, served

TRACKS = 700
PROTOTYPES = 6
ARTISTS = 12


@functools.lru_cache(maxsize=4)
def ranked_model(
    seed: int, *, levels: int = 0, kind: str = "leitmotif", index: str = "exact", tracks: int = TRACKS, plays: bool = True
) -> ServedModel:
    """Track n is by artist n·n modulo 12, or by nobody in one case of twelve, and of the year 1980 + n modulo 40.

    Without `plays`, the bias is 0: for nobody in particular, all tracks score the same.
    """
    trained = (
        random_apn(seed, tracks=tracks, prototypes=PROTOTYPES)
        if kind == "apn"
        else random_model(seed, tracks=tracks, prototypes=PROTOTYPES, levels=levels)
    )
    if not plays:
        trained = dataclasses.replace(trained, bias=np.zeros_like(trained.bias))
    trained = dataclasses.replace(
        trained,
        tracks=[
            dataclasses.replace(track, artist=f"artist {n * n % ARTISTS}" if n % ARTISTS else "", year=1980 + n % 40)
            for n, track in enumerate(trained.tracks)
        ],
    )
    with tempfile.TemporaryDirectory() as folder:
        return served(trained, Path(folder), index)


FILTERS: tuple[Filter | None, ...] = (
    None,
    None,
    FieldRange("year", 1990, 2005),
    Not(FieldIn("artist", ("artist 1", "artist 4"))),
    Any((FieldIn("artist", ("artist 9",)), All((FieldRange("year", 1981, 1990), Not(FieldRange("year", 1985, 1985)))))),
)


def passes(track: object, tested: Filter | None) -> bool:
    """Whether a track passes a filter, read off its fields one by one."""
    match tested:
        case None:
            return True
        case FieldIn(field, values):
            return getattr(track, field) in values
        case FieldRange(field, minimum, maximum):
            return minimum <= getattr(track, field) <= maximum
        case Not(inner):
            return not passes(track, inner)
        case All(inner):
            return all(passes(track, part) for part in inner)
        case Any(inner):
            return any(passes(track, part) for part in inner)
    raise AssertionError(tested)


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    history, edits = random.normal(size=(2, PROTOTYPES)).astype(np.float32)
    if draw(st.booleans()):
        edits[:] = 0
    muted = tuple(sorted(draw(st.sets(st.integers(0, PROTOTYPES - 1), max_size=1))))
    return Profile(history, edits, muted)


@st.composite
def options(draw: st.DrawFn, tracks: int = TRACKS) -> RankingOptions:
    ids = st.integers(0, tracks - 1).map(lambda n: f"track-{n}")
    exploration = None
    if draw(st.booleans()):
        exploration = Exploration(draw(st.floats(0.01, 1.0)), draw(st.integers(-(2**63), 2**63 - 1)))
    return RankingOptions(
        filter=draw(st.sampled_from(FILTERS)),
        excluded=[*draw(st.lists(ids, max_size=30)), "nobody"],
        seeds=draw(st.lists(ids, max_size=3)),
        seed_weight=draw(st.floats(0.05, 1.0)),
        max_per_artist=draw(st.sampled_from([0, 0, 1, 3])),
        diversity=draw(st.sampled_from([0.0, 0.0, 0.3, 1.0])),
        exploration=exploration,
    )
