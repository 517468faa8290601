"""The style sheet of a report: one column, tables that align by the decimal point, light or dark as the reader has it."""

from leitmotif_services.evaluation.reports.palette import DARK, LIGHT, Palette


def _variables(palette: Palette) -> str:
    return "".join(f"--{name}:{colour};" for name, colour in palette.items())


_DRAWN = "".join(f".fill-{name}{{fill:var(--{name})}}.stroke-{name}{{stroke:var(--{name})}}\n" for name in LIGHT)
"""What pictures are drawn with: classes, so that they follow the page from light to dark."""

STYLE = f"""
:root{{color-scheme:light dark;{_variables(LIGHT)}}}
@media (prefers-color-scheme:dark){{:root{{{_variables(DARK)}}}}}
*{{box-sizing:border-box}}
html{{-webkit-text-size-adjust:100%;text-size-adjust:100%}}
body{{margin:0;background:var(--page);color:var(--ink);font:1rem/1.55 system-ui,-apple-system,"Segoe UI","Helvetica Neue",Arial,\
"Noto Sans","DejaVu Sans",sans-serif;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}}
main{{max-width:54rem;margin:0 auto;padding:3.5rem 1.5rem 4rem}}
.kind{{margin:0;color:var(--quiet);font-size:.875rem}}
h1{{margin:.15rem 0 1.5rem;font-size:1.125rem;font-weight:600;line-height:1.4}}
.headline{{margin:0 0 .75rem;max-width:40rem;font-size:clamp(1.5rem,1.1rem + 1.8vw,2.125rem);font-weight:600;line-height:1.22;\
letter-spacing:-.014em;text-wrap:balance}}
.certainty{{margin:0 0 2.25rem;max-width:42rem;color:var(--quiet);font-size:1.0625rem}}
h2{{margin:3.25rem 0 .75rem;font-size:1.25rem;font-weight:600;line-height:1.3;letter-spacing:-.008em}}
p{{margin:0 0 1rem;max-width:42rem}}
.aside{{color:var(--quiet);font-size:.9375rem}}
.tiles{{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));margin:0;border-top:1px solid var(--line);\
border-bottom:1px solid var(--line)}}
.tile{{display:flex;flex-direction:column;padding:1rem 1rem 1rem 0}}
.tile dt{{color:var(--quiet);font-size:.875rem}}
.tile dd{{margin:0}}
.value{{display:block;font-size:1.625rem;font-weight:600;line-height:1.3;letter-spacing:-.01em}}
.beside{{display:block;color:var(--quiet);font-size:.875rem}}
figure{{margin:1.25rem 0 1.75rem;padding:1.25rem 1.25rem 1rem;background:var(--card);\
border:1px solid var(--line);border-radius:6px}}
.drawing{{overflow-x:auto}}
figure svg{{display:block;width:100%;min-width:34rem;height:auto}}
figure text{{font-family:inherit}}
figcaption{{margin:0 0 .75rem}}
figcaption strong{{display:block;font-weight:600}}
figcaption span{{color:var(--quiet);font-size:.9375rem}}
.scroll{{margin:1rem 0 1.75rem;overflow-x:auto}}
.scroll:focus-visible,.drawing:focus-visible{{outline:2px solid var(--adapted);outline-offset:3px}}
table{{width:100%;border-collapse:collapse;font-size:.9375rem;line-height:1.4}}
caption{{padding:0 0 .5rem;color:var(--quiet);font-size:.9375rem;text-align:left}}
th,td{{padding:.4rem .9rem .4rem 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:baseline}}
thead th{{border-bottom-color:var(--axis);font-size:.875rem;font-weight:600;line-height:1.3;vertical-align:bottom}}
tbody th{{font-weight:400;white-space:nowrap}}
th:last-child,td:last-child{{padding-right:0}}
.number{{text-align:right;white-space:nowrap}}
thead th{{overflow-wrap:normal}}
thead .number{{white-space:normal}}
.unit{{display:block;color:var(--quiet);font-weight:400}}
.better{{color:var(--better)}}
.worse{{color:var(--worse)}}
.quoted{{padding:.06em .3em;background:var(--mark);border-radius:3px;font:.9em/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,\
"DejaVu Sans Mono",monospace;white-space:pre-wrap;unicode-bidi:isolate}}
.name{{color:var(--quiet);font-style:italic}}
.settings{{display:grid;grid-template-columns:repeat(auto-fill,minmax(17rem,1fr));gap:.25rem 2rem;margin:0;font-size:.9375rem}}
.settings div{{display:flex;justify-content:space-between;gap:1rem;padding:.3rem 0;border-bottom:1px solid var(--line)}}
.settings dt{{flex:none;color:var(--quiet)}}
.settings dd{{margin:0;min-width:0;text-align:right}}
.settings .wide{{grid-column:1/-1}}
.glossary{{margin:0;max-width:42rem}}
.glossary dt{{font-weight:600}}
.glossary dd{{margin:0 0 .6rem}}
{_DRAWN}@media print{{
:root{{color-scheme:light;{_variables(LIGHT)}--page:#ffffff}}
body{{font-size:10pt}}
main{{max-width:none;padding:0}}
figure,tr,.tiles,.settings div{{break-inside:avoid}}
h2{{break-after:avoid;margin-top:1.75rem}}
thead{{display:table-header-group}}
figure svg{{min-width:0}}
.scroll,.drawing{{overflow:visible}}
}}
@media (max-width:34rem){{main{{padding:1.75rem 1rem 2.5rem}}figure{{padding:1rem .75rem}}}}
"""
