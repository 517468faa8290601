"""Draws charts with matplotlib: as SVG inside a page, which takes the page's colours, or as a PNG of its own.

matplotlib's settings are of the whole process, so that one picture is drawn at a time.
"""

import io
import math
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.ticker import FuncFormatter, MaxNLocator

from leitmotif_services.evaluation.reports.charts import Chart, Histogram, NullDistances, Pairs, Picture, SignedBars
from leitmotif_services.evaluation.reports.number_text import count_text, figure_text
from leitmotif_services.evaluation.reports.page_svg import STAND_INS, svg_for_a_page
from leitmotif_services.evaluation.reports.palette import LIGHT, Palette
from leitmotif_services.evaluation.reports.visible_text import visible

_WIDTH = 7.6
_ROW = 0.34
_DOTS_PER_INCH = 160
_LONGEST_NAME = 28
_LINEAR_Z = 20.0
"""Above so many standard deviations the axis is logarithmic away from the null."""
_FAMILY = "DejaVu Sans"
_SETTINGS: dict[Any, Any] = {
    "font.family": [_FAMILY],
    "font.size": 9.5,
    "text.parse_math": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "leitmotif",
    "axes.unicode_minus": True,
    "hatch.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
_drawing = threading.Lock()


def svg(picture: Picture) -> str:
    """An `<svg>` element for the inside of a page: no style, no reference but to its own parts, its finding as its name."""
    with _figure([picture], STAND_INS, titled=False) as drawn:
        written = io.BytesIO()
        drawn.savefig(written, format="svg", transparent=True, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    return svg_for_a_page(written.getvalue(), picture.finding)


def png(pictures: Sequence[Picture]) -> bytes:
    """All pictures, one below the other, on white; ValueError for none."""
    if not pictures:
        raise ValueError("there is no picture to draw")
    with _figure(pictures, LIGHT, titled=True) as drawn:
        written = io.BytesIO()
        described = " ".join(picture.finding for picture in pictures)
        described = described.encode("latin-1", "replace").decode("latin-1")
        drawn.savefig(written, format="png", dpi=_DOTS_PER_INCH, metadata={"Software": None, "Description": described})
    return written.getvalue()


@contextmanager
def _figure(pictures: Sequence[Picture], colours: Palette, *, titled: bool) -> Iterator[Figure]:
    heights = [_height(picture.chart) + (0.35 if titled else 0.0) for picture in pictures]
    with _drawing, mpl.rc_context(_SETTINGS):
        drawn = Figure(figsize=(_WIDTH, sum(heights)), facecolor="white")
        drawn.set_layout_engine("constrained", w_pad=0.08, h_pad=0.05)
        FigureCanvasAgg(drawn)
        parts = drawn.subfigures(len(pictures), 1, height_ratios=heights, squeeze=False)[:, 0]
        for part, picture in zip(parts, pictures, strict=True):
            axes = part.subplots()
            _style(axes, colours)
            _DRAWERS[type(picture.chart)](picture.chart, axes, colours)
            if titled:
                part.suptitle(_drawable(picture.title), x=0.01, ha="left", color=colours["ink"], fontweight="bold", fontsize=10.5)
        yield drawn


def _height(chart: Chart) -> float:
    """Inches."""
    if isinstance(chart, Histogram):
        return 3.1
    rows = len(chart.bars if isinstance(chart, SignedBars) else chart.pairs if isinstance(chart, Pairs) else chart.values)
    return 1.0 + _ROW * max(rows, 2)


def _style(axes: Axes, colours: Palette) -> None:
    axes.set_facecolor("none")
    for side in ("left", "bottom"):
        axes.spines[side].set_color(colours["axis"])
    axes.tick_params(color=colours["axis"], labelcolor=colours["ink"], length=3)
    axes.xaxis.label.set_color(colours["quiet"])
    axes.yaxis.label.set_color(colours["quiet"])
    axes.set_axisbelow(True)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _place: _tick(value)))


def _tick(value: float) -> str:
    """As few digits as the tick needs."""
    shown = figure_text(float(f"{value:.10g}"), digits=6)
    return shown.rstrip("0").rstrip(".") if "." in shown and "×" not in shown else shown


