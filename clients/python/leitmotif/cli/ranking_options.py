"""Options that commands share which put lists together: which tracks to keep, and how to vary the list."""

from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from leitmotif.filters import Filter

TagOption = Annotated[list[str] | None, typer.Option("--tag", help="Keep tracks with this tag; repeated, with one of them.")]
ArtistOption = Annotated[list[str] | None, typer.Option("--artist", help="Keep tracks of this artist; repeated, of one of them.")]
YearFromOption = Annotated[int | None, typer.Option("--year-from", help="Keep tracks of this year and later.")]
YearToOption = Annotated[int | None, typer.Option("--year-to", help="Keep tracks of this year and earlier.")]
ExcludeOption = Annotated[list[str] | None, typer.Option("--exclude", help="Id of a track to leave out; may be repeated.")]
SeedTrackOption = Annotated[
    list[str] | None,
    typer.Option(
        "--seed-track", help="Id of a track to start from, as if it had been heard; may be repeated.", show_default=False
    ),
]
MaxPerArtistOption = Annotated[int, typer.Option("--max-per-artist", help="Tracks of one artist at most; 0 for no limit.", min=0)]
DiversityOption = Annotated[
    float, typer.Option("--diversity", help="Trade score for variety: 0 by score alone, 1 by difference alone.", min=0.0, max=1.0)
]
ExploreOption = Annotated[
    float, typer.Option("--explore", help="Add chance of this strength, 0 for none; see --random-seed.", min=0.0, max=1.0)
]
RandomSeedOption = Annotated[int, typer.Option("--random-seed", help="Seed of --explore: the same gives the same list.")]
IncludeHeardOption = Annotated[bool, typer.Option("--include-heard", help="Recommend tracks that were heard, too.")]
PresetOption = Annotated[
    str | None, typer.Option("--preset", help="Preset of the user's to lay over the profile for this list; '' for none at all.")
]
PresetShareOption = Annotated[
    float | None, typer.Option("--preset-share", help="Share of the preset's edits, above 0, at most 1.", min=0.0, max=1.0)
]
CountOption = Annotated[int, typer.Option("--count", "-n", help="Length of the list.", min=1, max=1000)]


def filter_of(
    tags: list[str] | None = None, artists: list[str] | None = None, year_from: int | None = None, year_to: int | None = None
) -> "Filter | None":
    """What the options keep together; None where none is given."""
    from leitmotif import F

    kept = [F.tag(*tags)] if tags else []
    if artists:
        kept.append(F.artist(*artists))
    if year_from is not None and year_to is not None:
        kept.append(F.year.between(year_from, year_to))
    elif year_from is not None:
        kept.append(F.year >= year_from)
    elif year_to is not None:
        kept.append(F.year <= year_to)
    return reduce(and_, kept) if kept else None
