"""A report as a whole page: what was found and how sure it is first, what it rests on below."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from leitmotif_services.evaluation.reports.charts import Picture
from leitmotif_services.evaluation.reports.html_parts import Html, definitions, joined, paragraph, quoted, section, text
from leitmotif_services.evaluation.reports.page_style import STYLE
from leitmotif_services.evaluation.reports.visible_text import visible

_POLICY = "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'"
"""The page's own style sheet, by its hash, and nothing else: no script, no picture, font or frame from anywhere."""


@dataclass(frozen=True)
class Body:
    """What a report says."""

    kind: str
    """Such as "Perplexity"."""
    headline: str
    """What was found."""
    certainty: str
    """How sure that is, and what it rests on."""
    parts: Sequence[Html]
    computed: Sequence[tuple[str, str]]
    """How it came about, such as a model's hash: names and values."""


def page(title: str, body: Body, settings: Sequence[tuple[str, str]]) -> str:
    """The whole page; the same arguments give the same bytes."""
    name = title or body.kind
    digest = b64encode(sha256(STYLE.encode()).digest()).decode()
    rows = [(visible(label), quoted(value)) for label, value in settings] + [
        (label, text(value)) for label, value in body.computed
    ]
    made = section("How it was computed", definitions(rows)) if rows else Html("")
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY.format(digest)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="color-scheme" content="light dark">\n'
        '<meta name="referrer" content="no-referrer">\n<meta name="generator" content="Leitmotif">\n'
        f"<title>{text(name)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<header>\n"
        f"{paragraph(text(body.kind), kind='kind')}<h1>{text(name)}</h1>\n"
        f"{paragraph(text(body.headline), kind='headline')}{paragraph(text(body.certainty), kind='certainty')}</header>\n"
        f"{joined(body.parts)}{made}</main>\n</body>\n</html>\n"
    )


def figure(picture: Picture) -> Html:
    """A picture, drawn into the page."""
    # Drawing takes matplotlib, half a second to import.
    from leitmotif_services.evaluation.reports.matplotlib_charts import svg

    note = f" <span>{text(picture.note)}</span>" if picture.note else ""
    return Html(
        f"<figure>\n<figcaption><strong>{text(picture.title)}</strong>{note}</figcaption>\n"
        f'<div class="drawing" role="region" tabindex="0" aria-label="{text(picture.title)}">{svg(picture)}</div>\n</figure>\n'
    )