def _histogram(chart: Histogram, axes: Axes, colours: Palette) -> None:
    for low, high, count in zip(chart.edges, chart.edges[1:], chart.counts, strict=False):
        worse = low + high > 0
        axes.bar(
            low,
            count,
            width=high - low,
            align="edge",
            facecolor=colours["card"] if worse else colours["better"],
            edgecolor=colours["worse" if worse else "better"],
            hatch="////" if worse else None,
            linewidth=0.6,
        )
    axes.axvline(0.0, color=colours["axis"], linewidth=0.8)
    axes.axvline(chart.mean, color=colours["ink"], linewidth=1.2, linestyle=(0, (4, 2)))
    most = max(chart.counts, default=1) or 1
    axes.set_ylim(0, most * 1.22)
    axes.set_xlim(chart.edges[0], chart.edges[-1])
    right = chart.mean > 0
    axes.annotate(
        f"mean {figure_text(chart.mean, digits=3, signed=True)}",
        (chart.mean, most * 1.13),
        xytext=(6 if right else -6, 0),
        textcoords="offset points",
        ha="left" if right else "right",
        va="center",
        color=colours["ink"],
    )
    axes.text(0.0, 1.0, "← better", transform=axes.transAxes, ha="left", va="top", color=colours["better"])
    axes.text(1.0, 1.0, "worse →", transform=axes.transAxes, ha="right", va="top", color=colours["worse"])
    axes.set_xlabel(chart.label)
    axes.set_ylabel("tokens")
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _place: count_text(round(value))))
    axes.grid(axis="y", color=colours["line"], linewidth=0.7)


