"""HTML in parts. Text becomes HTML in this module alone, and is escaped in doing so: `Html` is what needs no further escape."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import NewType

from leitmotif_services.evaluation.reports.visible_text import harmless, pieces_of

Html = NewType("Html", str)

_WIDE = 60
"""Characters, markup included."""


def text(content: str) -> Html:
    """Words of the report's own, or anything else: characters that act or hide are named."""
    return Html(escape(harmless(content)))


def quoted(content: str) -> Html:
    """A text that is quoted, such as a token: isolated from what stands around it, names of characters marked as such."""
    inner = "".join(
        f'<span class="name">{escape(piece.text)}</span>' if piece.is_name else escape(piece.text) for piece in pieces_of(content)
    )
    return Html(f'<bdi class="quoted">{inner}</bdi>')


def joined(parts: Iterable[Html], between: str = "") -> Html:
    """Parts one behind the other."""
    return Html(between.join(parts))


def paragraph(content: Html, *, kind: str = "") -> Html:
    """`kind`: the name of its style."""
    return Html(f'<p class="{escape(kind)}">{content}</p>\n' if kind else f"<p>{content}</p>\n")


def section(title: str, *parts: Html) -> Html:
    """A part of the page with a heading; its name is read out to who cannot see it."""
    return Html(f'<section aria-label="{text(title)}">\n<h2>{text(title)}</h2>\n{joined(parts)}</section>\n')


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    title: str
    unit: str = ""
    """Such as "nats a token"; empty for none."""
    numeric: bool = True


def table(caption: str, columns: Sequence[Column], rows: Iterable[Sequence[Html]]) -> Html:
    """A table, the first cell of each row its heading; every row has a cell for each column."""
    head = joined(Html(f'<th scope="col"{_class(each)}>{text(each.title)}{_unit(each)}</th>') for each in columns)
    body = "".join(_row(columns, row) for row in rows)
    return Html(
        f'<div class="scroll" role="region" tabindex="0" aria-label="{text(caption)}">\n<table>\n'
        f"<caption>{text(caption)}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>\n</div>\n"
    )


def definitions(rows: Iterable[tuple[str, Html]]) -> Html:
    """Names and what they stand for, two beside each other where both are short."""
    wide = ' class="wide"'
    shown = (f"<div{wide if len(value) > _WIDE else ''}><dt>{text(name)}</dt><dd>{value}</dd></div>\n" for name, value in rows)
    return Html(f'<dl class="settings">\n{"".join(shown)}</dl>\n')


def glossary(rows: Iterable[tuple[str, str]]) -> Html:
    """Terms and what they mean."""
    shown = joined(Html(f"<dt>{text(term)}</dt><dd>{text(meaning)}</dd>\n") for term, meaning in rows)
    return Html(f'<dl class="glossary">\n{shown}</dl>\n')


def key_figures(figures: Iterable[tuple[str, str, str]]) -> Html:
    """The few figures that matter most: value, what it is, and what it is beside."""
    tiles = (
        f'<div class="tile"><dt>{text(name)}</dt><dd><span class="value">{text(value)}</span>'
        f'<span class="beside">{text(beside)}</span></dd></div>\n'
        for value, name, beside in figures
    )
    return Html(f'<dl class="tiles">\n{"".join(tiles)}</dl>\n')


def _row(columns: Sequence[Column], row: Sequence[Html]) -> str:
    cells = [f"{_class(column)}>{cell}" for column, cell in zip(columns, row, strict=True)]
    rest = "".join(f"<td{cell}</td>" for cell in cells[1:])
    return f'<tr><th scope="row"{cells[0]}</th>{rest}</tr>\n'


def _class(column: Column) -> str:
    return ' class="number"' if column.numeric else ""


def _unit(column: Column) -> str:
    return f' <span class="unit">{text(column.unit)}</span>' if column.unit else ""
