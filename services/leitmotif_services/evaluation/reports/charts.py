"""Pictures as what they show; `matplotlib_charts` draws them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Histogram:
    """How often which change of a single token occurs; what is below 0 is better, above worse."""

    edges: tuple[float, ...]
    """Ascending; one more than counts."""
    counts: tuple[int, ...]
    """The outermost hold what lies beyond too."""
    mean: float
    label: str
    """Of the horizontal axis, with its unit."""


@dataclass(frozen=True)
class SignedBar:
    """One bar, left of zero for better, right for worse."""

    name: str
    value: float
    note: str
    """Written at its end."""


@dataclass(frozen=True)
class SignedBars:
    """Bars from zero, one below the other."""

    bars: tuple[SignedBar, ...]
    label: str


@dataclass(frozen=True)
class Pair:
    """One thing under the base and under the adapted model."""

    name: str
    base: float
    adapted: float


@dataclass(frozen=True)
class Pairs:
    """Pairs as two marks on a line, a ring for base and a disc for adapted."""

    pairs: tuple[Pair, ...]
    label: str
    digits: int = 4
    """Significant digits of the values that are written beside the marks."""


@dataclass(frozen=True)
class BesideNull:
    """A value in units of its null's spread: how far from where the null is."""

    name: str
    z: float
    note: str


@dataclass(frozen=True)
class NullDistances:
    """Values beside the null's mean and spread, which is a band of two standard deviations to either side."""

    values: tuple[BesideNull, ...]
    label: str


Chart = Histogram | SignedBars | Pairs | NullDistances


@dataclass(frozen=True)
class Picture:
    """A chart with its words."""

    title: str
    finding: str
    """What it shows, in words: read out to who cannot see it."""
    chart: Chart
    note: str = ""
    """How to read it."""