def _signed_bars(chart: SignedBars, axes: Axes, colours: Palette) -> None:
    reach = max((abs(bar.value) for bar in chart.bars), default=0.0) or 1.0
    for row, bar in enumerate(chart.bars):
        worse = bar.value > 0
        axes.barh(
            row,
            bar.value,
            height=0.62,
            facecolor=colours["card"] if worse else colours["better"],
            edgecolor=colours["worse" if worse else "better"],
            hatch="////" if worse else None,
            linewidth=0.9,
        )
        axes.annotate(
            bar.note,
            (bar.value, row),
            xytext=(5 if bar.value >= 0 else -5, 0),
            textcoords="offset points",
            ha="left" if bar.value >= 0 else "right",
            va="center",
            color=colours["ink"],
            fontsize=8.5,
        )
    low = min(0.0, *(bar.value for bar in chart.bars)) if chart.bars else -reach
    high = max(0.0, *(bar.value for bar in chart.bars)) if chart.bars else reach
    span = (high - low) or 1.0
    axes.set_xlim(low - 0.24 * span, high + 0.24 * span)
    axes.axvline(0.0, color=colours["axis"], linewidth=0.9)
    _rows(axes, [bar.name for bar in chart.bars])
    for words, side, place in (("← better", "right", -8), ("worse →", "left", 8)):
        axes.annotate(
            words,
            (0.0, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(place, 3),
            textcoords="offset points",
            ha=side,
            va="bottom",
            color=colours["better" if side == "right" else "worse"],
            fontsize=8.5,
        )
    axes.set_xlabel(chart.label)
    axes.grid(axis="x", color=colours["line"], linewidth=0.7)


def _pairs(chart: Pairs, axes: Axes, colours: Palette) -> None:
    values = [value for pair in chart.pairs for value in (pair.base, pair.adapted)]
    low, high = min(values, default=0.0), max(values, default=1.0)
    span = (high - low) or abs(high) or 1.0
    for row, pair in enumerate(chart.pairs):
        axes.plot([pair.base, pair.adapted], [row, row], color=colours["axis"], linewidth=1.4, zorder=2)
        axes.plot(
            pair.base,
            row,
            "o",
            markersize=8,
            markerfacecolor=colours["card"],
            markeredgecolor=colours["base"],
            markeredgewidth=1.6,
            zorder=3,
        )
        axes.plot(pair.adapted, row, "o", markersize=6.5, color=colours["adapted"], zorder=4)
        base_left = pair.base <= pair.adapted
        for value, left, colour in ((pair.base, base_left, "base"), (pair.adapted, not base_left, "adapted")):
            name = f"{colour} " if row == 0 else ""
            axes.annotate(
                f"{name}{figure_text(value, digits=chart.digits)}",
                (value, row),
                xytext=(-8 if left else 8, 0),
                textcoords="offset points",
                ha="right" if left else "left",
                va="center",
                color=colours[colour],
                fontsize=8.5,
            )
    axes.set_xlim(low - 0.26 * span, high + 0.26 * span)
    _rows(axes, [pair.name for pair in chart.pairs])
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.set_xlabel(chart.label)
    axes.grid(axis="x", color=colours["line"], linewidth=0.7)


def _null_distances(chart: NullDistances, axes: Axes, colours: Palette) -> None:
    finite = [each.z for each in chart.values if math.isfinite(each.z)]
    reach = max((abs(z) for z in finite), default=0.0)
    logarithmic = reach > _LINEAR_Z
    far = max(4.0, reach * (4.0 if logarithmic else 1.35))
    if logarithmic:
        axes.set_xscale("symlog", linthresh=4.0, linscale=1.2)
        steps = [each * 10.0**power for power in range(1, 16) for each in (1, 3) if each * 10.0**power <= far]
        axes.set_xticks([-4.0, -2.0, 0.0, 2.0, 4.0, *steps[:: max(1, len(steps) // 4)]])
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _place: _tick(value)))
    axes.axvspan(-2.0, 2.0, facecolor=colours["band"], edgecolor="none", linewidth=0)
    axes.axvline(0.0, color=colours["quiet"], linewidth=0.9)
    for row, each in enumerate(chart.values):
        place = each.z if math.isfinite(each.z) else math.copysign(far * 0.5, each.z)
        shape = "D" if math.isfinite(each.z) else ">" if place > 0 else "<"
        axes.plot([0.0, place], [row, row], color=colours["adapted"], linewidth=1.4, zorder=2)
        axes.plot(
            place,
            row,
            shape,
            markersize=6.5,
            color=colours["adapted"],
            zorder=3,
        )
        right = place >= 0
        axes.annotate(
            each.note,
            (place, row),
            xytext=(9 if right else -9, 0),
            textcoords="offset points",
            ha="left" if right else "right",
            va="center",
            color=colours["ink"],
            fontsize=8.5,
        )
    lowest = min([0.0, *(z for z in finite), *(-far * 0.5 for each in chart.values if each.z == -math.inf)])
    axes.set_xlim(min(-3.0, lowest * (4.0 if logarithmic else 1.35)), far)
    _rows(axes, [each.name for each in chart.values])
    words: dict[str, Any] = {"ha": "left", "va": "top", "color": colours["ink"], "fontsize": 8}
    axes.text(-1.9, len(chart.values) - 0.5, "the reference\nagainst itself", **words)
    axes.set_ylim(len(chart.values) + 0.25, -0.6)
    axes.set_xlabel(chart.label + (", on a logarithmic scale beyond ±4" if logarithmic else ""))
    axes.grid(axis="x", color=colours["line"], linewidth=0.7)
    axes.minorticks_off()


def _rows(axes: Axes, names: Sequence[str]) -> None:
    """One row for each name, the first on top."""
    axes.set_yticks(range(len(names)), [_row_name(name) for name in names], parse_math=False)
    axes.set_ylim(max(len(names), 2) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _row_name(name: str) -> str:
    """Short enough to leave room for what is drawn, also where a character is shown by its code point."""
    shown = _drawable(visible(name, longest=_LONGEST_NAME))
    return shown if len(shown) <= _LONGEST_NAME else shown[: _LONGEST_NAME - 1] + "…"


_DRAWERS: Mapping[type, Callable[..., None]] = {
    Histogram: _histogram,
    SignedBars: _signed_bars,
    Pairs: _pairs,
    NullDistances: _null_distances,
}


@lru_cache(maxsize=1)
def _characters() -> frozenset[int]:
    return frozenset(get_font(findfont(FontProperties(family=_FAMILY))).get_charmap())


def _drawable(name: str) -> str:
    """The name with the code points of characters that the font lacks."""
    return "".join(each if ord(each) in _characters() else f"U+{ord(each):04X}" for each in name)
